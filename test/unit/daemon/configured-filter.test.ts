// A configuration at work, from the header to the Outcome, without sockets, threads or DNS.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createConfiguredFilter, type SharedParts } from "../../../src/daemon/configured-filter.ts";
import { stageNames } from "../../../src/flow/timed.ts";
import type { Transaction } from "../../../src/mail/transaction.ts";
import { createLocalEngine } from "../../../src/pool/local-engine.ts";
import { defaultSettings } from "../../../src/reading/load-settings.ts";
import type { Outgoing } from "../../../src/relay/delivery.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { delivery, type MailText, ok, transactionOf } from "../flow/mails.ts";
import { filesOf, rsaPem } from "../signing/keys.ts";

const { config, tables } = await defaultSettings();
const { keyring } = loadKeyring(
  { dkim_keys: [{ domain: "there.example", selector: "s1", file: "/k/rsa" }] },
  filesOf({ "/k/rsa": rsaPem }),
);

interface Scene {
  readonly base?: Partial<typeof config.base>;
  readonly bank?: string;
}

function filter({ base = {}, bank }: Scene = {}) {
  const sent: Outgoing[] = [];
  const asked: string[] = [];
  const stages: string[] = [];
  const engine = createLocalEngine();
  const unused = () => assert.fail("no bank wants SPF or ARC");
  const unasked = () => assert.fail("no bank has scanners or bans names");
  const parts: SharedParts = {
    engine,
    digestBody: engine.digestBody,
    authenticator: { spf: unused, arc: unused, seal: unused },
    async resolve(name) {
      asked.push(name);
      return { status: "nxdomain", ttlSeconds: 60, secure: false };
    },
    async relay(outgoing) {
      sent.push(...outgoing);
      return outgoing.map(({ envelope }) => delivery(...envelope.recipients.map(() => ok)));
    },
    content: { lookIntoParts: unasked, scanViruses: unasked, scoreSpam: unasked, makeSurvive: unasked },
    observeStage: (stage) => stages.push(stage),
  };
  const policy_bank = new Map([["OURS", { originating: true, enable_dkim_signing: true }]]);
  const settings = {
    ...config,
    base: { ...config.base, forward_method: "smtp:[127.0.0.1]:10025", ...base },
    policy_bank,
  };
  const made = createConfiguredFilter(
    { config: settings, keyring, tables, ...(bank === undefined ? {} : { bank }) },
    parts,
  );
  const begin = ({ session, envelope, message }: Transaction) => made.begin(session, envelope, message);
  return { begin, sent, asked, stages };
}

const signature =
  "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=there.example; s=x; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=QUJD\r\n";
const signed: MailText = { text: `${signature}From: joe@there.example\r\n\r\nhello\r\n` };

test("keys are asked for when the header is in, the rest happens when the message is", async () => {
  const { begin, sent, asked, stages } = filter({ base: { enable_dkim_verification: true } });
  const transaction = transactionOf(signed);
  const mail = begin(transaction);
  assert.deepEqual(asked, ["x._domainkey.there.example"]);
  assert.deepEqual(stages, ["route"]);
  const outcome = await mail.finish(transaction);
  assert.equal(outcome.reply.code, 250);
  assert.deepEqual(
    outcome.verifications.map(({ result, reason }) => [result, reason]),
    [["permerror", "no-key"]],
  );
  assert.deepEqual([...new Set(stages)], [...stageNames]);
  assert.equal(sent.length, 1);
  assert.deepEqual(asked.length, 1);
});

test("mails of one session are apart, whichever ends first and whether it ends at all", async () => {
  const { begin } = filter({ base: { enable_dkim_verification: true } });
  const first = transactionOf(signed);
  const second = { ...transactionOf(), session: first.session };
  const [one, other] = [begin(first), begin(second)];
  begin(transactionOf(signed));
  const last = await other.finish(second);
  assert.deepEqual(last.verifications, []);
  assert.equal((await one.finish(first)).verifications.length, 1);
});

test("a large body is hashed for the signatures it has and for those it gets", () => {
  const { begin } = filter({ base: { enable_dkim_verification: true }, bank: "OURS" });
  assert.deepEqual(
    begin(transactionOf(signed))
      .digestSpecs()
      .map(({ canonicalization, hash }) => `${canonicalization} ${hash}`),
    ["relaxed sha256", "simple sha256"],
  );
  assert.deepEqual(filter().begin(transactionOf()).digestSpecs(), []);
});

test("mail of ours leaves with its signature above the trace field", async () => {
  const { begin, sent } = filter({ bank: "OURS" });
  const transaction = transactionOf();
  const outcome = await begin(transaction).finish(transaction);
  assert.equal(outcome.bankPath, "OURS");
  assert.deepEqual(
    outcome.signings.map(({ result }) => result),
    ["signed"],
  );
  const header = Buffer.from(sent[0]?.message.header ?? []).toString("latin1");
  assert.match(header, /^DKIM-Signature: [\s\S]* d=there\.example;[\s\S]*\r\nReceived: [\s\S]*\r\nFrom: /);
});

test("soft_bounce of the bank is heeded", async () => {
  const { begin } = filter({ base: { soft_bounce: true } });
  const text = `${"Received: from a by b; x\r\n".repeat(101)}From: a@b\r\n\r\nhello\r\n`;
  const transaction = transactionOf({ text });
  const outcome = await begin(transaction).finish(transaction);
  assert.equal(outcome.reply.code, 450);
  assert.deepEqual(
    outcome.recipients.map(({ rule, action }) => `${rule} ${action}`),
    ["loop tempfail"],
  );
});

test("mail without a next hop is put off, and the Outcome says what is missing", async () => {
  const { begin } = filter({ base: { forward_method: null } });
  const transaction = transactionOf();
  const outcome = await begin(transaction).finish(transaction);
  assert.equal(outcome.reply.code, 451);
  assert.match(outcome.error ?? "", /forward_method/);
});
