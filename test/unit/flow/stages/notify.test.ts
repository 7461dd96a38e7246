import assert from "node:assert/strict";
import { test } from "node:test";
import { type Facts, noFacts } from "../../../../src/checks/check.ts";
import type { Settled } from "../../../../src/flow/mail.ts";
import type { NoticeLimit } from "../../../../src/flow/notices/notice-limit.ts";
import { ownWord } from "../../../../src/flow/settle.ts";
import { createNotify } from "../../../../src/flow/stages/notify.ts";
import type { OwnMail, OwnMailResult } from "../../../../src/flow/submit-own.ts";
import { createTemplates } from "../../../../src/notices/templates.ts";
import { refused } from "../../../../src/policy/decision.ts";
import { signed } from "../../policy/mail.ts";
import { bankWith, hop, judged, later, type MailText, no, ok, otherHop, said } from "../mails.ts";

interface Scene {
  readonly mail?: MailText;
  readonly settled: readonly Settled[];
  readonly result?: OwnMailResult;
  readonly facts?: Facts;
  readonly limit?: NoticeLimit;
}

const vouched: Facts = { ...noFacts, verifications: [signed("there.example")] };

async function notify({ mail = {}, settled, result = "sent", facts = vouched, limit = () => true }: Scene) {
  const sent: OwnMail[] = [];
  const stage = createNotify({
    notifyHops: () => [otherHop],
    async submitOwn(own) {
      sent.push(own);
      return result;
    },
    limit,
    templates: createTemplates(() => ""),
    messageTimeMs: 540_000,
    now: () => 1_700_000_001_000,
  });
  const addresses = settled.map((_, index) => `r${index}@here.example`);
  const after = await stage(judged({ recipients: addresses, ...mail }, { facts }), settled);
  const words = after.map(({ category, rule, reply, notices: [notice] }) =>
    [String(reply.code), category, rule, notice?.result, notice?.reason].filter((word) => word !== undefined).join(" "),
  );
  return { sent, after, words };
}

const byRule = ownWord(refused("dmarc", "reject", { code: 550, enhanced: "5.7.26", text: "no" }));
const discarded = ownWord(refused("virus", "discard", { code: 250, enhanced: "2.7.0", text: "Ok" }));

const silent: readonly (readonly [string, Scene])[] = [
  ["all are served", { settled: [said(ok), said(ok)] }],
  ["nobody is served: the reply says it", { settled: [said(no), said(no)] }],
  ["one was refused and another put off: the client comes again", { settled: [said(no), said(ok), said(later)] }],
  ["LMTP, which has a reply for each", { settled: [said(ok), said(no)], mail: { protocol: "LMTP" } }],
  ["one is discarded by a rule of ours", { settled: [said(ok), discarded] }],
];

for (const [title, scene] of silent) {
  test(`no notification: ${title}`, async () => {
    const { sent, after } = await notify(scene);
    assert.deepEqual(sent, []);
    assert.equal(after, scene.settled);
  });
}

test("a recipient refused among others who are served: the sender is notified before our reply", async () => {
  const { sent, words } = await notify({ settled: [said(ok), said(no)] });
  assert.deepEqual(words, ["250 CC_CLEAN", "550 CC_MTA sent"]);
  const [own, another] = sent;
  assert.equal(another, undefined);
  assert.equal(own?.kind, "dsn");
  assert.deepEqual(own.envelope.sender, { address: "", parameters: "" });
  assert.deepEqual(
    own.envelope.recipients.map(({ address }) => address),
    ["joe@there.example"],
  );
  assert.deepEqual(own.nextHops, [otherHop]);
  assert.equal(own.deadlineMs, 541_000);
  const body = own.message.body.kind === "memory" ? Buffer.concat(own.message.body.chunks).toString("latin1") : "";
  assert.match(body, /Final-Recipient: rfc822; ?r1@here\.example/);
  assert.doesNotMatch(body, /r0@here\.example/);
});

