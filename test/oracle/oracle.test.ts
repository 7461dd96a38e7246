// Second opinions: the same cases go through mailauth (strict), Mail::DKIM, dkimpy and OpenDKIM. What we let pass they
// must let pass and the other way round, but for the differences listed here with what the RFC says.
import assert from "node:assert/strict";
import fc from "fast-check";
import { signMessage } from "../../src/dkim/sign.ts";
import type { Answer } from "../../src/rr/answer.ts";
import { keyRecords, signRequests } from "../corpora-run/sign-requests.ts";
import { test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { body, fields, keyName, rsaRecord, signByHand, verifyLines } from "../unit/dkim/hand-made.ts";
import { type VerifyCase, verifyCases } from "../unit/dkim/verify-cases.ts";
import { differences } from "./differences.ts";
import { type OracleCase, type PeerResult, peers } from "./peers.ts";

// OpenDKIM looks at the machine's clock and nothing else.
const now = Math.floor(Date.now() / 1000);

/** Cases that can be told to others: one DNS record, no policy of ours. */
const shared = verifyCases(now).filter(
  ({ with: options }) => options?.policy === undefined && oneRecord(options?.answer),
);
const messages = shared.map(toOracleCase);

for (const peer of peers) {
  const options = { skip: skipWithout(peer.missing) };

  test(`${peer.name} agrees on every case, or the difference is listed`, options, async (t) => {
    const opinions = await peer.verify(messages);
    const found: string[] = [];
    for (const [i, { name, wanted }] of shared.entries()) {
      const [theirs] = dkimOnly(opinions[i]);
      const passes = theirs?.result === "pass";
      if (passes === (wanted === "pass")) continue;
      const said = `${name}: ours ${wanted}, ${peer.name} ${theirs?.result ?? "nothing"} (${theirs?.detail ?? ""})`;
      const listed = differences[name];
      t.diagnostic(`${said} - RFC ${listed?.rfc ?? "not looked up"}`);
      if (!listed?.peers.includes(peer.name)) found.push(said);
    }
    assert.deepEqual(found, []);
  });

  test(`${peer.name} passes what we sign, and nothing that was altered`, options, async () => {
    const mails = fc.sample(mail, { numRuns: 25, seed: 7 });
    const algorithms = peer.name === "Mail::DKIM" ? ["rsa-sha256"] : ["rsa-sha256", "ed25519-sha256"];
    const requests = signRequests({ signedAt: now, expiresAt: now + 86_400 });
    const usable = requests.filter(({ algorithm }) => algorithms.includes(algorithm));
    const cases = mails.flatMap(([header, text, at], i) => {
      // OpenDKIM's test mode tells of one signature, so the requests take turns.
      const request = usable[i % usable.length];
      const [signature = ""] = signMessage({
        header: Buffer.from(header, "latin1"),
        body: { chunks: [Buffer.from(text, "latin1")] },
        requests: request === undefined ? [] : [request],
      });
      const message = Buffer.from(`${signature}${header}\r\n${text}`, "latin1");
      const altered = Buffer.concat([message, Buffer.from("more\r\n")]);
      const forged = Buffer.from(
        `${["Subject", "From", "To", "Date"][at % 4]}: x\r\n${signature}${header}\r\n${text}`,
        "latin1",
      );
      return [message, altered, forged].map((octets) => ({
        name: `${i}`,
        message: octets,
        dns: Object.fromEntries(keyRecords),
        now,
      }));
    });
    const opinions = await peer.verify(cases);
    for (const [i, results] of opinions.entries()) {
      const passes = dkimOnly(results).some(({ result }) => result === "pass");
      assert.equal(passes, i % 3 === 0, `${cases[i]?.message.toString("latin1")}\n${JSON.stringify(results)}`);
    }
  });
}

const mail = fc.tuple(
  fc
    .array(
      fc.tuple(
        fc.constantFrom("Subject", "To", "X-Other", "Received", "MIME-Version"),
        fc.array(fc.constantFrom("a", " ", "  ", "\t", "b;", "\r\n ", "c@d", "="), { minLength: 1, maxLength: 8 }),
      ),
      { maxLength: 6 },
    )
    // A line of white space alone ends the header for some (RFC 5322 section 3.2.2 forbids it).
    .map((list) =>
      list
        .map(([name, value]) => `${name}: x${value.join("")}y\r\n`)
        .join("")
        .replace(/\r\n[ \t]+(?=\r\n)/g, ""),
    )
    .map((text) => `${text}From: Joe <joe@example.com>\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n`),
  fc
    .array(fc.constantFrom("a", " ", "\t", "\r\n", "word", " \r\n", "\xe9"), { maxLength: 20 })
    .map((text) => `${text.join("")}.\r\n`),
  fc.nat(3),
);

test("our own results on the shared cases are those of the table", () => {
  for (const { name, mail: made, with: options, wanted } of shared) {
    const [got] = verifyLines([signByHand(made), ...fields], { ...options, now });
    assert.equal(got?.reason ?? got?.result, wanted, name);
  }
});

test("each listed difference is of a case that there is", () => {
  const names = new Set(shared.map(({ name }) => name));
  const unknown = Object.keys(differences).filter((name) => !names.has(name));
  assert.deepEqual(unknown, []);
});

function toOracleCase({ name, mail: made, with: options }: VerifyCase): OracleCase {
  const signature = signByHand(made);
  const text = [signature, ...fields].join("");
  const record = options?.answer?.status === "found" ? (options.answer.records[0] ?? []).join("") : undefined;
  const published = options?.answer === undefined ? rsaRecord() : record;
  const [, selector = ""] = /[ ;]s=([^;\s]+)/.exec(signature) ?? [];
  const [, domain = ""] = /[ ;]d=([^;\s]+)/.exec(signature) ?? [];
  const names = [keyName, `${selector}._domainkey.${domain}`.toLowerCase()];
  const dns = published === undefined ? {} : Object.fromEntries(names.map((key) => [key, published]));
  return { name, message: Buffer.from(`${text}\r\n${options?.body ?? body}`, "latin1"), dns, now };
}

function oneRecord(answer: Answer<"TXT"> | undefined): boolean {
  return (
    answer === undefined || answer.status === "nxdomain" || (answer.status === "found" && answer.records.length === 1)
  );
}

function dkimOnly(results: readonly PeerResult[] = []): readonly PeerResult[] {
  return results.filter(({ kind }) => kind === "dkim");
}
