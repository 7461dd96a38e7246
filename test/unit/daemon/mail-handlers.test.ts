import assert from "node:assert/strict";
import { test } from "node:test";
import { createMailHandlers, type MailHandlersNeeds } from "../../../src/daemon/mail-handlers.ts";
import { milterNextHops } from "../../../src/flow/milter-flow.ts";
import { conclude } from "../../../src/flow/outcome/conclude.ts";
import type { Outcome } from "../../../src/flow/outcome/outcome.ts";
import { noEdits } from "../../../src/mail/edit.ts";
import { bankWith, judged, said } from "../flow/mails.ts";

const mail = judged({ recipients: ["ann@here.example"] }, { bank: bankWith() });
const { transaction } = mail;
const { session, envelope, message } = transaction;
const outcomeOf = (text: string) => conclude(mail, { signings: [] }, [said({ code: 250, enhanced: "2.0.0", text })]);

/** A filter whose mail all ends with this text. */
function filterThatSays(text: string): ReturnType<MailHandlersNeeds["filter"]> {
  const leaving = [{ recipients: [0], edits: noEdits, nextHops: milterNextHops() }];
  return {
    begin: () => ({ digestSpecs: () => [], finish: async () => outcomeOf(text) }),
    beginMilter: () => ({ digestSpecs: () => [], finish: async () => ({ outcome: outcomeOf(text), leaving }) }),
  };
}

function setUp(needs: Partial<MailHandlersNeeds> = {}) {
  const outcomes: Outcome[] = [];
  const unused = () => assert.fail("no message is collected here");
  const handlers = createMailHandlers({
    filter: () => filterThatSays("first"),
    pool: { saturated: false, startDigest: unused },
    milterIntake: { openIntake: unused, failureReply: unused },
    hasRoomForCopies: () => true,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...needs,
  });
  return { handlers, outcomes };
}

test("a mail that was begun before a reload ends with the filter that it began with", async () => {
  let filter = filterThatSays("first");
  const { handlers, outcomes } = setUp({ filter: () => filter });
  const before = handlers.receive.onHead(session, envelope, message);
  const milterBefore = handlers.milter.onHead(session, envelope, message);
  filter = filterThatSays("second");
  const after = handlers.receive.onHead(session, envelope, message);
  await before.onMessage(transaction);
  await milterBefore.onMessage(transaction);
  await after.onMessage(transaction);
  assert.deepEqual(
    outcomes.map(({ reply }) => /first|second/.exec(reply.text)?.[0]),
    ["first", "first", "second"],
  );
});

for (const [what, needs, code] of [
  ["there is room for it", {}, undefined],
  ["the pool is full", { pool: { saturated: true, startDigest: () => assert.fail("nothing is hashed") } }, 451],
  ["there is no room for copies", { hasRoomForCopies: () => false }, 452],
] as const) {
  test(`MAIL gets ${code ?? "no refusal"} where ${what}, by SMTP and by milter`, () => {
    const { receive, milter } = setUp(needs).handlers;
    assert.deepEqual([receive.admit?.()?.code, milter.admit()?.code], [code, code]);
  });
}
