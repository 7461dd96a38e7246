import assert from "node:assert/strict";
import { test } from "node:test";
import {
  combineReplies,
  type FinalWord,
  notSentReply,
  queuedAs,
  recipientReply,
} from "../../../src/smtp/final-reply.ts";
import { formatReply, type Reply } from "../../../src/smtp/reply.ts";

const remote = "smtp:[127.0.0.1]:10025";

function reply(text: string): Reply {
  const match = /^(\d{3}) (?:(\d\.\d+\.\d+) )?(.*)$/.exec(text);
  return { code: Number(match?.[1]), enhanced: match?.[2] ?? "", text: match?.[3] ?? "" };
}

const said = (text: string): FinalWord => ({ action: "accept", reply: reply(text), fromNextHop: true, remote });
const ours = (text: string): FinalWord => ({ action: "accept", reply: reply(text), fromNextHop: false, remote });
const held: FinalWord = { action: "accept", reply: notSentReply, fromNextHop: false, remote };
const decided = (action: "reject" | "discard" | "tempfail", text: string): FinalWord => ({
  action,
  reply: reply(text),
  fromNextHop: false,
});

const alone: readonly [FinalWord, string][] = [
  [said("250 2.0.0 Ok: queued as ABC"), `250 2.0.0 from MTA(${remote}): 250 2.0.0 Ok: queued as ABC`],
  [said("250 Ok"), `250 2.0.0 from MTA(${remote}): 250 Ok`],
  [said("251 2.1.5 will forward"), `250 2.1.5 from MTA(${remote}): 251 2.1.5 will forward`],
  [
    said("550 5.1.1 <bob@example.com>: user unknown"),
    `550 5.1.1 id=1-2 - Rejected by next-hop MTA on relaying, from MTA(${remote}): 550 5.1.1 bob@example.com: user unknown`,
  ],
  [said("554 no"), `554 5.0.0 id=1-2 - Rejected by next-hop MTA on relaying, from MTA(${remote}): 554 no`],
  [
    said("450 4.2.0 later"),
    `450 4.2.0 id=1-2 - Temporary MTA failure on relaying, from MTA(${remote}): 450 4.2.0 later`,
  ],
  [said("421 4.3.2 bye"), `451 4.3.2 id=1-2 - Temporary MTA failure on relaying, from MTA(${remote}): 421 4.3.2 bye`],
  [ours("450 4.4.1 Can't connect to it"), "450 4.4.1 id=1-2 - Temporary MTA failure on relaying, Can't connect to it"],
  [ours("550 5.6.3 Conversion to 7BIT required"), "550 5.6.3 id=1-2 - Conversion to 7BIT required"],
  [decided("reject", "554 5.7.0 Reject, id=1-2 - spam"), "554 5.7.0 Reject, id=1-2 - spam"],
  [decided("discard", "250 2.7.0 Ok, discarded"), "250 2.7.0 Ok, discarded"],
];

for (const [word, text] of alone) {
  test(`says "${text.slice(0, 60)}…" for one recipient`, () => {
    assert.equal(formatReply(recipientReply(word, "1-2")), text);
    assert.equal(formatReply(combineReplies([word], "1-2")), text);
  });
}

const ok = said("250 2.0.0 Ok: queued as ABC");
const okText = `250 2.0.0 from MTA(${remote}): 250 2.0.0 Ok: queued as ABC`;
const unknown = said("550 5.1.1 unknown");
const later = said("450 4.2.0 later");
const spam = decided("reject", "554 5.7.0 Reject, spam");
const dropped = decided("discard", "250 2.7.0 Ok, discarded");

const combined: readonly [string, readonly FinalWord[], string][] = [
  ["passed to all", [ok, said("250 2.0.0 Ok: queued as DEF")], okText],
  ["refused for one", [unknown, ok], `${okText}, but 1 REJECT`],
  ["refused for two and discarded for one", [ok, unknown, dropped, spam], `${okText}, but 2 REJECT, 1 DISCARD`],
  ["put off for one", [ok, unknown, later], "450 4.2.0 id=1-2 - Temporary MTA failure on relaying"],
  ["put off for one and so held for the others", [held, later, held], "450 4.2.0 id=1-2 - Temporary MTA failure"],
  ["held for trouble of ours", [held, ours("450 4.4.1 Can't connect")], "450 4.4.1 id=1-2"],
  ["put off by policy and by the next hop", [decided("tempfail", "451 4.7.0 wait"), later], "450 4.2.0"],
  ["put off by policy", [ok, decided("tempfail", "451 4.7.0 wait")], "451 4.7.0 wait"],
  ["refused by policy and by the next hop", [spam, unknown], "550 5.1.1 id=1-2 - Rejected by next-hop"],
  ["discarded and refused", [dropped, spam], "554 5.7.0 Reject, spam"],
  ["discarded for all", [dropped, dropped], "250 2.7.0 Ok, discarded"],
  ["without any recipient", [], "451 4.3.0"],
];

for (const [name, words, start] of combined) {
  test(`has one reply for a mail ${name}`, () => {
    const text = formatReply(combineReplies(words, "1-2"));
    assert.equal(text.slice(0, start.length), start);
    if (start === okText) assert.equal(text, okText);
  });
}

test("keeps the remark when the next hop's text is long", () => {
  const text = formatReply(combineReplies([said(`250 2.0.0 ${"x".repeat(400)}`), unknown], "1-2"));
  assert.match(text, /, but 1 REJECT$/);
  assert.ok(text.length <= 410);
});

test("finds the next hop's queue ids for the log", () => {
  const words = [
    ok,
    ok,
    said("250 2.0.0 Ok: queued as 4bXyZ-1.2"),
    said("250 Saved"),
    said("450 4.3.0 not queued as X"),
    ours("250 2.0.0 Ok: queued as OURS"),
    dropped,
  ];
  assert.deepEqual(queuedAs(words), ["ABC", "4bXyZ-1.2"]);
});