test("a recipient refused by a rule of ours among others who are served: the sender is notified", async () => {
  const { sent, words } = await notify({ settled: [said(ok), byRule] });
  assert.equal(sent.length, 1);
  assert.deepEqual(words, ["250 CC_CLEAN", "550 CC_POLICY dmarc sent"]);
});

test("one notification speaks of all who were refused", async () => {
  const { sent, words } = await notify({ settled: [said(no), said(ok), said(no)] });
  assert.equal(sent.length, 1);
  assert.deepEqual(words, ["550 CC_MTA sent", "250 CC_CLEAN", "550 CC_MTA sent"]);
});

test("who wants no notification gets none, and the log says so", async () => {
  const cases: readonly (readonly [string, Partial<Scene>])[] = [
    ["null-sender", { mail: { sender: "" } }],
    ["notify-never", { mail: { recipients: ["r0@here.example", "r1@here.example NOTIFY=NEVER"] } }],
    ["bulk", { mail: { text: "Precedence: bulk\r\nFrom: a@b\r\n\r\nhello\r\n" } }],
    ["unverified-sender", { facts: noFacts }],
  ];
  for (const [reason, scene] of cases) {
    const { sent, words } = await notify({ settled: [said(ok), said(no)], ...scene });
    assert.deepEqual(sent, []);
    assert.deepEqual(words, ["250 CC_CLEAN", `550 CC_MTA suppressed ${reason}`]);
  }
});

test("a notification that the next hop refuses for good is not tried again by having the mail again", async () => {
  const { words } = await notify({ settled: [said(ok), said(no)], result: "refused" });
  assert.deepEqual(words, ["250 CC_CLEAN", "550 CC_MTA suppressed refused"]);
});

test("a notification that cannot be handed over now puts the recipient off, by a rule with a name", async () => {
  const { words } = await notify({ settled: [said(ok), said(no)], result: "put-off" });
  assert.deepEqual(words, ["250 CC_CLEAN", "451 CC_TEMPFAIL dsn-put-off"]);
});

test("a success that was asked for and is not told costs nobody the mail a second time", async () => {
  const mail = { recipients: ["r0@here.example NOTIFY=SUCCESS"] };
  for (const result of ["put-off", "refused"] as const) {
    const { sent, words } = await notify({ settled: [said(ok)], mail, result });
    assert.equal(sent.length, 1);
    assert.deepEqual(words, [`250 CC_CLEAN suppressed ${result}`]);
  }
  assert.deepEqual((await notify({ settled: [said(ok)], mail })).words, ["250 CC_CLEAN sent"]);
});

test("the bank in force says who writes the notification", async () => {
  const sent: OwnMail[] = [];
  const stage = createNotify({
    notifyHops: () => [hop],
    async submitOwn(own) {
      sent.push(own);
      return "sent";
    },
    limit: () => true,
    templates: createTemplates(() => ""),
    messageTimeMs: 0,
    now: () => 0,
  });
  const bank = bankWith({ myhostname: "mx.here.example" });
  await stage(judged({ recipients: ["a@x", "b@x"] }, { bank, facts: vouched }), [said(ok), said(no)]);
  const header = Buffer.from(sent[0]?.message.header ?? []).toString("latin1");
  assert.match(header, /^From: .*<postmaster@mx\.here\.example>\r$/m);
  assert.equal(sent[0]?.bank, bank);
});

test("an address that has had too many is not notified; one notification counts once", async () => {
  const asked: string[] = [];
  const limit: NoticeLimit = (address) => asked.push(address) < 2;
  const scene = { settled: [said(ok), said(no), said(no)], limit };
  assert.deepEqual((await notify(scene)).words, ["250 CC_CLEAN", "550 CC_MTA sent", "550 CC_MTA sent"]);
  const { sent, words } = await notify(scene);
  assert.deepEqual(sent, []);
  assert.deepEqual(words, ["250 CC_CLEAN", "550 CC_MTA suppressed rate", "550 CC_MTA suppressed rate"]);
  assert.deepEqual(asked, ["joe@there.example", "joe@there.example"]);
  await notify({ settled: [said(ok), said(ok)], limit });
  assert.equal(asked.length, 2, "who is owed nothing is not counted");
});
