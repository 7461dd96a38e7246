// Every reason there is, provoked: the log line, `why` and the metric say the same word.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLazyAuthenticator } from "../../../../src/checks/lazy-authenticator.ts";
import { transactionOf } from "../../../../src/cli/message-file.ts";
import { createConfiguredFilter } from "../../../../src/daemon/configured-filter.ts";
import { type Failure, failures as results } from "../../../../src/dkim/failure.ts";
import { createFixedResolver, parseFixedZone } from "../../../../src/dns/fixed-zone.ts";
import { keepOutcome } from "../../../../src/flow/outcome/kept.ts";
import { logLines } from "../../../../src/flow/outcome/log-line.ts";
import type { Outcome } from "../../../../src/flow/outcome/outcome.ts";
import { createPastMailReader } from "../../../../src/flow/outcome/past-mail.ts";
import { noSurroundings } from "../../../../src/flow/outcome/surroundings.ts";
import { createHistory } from "../../../../src/history/history.ts";
import { createOutcomeCounter } from "../../../../src/metrics/count-outcome.ts";
import { declareMetrics } from "../../../../src/metrics/declared.ts";
import { createLocalEngine } from "../../../../src/pool/local-engine.ts";
import { loadSettings } from "../../../../src/reading/load-settings.ts";
import type { Relay } from "../../../../src/relay/delivery.ts";
import type { Answer, Resolve } from "../../../../src/rr/answer.ts";
import { type SkipReason, skipReasons } from "../../../../src/signing/skip-reason.ts";
import { createTestKey } from "../../../support/daemon.ts";
import { body, fields, found, now, rsaRecord, signByHand } from "../../dkim/hand-made.ts";
import { verifyCases } from "../../dkim/verify-cases.ts";

const key = createTestKey("ed25519");
const runbook = await readFile(join(import.meta.dirname, "../../../../docs/runbook.md"), "utf8");
const dkimPage = await readFile(join(import.meta.dirname, "../../../../docs/dkim.md"), "utf8");

/** A next hop that takes everything and keeps the last mail. */
function takingRelay(): { relay: Relay; last(): string } {
  let last = "";
  const relay: Relay = async (outgoing) =>
    outgoing.map(({ envelope, message }) => {
      const chunks = message.body.kind === "memory" ? message.body.chunks : [];
      last = Buffer.concat([message.header, Buffer.from(message.separator), ...chunks]).toString("latin1");
      return {
        replies: envelope.recipients.map(() => ({ code: 250, enhanced: "2.0.0", text: "Ok" })),
        fromNextHop: envelope.recipients.map(() => true),
        remote: "smtp:[127.0.0.1]:10025",
        reusedConnection: false,
      };
    });
  return { relay, last: () => last };
}

interface Passing {
  readonly config: string;
  readonly message: string;
  readonly sender?: string;
  readonly resolve?: Resolve;
  /** Passes it so often; the octets that leave come in again. */
  readonly times?: number;
}

