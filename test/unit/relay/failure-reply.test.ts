import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionFailure } from "../../../src/relay/awaited-replies.ts";
import { answerFor, commandAnswer, failureAnswer, type Phase } from "../../../src/relay/failure-reply.ts";
import { formatReply } from "../../../src/smtp/reply.ts";

const remote = "smtp:[192.0.2.1]:25";
const refusal = (code: number, enhanced = "", text = "no") =>
  ({ kind: "refused", reply: { code, enhanced, text } }) as const;

/** A failure, the step it came in, what our client is told, and whether these are the next hop's words. */
const failures: readonly (readonly [ConnectionFailure, Phase, string, boolean])[] = [
  [{ kind: "connect", detail: "ECONNREFUSED" }, "connect", `450 4.4.1 Can't connect to ${remote}: ECONNREFUSED`, false],
  [{ kind: "timeout" }, "DATA", `450 4.4.2 Timed out during DATA, MTA(${remote})`, false],
  [
    { kind: "closed", detail: "ECONNRESET" },
    "content",
    `451 4.5.0 From MTA(${remote}) during content: ECONNRESET`,
    false,
  ],
  [
    { kind: "garbage", detail: "hm" },
    "MAIL",
    `451 4.5.0 Bad SMTP response code from MTA(${remote}) during MAIL: hm`,
    false,
  ],
  [{ kind: "dropped" }, "final dot", `451 4.5.0 From MTA(${remote}) during final dot: given up`, false],
  [refusal(421, "4.3.2"), "greeting", "421 4.3.2 no", true],
  [refusal(554, "5.7.1"), "RCPT", "554 5.7.1 no", true],
  [refusal(250), "MAIL", `451 4.5.0 Bad SMTP response code from MTA(${remote}) during MAIL: 250 no`, false],
];

for (const [failure, phase, said, fromNextHop] of failures) {
  test(`${failure.kind} during ${phase} is told as ${said.slice(0, 9)}`, () => {
    const answer = failureAnswer(failure, phase, remote);
    assert.deepEqual([formatReply(answer.reply), answer.fromNextHop], [said, fromNextHop]);
  });
}

for (const phase of ["greeting", "EHLO"] as const) {
  test(`a next hop that turns us away at ${phase} for good bounces no mail`, () => {
    const answer = failureAnswer(refusal(554, "5.7.1", "go away"), phase, remote);
    assert.equal(answer.fromNextHop, false);
    assert.match(formatReply(answer.reply), /^451 4\.5\.0 .*554 go away$/);
  });
}

test("every failure is told as transient", () => {
  const phases: readonly Phase[] = [
    "connect",
    "greeting",
    "EHLO",
    "XFORWARD",
    "MAIL",
    "RCPT",
    "DATA",
    "content",
    "final dot",
    "BDAT",
  ];
  for (const kind of ["connect", "timeout", "closed", "garbage", "dropped"] as const)
    for (const phase of phases)
      assert.match(String(failureAnswer({ kind, detail: "" }, phase, remote).reply.code), /^4/);
});

test("of a positive reply to DATA only 354 is one, and elsewhere 3xx is none", () => {
  const said = (code: number, phase: Phase) => commandAnswer({ code, enhanced: "", text: "" }, phase, remote);
  assert.equal(said(354, "DATA").fromNextHop, true);
  for (const [code, phase] of [
    [250, "DATA"],
    [334, "DATA"],
    [354, "RCPT"],
    [334, "MAIL"],
  ] as const) {
    assert.deepEqual(
      [said(code, phase).fromNextHop, said(code, phase).reply.code],
      [false, 451],
      `${code} to ${phase}`,
    );
  }
  assert.deepEqual([said(550, "DATA").reply.code, said(450, "RCPT").reply.code], [550, 450]);
});

test("a next hop that wants TLS or a login first says nothing about the mail", () => {
  for (const phase of ["MAIL", "RCPT", "DATA"] as const) {
    const { reply, fromNextHop } = commandAnswer({ code: 530, enhanced: "5.7.0", text: "no login" }, phase, remote);
    assert.deepEqual(
      [formatReply(reply), fromNextHop],
      [`450 4.7.4 ${remote} wants TLS or a login first: 530 no login`, false],
    );
  }
});

test("without a reply the failure is told, and without either that it was given up", () => {
  assert.equal(answerFor(undefined, { kind: "timeout" }, "RCPT", { remote }).reply.code, 450);
  assert.match(answerFor(undefined, undefined, "RCPT", { remote }).reply.text, /given up$/);
});
