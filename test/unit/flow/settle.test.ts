import assert from "node:assert/strict";
import { test } from "node:test";
import { leavingTogether, ownWord, putOff, settle } from "../../../src/flow/settle.ts";
import { accepted, type Decision, refused } from "../../../src/policy/decision.ts";
import type { NextHop } from "../../../src/smtp/next-hop.ts";
import { delivery, hop, later, no, ok, otherHop, transactionOf } from "./mails.ts";

const edits = (...add: readonly string[]) => ({ add, remove: [], replace: [] });
const going = (add: string, ...nextHops: readonly NextHop[]): Decision => ({
  ...accepted,
  edits: edits(add),
  nextHops,
});
const rejected = refused("dmarc", "reject", no);
const socket = (path: string): NextHop => ({ protocol: "lmtp", path });

const groupings: readonly (readonly [string, readonly Decision[], readonly (readonly number[])[]])[] = [
  ["one recipient", [going("A", hop)], [[0]]],
  ["the same for both", [going("A", hop), going("A", { ...hop })], [[0, 1]]],
  ["other edits", [going("A", hop), going("B", hop), going("A", hop)], [[0, 2], [1]]],
  ["another next hop", [going("A", hop), going("A", otherHop)], [[0], [1]]],
  ["the same next hops in another order", [going("A", hop, otherHop), going("A", otherHop, hop)], [[0], [1]]],
  ["more next hops", [going("A", hop), going("A", hop, otherHop)], [[0], [1]]],
  ["sockets", [going("A", socket("/a")), going("A", socket("/a")), going("A", socket("/b"))], [[0, 1], [2]]],
  ["a socket and a port", [going("A", hop), going("A", socket("/a"))], [[0], [1]]],
  ["refused ones leave in no way", [rejected, going("A", hop), rejected], [[1]]],
  ["nobody", [rejected], []],
];

for (const [title, decisions, groups] of groupings) {
  test(`what leaves together: ${title}`, () =>
    assert.deepEqual(
      leavingTogether(decisions).map(({ recipients }) => recipients),
      groups,
    ));
}

test("each recipient's last word is the next hop's or ours, in the order of the envelope", () => {
  const decisions = [going("A", hop), rejected, going("B", hop), going("A", hop)];
  const leaving = leavingTogether(decisions);
  const settled = settle(decisions, leaving, [delivery(ok, later), delivery(no)]);
  assert.deepEqual(
    settled.map(({ category, rule, action, reply, fromNextHop }) => [category, rule, action, reply, fromNextHop]),
    [
      ["CC_CLEAN", undefined, "accept", ok, true],
      ["CC_POLICY", "dmarc", "reject", no, false],
      ["CC_MTA", undefined, "accept", no, true],
      ["CC_MTA", undefined, "accept", later, true],
    ],
  );
  assert.equal(settled[0]?.remote, "smtp:[127.0.0.1]:10025");
});

test("a recipient without a word is a fault of ours, never a 250", () => {
  const decisions = [going("A", hop)];
  assert.throws(() => settle(decisions, leavingTogether(decisions), []), /recipient 0 was neither sent to nor refused/);
  assert.throws(() => settle(decisions, [], []), /recipient 0/);
});

test("a mail is put off for all its recipients, by a rule with a name and with the session's id", () => {
  const words = putOff(transactionOf({ recipients: ["a@x", "b@x"] }), "error");
  assert.deepEqual(
    words.map(({ category, rule, action, reply }) => [category, rule, action, reply.code, reply.text]),
    [1, 2].map(() => [
      "CC_TEMPFAIL",
      "error",
      "tempfail",
      451,
      "id=4711-01 - Error in processing, please try again later",
    ]),
  );
  assert.equal(putOff(transactionOf(), "key-unavailable", later)[0]?.reply.text, "id=4711-01 - Mailbox busy");
});

test("a word of ours keeps what was decided", () => {
  const { category, rule, action, reply, fromNextHop } = ownWord(rejected);
  assert.deepEqual(
    { category, rule, action, reply },
    { category: "CC_POLICY", rule: "dmarc", action: "reject", reply: no },
  );
  assert.equal(fromNextHop, false);
});