async function pass({ config, message, sender = "a@example.com", resolve, times = 1 }: Passing): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-reasons-"));
  try {
    const file = join(folder, "signpost.yaml");
    await writeFile(file, config);
    const { settings, problems } = await loadSettings(file, folder);
    assert.ok(settings !== undefined, JSON.stringify(problems));
    const zone = parseFixedZone({ "s1._domainkey.example.com": { TXT: [key.record] } });
    const { relay, last } = takingRelay();
    const engine = createLocalEngine();
    const unasked = () => assert.fail("nobody has scanners or bans names");
    const generation = createConfiguredFilter(settings, {
      engine,
      digestBody: engine.digestBody,
      authenticator: createLazyAuthenticator(() => assert.fail("nobody asks for SPF or ARC")),
      resolve: resolve ?? createFixedResolver(zone),
      relay,
      content: { lookIntoParts: unasked, scanViruses: unasked, scoreSpam: unasked, makeSurvive: unasked },
    });
    let octets = message;
    for (let round = 1; ; round += 1) {
      const transaction = transactionOf(Buffer.from(octets, "latin1"), {
        listener: { address: "127.0.0.1", port: 10024 },
        envelope: {
          sender: { address: sender, parameters: "" },
          recipients: [{ address: "b@elsewhere.example", parameters: "" }],
        },
        client: { address: "203.0.113.9" },
        receivedAtMs: now * 1000,
      });
      const { session, envelope, message: whole } = transaction;
      const outcome = await generation.begin(session, envelope, whole).finish(transaction);
      if (round === times) return outcome;
      octets = last();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function tellings(outcome: Outcome) {
  const declared = declareMetrics();
  createOutcomeCounter(declared, { domains: [], banks: [] })(outcome);
  const history = createHistory(
    createPastMailReader(() => noSurroundings),
    1,
  );
  history.add(keepOutcome(outcome));
  const [mail] = await history.find(outcome.mailId);
  const counted = async (metric: "notSigned" | "verificationFailures", reason: string) =>
    (await declared[metric].get()).values.find(({ labels }) => labels.reason === reason)?.value;
  return { line: logLines(outcome).join("\n"), why: mail?.text.join("\n") ?? "", counted };
}

const keySetting = `{ domain: example.com, selector: s1, key: ${JSON.stringify(key.pem)} }`;
const signing = `mynetworks: []\noriginating: true\nenable_dkim_signing: true\nforward_method: "smtp:[127.0.0.1]:10025"\n`;
const ours = `${signing}dkim_keys: [${keySetting}]\n`;
const plain = "From: a@example.com\r\nSubject: x\r\n\r\nhello\r\n";
const options = (text: string) => `dkim_signature_options_bysender_maps: [{ ".": { ${text} } }]\n`;

const skips: Readonly<Record<SkipReason, Passing>> = {
  "not-originating": { config: ours.replace("originating: true", "originating: false"), message: plain },
  "signing-disabled": {
    config: ours.replace("enable_dkim_signing: true", "enable_dkim_signing: false"),
    message: plain,
  },
  "signature-not-allowed": { config: `${ours}allowed_added_header_fields: { DKIM-Signature: 0 }\n`, message: plain },
  "header-too-large": { config: ours, message: `${"X-Field: 1\r\n".repeat(1001)}${plain}` },
  "no-field-name": { config: ours, message: `Pay now\r\n${plain}` },
  "no-from": { config: ours, message: "Subject: x\r\n\r\nhello\r\n" },
  "two-from-fields": { config: ours, message: `From: a@example.com\r\n${plain}` },
  "two-from-domains": { config: ours, message: plain.replace("a@example.com", "a@example.com, b@elsewhere.example") },
  "malformed-from": { config: ours, message: plain.replace("a@example.com", "a@example.com b@example.com") },
  "no-candidate": { config: ours, message: plain.replace("a@example.com", "nobody:;"), sender: "" },
  "empty-signing-domain": { config: `${ours}${options("d: null")}`, message: plain },
  "no-key-for-domain": { config: ours, message: plain.replace("example.com", "elsewhere.example"), sender: "" },
  "key-restriction": { config: `${signing}dkim_keys: [${keySetting.replace(" }", ", h: sha1 }")}]\n`, message: plain },
  "key-unavailable": {
    config: `${signing}dkim_keys: [{ domain: example.com, selector: s1, file: /nonexistent/key.pem }]\n`,
    message: plain,
  },
  "identity-outside-domain": { config: `${ours}${options('i: "@elsewhere.example"')}`, message: plain },
  "already-signed": { config: `${ours}enable_dkim_verification: true\n`, message: plain, times: 2 },
};

for (const [reason, passing] of Object.entries(skips)) {
  test(`not signed, ${reason}: log line, why and metric say so, and the runbook has it`, async () => {
    const outcome = await pass(passing);
    const { line, why, counted } = await tellings(outcome);
    assert.match(line, new RegExp(`, dkim_skip=${reason}, `));
    assert.match(why, new RegExp(`^ {2}not signed: ${reason}(?: \\(|$)`, "m"));
    assert.equal(await counted("notSigned", reason), 1);
    assert.match(runbook, new RegExp(`^\\| \`${reason}\` \\| \\S`, "m"));
    assert.equal(outcome.reply.code, reason === "key-unavailable" ? 451 : 250);
  });
}

test("the table above has every reason for not signing", () => {
  assert.deepEqual(Object.keys(skips), Object.keys(skipReasons));
});

const reasons: readonly Failure[] = Object.keys(results).filter((name): name is Failure => name in results);
const verifying = `mynetworks: []\nenable_dkim_verification: true\nforward_method: "smtp:[127.0.0.1]:10025"\n`;
interface FailureCase {
  readonly message: string;
  /** What the DNS has at every name. */
  readonly zone: unknown;
}

function zoneOf(answer: Answer<"TXT">): unknown {
  if (answer.status === "found") return { TXT: answer.records };
  return answer.status === "trouble" ? { rcode: "SERVFAIL" } : {};
}

/** One case per reason: those of the engine's own table, and a few that take more than one signature. */
function failureCases(): ReadonlyMap<Failure, FailureCase> {
  const cases = new Map<Failure, FailureCase>();
  for (const { wanted, mail, with: given = {} } of verifyCases(now)) {
    // The flow has its own clock and policy.
    if (wanted === "pass" || cases.has(wanted) || given.policy !== undefined || given.now !== undefined) continue;
    const message = `${signByHand(mail)}${fields.join("")}\r\n${given.body ?? body}`;
    cases.set(wanted, { message, zone: zoneOf(given.answer ?? found(rsaRecord())) });
  }
  const zone = { TXT: [[rsaRecord()]] };
  const header = fields.join("");
  const domainKeys = (tags: string) => `DomainKey-Signature: a=rsa-sha1; q=dns; c=simple; s=s; b=AAAA; ${tags}\r\n`;
  const own: Readonly<Partial<Record<Failure, string>>> = {
    "two-from-fields": `${signByHand()}${header}From: eve@evil.example\r\n`,
    "header-too-large": `${signByHand()}${"X: 1\r\n".repeat(1001)}${header}`,
    "no-field-name": `${signByHand()}Pay now\r\n${header}`,
    "too-many-signatures": `${Array.from({ length: 11 }, () => signByHand()).join("")}${header}`,
    "sender-not-signed": `${domainKeys("d=example.com; h=Subject")}${header}`,
    "sender-domain-mismatch": `${domainKeys("d=elsewhere.example")}${header}`,
  };
  for (const [reason, text] of Object.entries(own))
    cases.set(failureOf(reason), { message: `${text}\r\n${body}`, zone });
  cases.set("key-granularity-mismatch", {
    message: `${domainKeys("d=example.com")}${header}\r\n${body}`,
    zone: { TXT: [[rsaRecord("g=somebody-else; k=rsa; ")]] },
  });
  return cases;
}

function failureOf(text: string): Failure {
  const reason = reasons.find((each) => each === text);
  assert.ok(reason !== undefined, text);
  return reason;
}

const cases = failureCases();

for (const [reason, { message, zone }] of cases) {
  test(`does not pass, ${reason}: log line, why and metric say so, and the docs have it`, async () => {
    const resolve: Resolve = (name, type) => createFixedResolver(parseFixedZone({ [name]: zone }))(name, type);
    const outcome = await pass({ config: verifying, message, resolve });
    const { line, why, counted } = await tellings(outcome);
    // Too large a header is the mail's fault, not a signature's: the finding says it.
    if (reason === "header-too-large") {
      assert.match(JSON.stringify(outcome.findings), /"header-too-large"/);
      return;
    }
    assert.match(line, new RegExp(`, dkim_fail=[^ ]*:${reason}[, ]`));
    assert.match(why, new RegExp(`: ${reason}$`, "m"));
    assert.ok(((await counted("verificationFailures", reason)) ?? 0) > 0);
    assert.match(dkimPage, new RegExp(`<a id="${reason}"></a>`));
  });
}

test("the cases above have every reason for a signature not to pass", () => {
  assert.deepEqual([...cases.keys()].sort(), [...reasons].sort());
});
