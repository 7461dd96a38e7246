import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecipientOutcome } from "../../../src/flow/outcome/outcome.ts";
import { type MailOutcome, mailOutcome } from "../../../src/metrics/count-outcome.ts";
import { printMetrics } from "../../../src/metrics/exposition.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { later, no, ok, outcomeWith, recipient } from "../../support/outcomes.ts";
import { setUp } from "../policy/setup.ts";

const words: readonly (readonly [MailOutcome, readonly RecipientOutcome[]])[] = [
  ["passed", [recipient("a@x"), recipient("b@x")]],
  ["partly", [recipient("a@x"), recipient("b@x", no)]],
  ["rejected", [recipient("a@x", no), recipient("b@x", no)]],
  ["tempfailed", [recipient("a@x", later)]],
  ["discarded", [recipient("a@x", ok, { action: "discard" })]],
];

for (const [word, recipients] of words) {
  test(`${word}: ${recipients.map(({ action, reply }) => `${action} ${reply.code}`).join(", ")}`, () =>
    assert.equal(mailOutcome(outcomeWith({ recipients })), word));
}

test("ten thousand foreign domains, and whatever else mail may bring, do not make series", async () => {
  const metrics = createMetrics({ version: "test", node: "test", stages: [] });
  const { observers } = metrics;
  const text = async () => printMetrics(await metrics.families("scrape"), "prometheus");
  const samples = async () => (await text()).split("\n").filter((line) => /^[a-z]/.test(line)).length;
  for (let i = 0; i < 10_000; i += 1) {
    const domain = `d${i}.example`;
    observers.dns.answered("TXT", i % 2 === 0 ? "found" : "nxdomain", 1);
    observers.relay.reply(`smtp:[${domain}]:25`, "2xx", "next-hop");
    observers.relay.connection(`smtp:[${domain}]:25`, "opened");
    observers.receive.commandRefused?.({ address: `10.0.${i >> 8}.${i & 255}`, port: 25 }, 500 + (i % 100));
    metrics.count(
      outcomeWith({
        bankPath: `BANK-${i}`,
        recipients: [recipient(`r@${domain}`)],
        sender: `s@${domain}`,
        signings: [{ result: "signed", domain, selector: domain, algorithm: "rsa-sha256" }],
        verifications: [
          {
            kind: "dkim",
            result: "fail",
            reason: "body-hash-mismatch",
            domain,
            selector: domain,
            algorithm: domain,
            identity: domain,
            b: "",
          },
        ],
      }),
    );
  }
  const count = await samples();
  assert.ok(count < 2000, `${count}`);
  const page = await text();
  assert.match(page, /^signpost_signatures_total\{domain="other",algorithm="rsa-sha256"\} 10000$/m);
  assert.match(page, /^signpost_messages_total\{bank="other",outcome="passed"\} 9\d{3}$/m);
  assert.match(page, /^signpost_verification_failures_total\{reason="body-hash-mismatch"\} 10000$/m);
  metrics.close();
});

test("mail of ours that leaves unsigned is counted by its author's domain, if that is local", async () => {
  const metrics = createMetrics({ version: "test", node: "test", stages: [] });
  const { base: bank } = setUp({ base: { local_domains_maps: [[".example.com"]] } });
  const skipped = (address: string, reason = "no-key-for-domain", originating = true) =>
    metrics.count(
      outcomeWith({
        originating,
        signings: [{ result: "skipped", reason }],
        evidence: { bank, from: [], candidates: [{ source: "From", address, attempts: [], matches: [] }] },
      }),
    );
  skipped("a@news.example.com");
  skipped("a@elsewhere.example");
  skipped("a@news.example.com", "already-signed");
  skipped("a@news.example.com", "not-originating", false);
  const page = await printMetrics(await metrics.families("scrape"), "prometheus");
  assert.match(page, /^signpost_unsigned_mails_total\{domain="news\.example\.com"\} 1$/m);
  assert.match(page, /^signpost_unsigned_mails_total\{domain="other"\} 1$/m);
  metrics.close();
});
