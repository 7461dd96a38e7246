import assert from "node:assert/strict";
import { test } from "node:test";
import { createRelayStage } from "../../../../src/flow/stages/relay-mail.ts";
import { noEdits } from "../../../../src/mail/edit.ts";
import type { Outgoing } from "../../../../src/relay/delivery.ts";
import { bankWith, delivery, hop, judged, ok, otherHop } from "../mails.ts";

const sender = "joe@there.example BODY=8BITMIME RET=HDRS ENVID=x";
const recipients = ["a@x NOTIFY=FAILURE ORCPT=rfc822;a@x", "b@x", "c@x"];

async function relay(bank = bankWith(), to: readonly string[] = recipients): Promise<readonly Outgoing[]> {
  let sent: readonly Outgoing[] = [];
  const stage = createRelayStage(
    async (outgoing) => {
      sent = outgoing;
      return outgoing.map(() => delivery(ok));
    },
    { messageTimeMs: 540_000 },
  );
  const add = { ...noEdits, add: ["A: 1\r\n"] };
  const leaving = [
    { recipients: [0, 2], edits: noEdits, nextHops: [hop] },
    { recipients: [1], edits: add, nextHops: [hop, otherHop] },
  ];
  await stage(judged({ sender, recipients: to }, { bank }), leaving, () => true);
  return sent;
}

test("each goes to its recipients, with its edits, by its next hops, within the time that the mail has", async () => {
  const [first, second] = await relay();
  assert.deepEqual(
    first?.envelope.recipients.map(({ address }) => address),
    ["a@x", "c@x"],
  );
  assert.deepEqual([first.nextHop, first.failover], [hop, undefined]);
  assert.deepEqual([second?.nextHop, second?.failover], [hop, [otherHop]]);
  assert.match(Buffer.from(second?.message.header ?? []).toString(), /^A: 1\r\nFrom: /);
  assert.equal(first.deadlineMs, 541_000);
  assert.equal(first.session?.client.address, "192.0.2.3");
});

test("a header is printed once for mail that differs in its next hops alone", async () => {
  const sent: Outgoing[] = [];
  const stage = createRelayStage(
    async (outgoing) => {
      sent.push(...outgoing);
      return [];
    },
    { messageTimeMs: 0 },
  );
  const leaving = [hop, otherHop].map((nextHop, place) => ({
    recipients: [place],
    edits: noEdits,
    nextHops: [nextHop],
  }));
  await stage(judged({ recipients }), leaving, () => true);
  assert.equal(sent[0]?.message, sent[1]?.message);
});

test("DSN parameters stay with us, or go on with the mail where the bank says so", async () => {
  const [kept] = await relay(bankWith({ propagate_dsn_if_possible: false }));
  assert.equal(kept?.envelope.sender.parameters, "BODY=8BITMIME");
  assert.equal(kept.envelope.recipients[0]?.parameters, "");
  const [passed] = await relay(bankWith({ propagate_dsn_if_possible: true }));
  assert.equal(passed?.envelope.sender.parameters, "BODY=8BITMIME RET=HDRS ENVID=x");
  assert.equal(passed.envelope.recipients[0]?.parameters, "NOTIFY=FAILURE ORCPT=rfc822;a@x");
});

test("NOTIFY=SUCCESS stays with us where the bank says so", async () => {
  const bank = bankWith({ propagate_dsn_if_possible: true, terminate_dsn_on_notify_success: true });
  for (const [came, goes] of [
    ["NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@x", "NOTIFY=FAILURE ORCPT=rfc822;a@x"],
    ["ORCPT=rfc822;a@x notify=success", "ORCPT=rfc822;a@x NOTIFY=NEVER"],
    ["NOTIFY=delay,Success,FAILURE", "NOTIFY=delay,FAILURE"],
    ["ORCPT=rfc822;NOTIFY=SUCCESS notify=never", "ORCPT=rfc822;NOTIFY=SUCCESS notify=never"],
    ["", ""],
  ]) {
    const [sent] = await relay(bank, [`a@x${came === "" ? "" : ` ${came}`}`]);
    assert.equal(sent?.envelope.recipients[0]?.parameters, goes);
  }
});

test("the bank says how we appear", async () => {
  const [sent] = await relay(
    bankWith({ localhost_name: "filter.here.example", local_client_bind_address: "127.0.0.5" }),
  );
  assert.deepEqual(sent?.localEnd, {
    localhost_name: "filter.here.example",
    local_client_bind_address: "127.0.0.5",
  });
});

test("what the sender asked to be told is told by the next hop, unless it was not asked", async () => {
  const told = async (settings: Parameters<typeof bankWith>[0]) => {
    const stage = createRelayStage(async () => [{ ...delivery(ok), tellsSender: true }], { messageTimeMs: 0 });
    const leaving = [{ recipients: [0], edits: noEdits, nextHops: [hop] }];
    const [one] = await stage(judged({ recipients }, { bank: bankWith(settings) }), leaving, () => true);
    return one?.tellsSender;
  };
  assert.equal(await told({ propagate_dsn_if_possible: true }), true);
  assert.equal(await told({ propagate_dsn_if_possible: false }), false);
  assert.equal(await told({ propagate_dsn_if_possible: true, terminate_dsn_on_notify_success: true }), false);
});
