import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settled } from "../../../../src/flow/mail.ts";
import { createSendNotices, type SendNoticesNeeds } from "../../../../src/flow/notices/send-notices.ts";
import { ownWord } from "../../../../src/flow/settle.ts";
import type { OwnMail } from "../../../../src/flow/submit-own.ts";
import { createTemplates } from "../../../../src/notices/templates.ts";
import { type NoticeOwed, refused } from "../../../../src/policy/decision.ts";
import { bankWith, hop, judged } from "../mails.ts";

const word = ownWord(refused("virus", "discard", { code: 250, enhanced: "2.7.0", text: "Ok" }));

function infected(notices: readonly Omit<NoticeOwed, "category">[], virus = "Eicar"): Settled {
  const content = { all: [], viruses: [virus], headerFaults: [] };
  const owed = { copies: [], notices: notices.map((each) => ({ ...each, category: "CC_VIRUS" as const })) };
  return { ...word, content, owed };
}

function post(needs: Partial<SendNoticesNeeds> = {}) {
  const sent: OwnMail[] = [];
  const send = createSendNotices({
    notifyHops: () => [hop],
    async submitOwn(own) {
      sent.push(own);
      return "sent";
    },
    templates: createTemplates(() => ""),
    messageTimeMs: 540_000,
    now: () => 1_700_000_001_000,
    limit: () => true,
    ...needs,
  });
  const run = (...settled: readonly Settled[]) =>
    send(
      judged(
        { recipients: settled.map((_, index) => `r${index}@x`) },
        { bank: bankWith({ myhostname: "mx.here.example" }) },
      ),
      settled,
    ).map(({ notices }) => notices.map(({ kind, result, reason }) => [kind, result, reason].filter(Boolean).join(" ")));
  return { sent, run };
}

test("each address gets its own message, and every recipient that it is about has the word", () => {
  const { sent, run } = post();
  const words = run(
    infected([{ kind: "admin", to: "a@x" }]),
    infected([
      { kind: "admin", to: "a@x" },
      { kind: "recipient", to: "r1@x" },
    ]),
  );
  assert.deepEqual(words, [["admin sent"], ["admin sent", "recipient sent"]]);
  assert.deepEqual(
    sent.map(({ envelope }) => envelope.recipients[0]?.address),
    ["a@x", "r1@x"],
  );
  const [admin = "", recipient = ""] = sent.map(({ message }) => Buffer.from(message.header).toString());
  assert.match(admin, /^Subject: INFECTED \(Eicar\) in mail FROM/m);
  assert.match(admin, /^Message-ID: <VAUCtEH5c6lsJ1@mx\.here\.example>\r$/m);
  assert.match(admin, /^Content-Type: multipart\/mixed;/m);
  assert.match(recipient, /^Message-ID: <VRUCtEH5c6lsJ1-1@mx\.here\.example>\r$/m);
  assert.match(recipient, /^Auto-Submitted: auto-generated\r$/m);
  for (const own of sent) {
    assert.equal(own.kind, "notice");
    assert.equal(own.envelope.sender.address, "");
  }
});

test("a notice that cannot be written is lost, and nothing else", async () => {
  const lost: string[] = [];
  const { sent, run } = post({
    templates: () => {
      throw new Error("out of words");
    },
    onLost: (_, detail) => lost.push(detail),
  });
  assert.deepEqual(run(infected([{ kind: "admin", to: "a@x" }])), [["admin sent"]]);
  await new Promise(setImmediate);
  assert.deepEqual(lost, ["admin notice to <a@x> is lost: out of words"]);
  assert.equal(sent.length, 0);
});

test("a virus is new once", () => {
  const { sent, run } = post();
  const first = [{ kind: "new-virus-admin", to: "new@x" }] as const;
  assert.deepEqual(run(infected(first)), [["new-virus-admin sent"]]);
  assert.deepEqual(run(infected(first)), [[]]);
  assert.deepEqual(run(infected(first, "Other")), [["new-virus-admin sent"]]);
  assert.equal(sent.length, 2);
});

test("why a notice is not sent", () => {
  const notices = [{ kind: "admin", to: "a@x" }] as const;
  assert.deepEqual(post({ limit: () => false }).run(infected(notices)), [["admin suppressed rate"]]);
  assert.deepEqual(post({ notifyHops: () => [] }).run(infected(notices)), [["admin suppressed refused"]]);
  const { run } = post({ submitOwn: () => new Promise(() => {}) });
  const words = Array.from({ length: 51 }, () => run(infected(notices)).flat().join());
  assert.deepEqual(words.slice(-2), ["admin sent", "admin suppressed busy"]);
});

test("what breaks on the way costs the mail nothing, and makes room for the next", async () => {
  const { run } = post({ submitOwn: () => Promise.reject(new Error("broken")) });
  for (let round = 0; round < 60; round += 1) {
    assert.deepEqual(run(infected([{ kind: "admin", to: "a@x" }])), [["admin sent"]]);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("a notice that is lost is told to the log", async () => {
  const lost: string[] = [];
  const onLost = (logId: string, detail: string) => lost.push(`${logId} ${detail}`);
  for (const submitOwn of [async () => "refused" as const, async () => Promise.reject(new Error("broken"))]) {
    post({ submitOwn, onLost }).run(infected([{ kind: "admin", to: "a@x" }]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(lost, [
    "4711-01 admin notice to <a@x> is lost: refused by the next hop",
    "4711-01 admin notice to <a@x> is lost: broken",
  ]);
});
