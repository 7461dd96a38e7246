import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../src/checks/check.ts";
import { createMilterFlow, milterNextHops } from "../../../src/flow/milter-flow.ts";
import type { Stages } from "../../../src/flow/pipeline.ts";
import { accepted, type Decision, refused } from "../../../src/policy/decision.ts";
import { arrivalUnder, bankWith, no, transactionOf } from "./mails.ts";

const edits = (...add: readonly string[]) => ({ add, remove: [], replace: [] });
const going = (...add: readonly string[]): Decision => ({
  ...accepted,
  edits: edits(...add),
  nextHops: milterNextHops(),
});
const rejected = refused("dmarc", "reject", no);
const putOff = refused("dmarc", "tempfail", { code: 451, enhanced: "4.7.26", text: "later" });

function discarded(method: string): Decision {
  const copy = { purpose: "quarantine", category: "CC_SPAM", method, to: "spam-quarantine" } as const;
  const ok = { code: 250, enhanced: "2.7.0", text: "Ok, discarded" };
  return { ...refused("spam", "discard", ok), owed: { copies: [copy], notices: [] } };
}

async function pass(decisions: readonly Decision[]) {
  const bank = bankWith();
  let received: boolean | undefined;
  const askedUnder: unknown[] = [];
  let copiesAsked = 0;
  let copiesIds: readonly (string | undefined)[] = [];
  const stages: Stages = {
    route: () =>
      arrivalUnder(bank, {
        signerUnder(under) {
          askedUnder.push(under);
          return { skip: "not-originating", candidates: [] };
        },
      }),
    check: async () => noFacts,
    refine: (given) => given,
    inspect: ({ facts }) => facts,
    score: ({ facts }) => facts,
    decide: () => decisions,
    keep(_mail, given) {
      copiesAsked = given.flatMap(({ owed }) => owed.copies).length;
      return given;
    },
    annotate(mail, given) {
      received = mail.bank.allowed_added_header_fields["received"];
      mail.arrival.signerUnder(mail.bank);
      copiesIds = given.map(({ copiesId }) => copiesId);
      return given;
    },
    sign: async (_mail, leaving) => ({ leaving, signings: [] }),
    relay: () => assert.fail("the MTA sends it on"),
    notify: async (_mail, settled) => settled,
  };
  const transaction = transactionOf({ recipients: decisions.map((_, place) => `r${place}@here.example`) });
  const { session, envelope, message } = transaction;
  const begin = createMilterFlow(stages, (inner) => inner);
  const done = await begin(session, envelope, message).finish(transaction);
  return { ...done, received, copiesAsked, copiesIds, choosesAnew: askedUnder.some((under) => under !== bank) };
}

test("a mail that may go on is the MTA's to send, without a trace field of ours", async () => {
  const { outcome, leaving, received } = await pass([going("X: 1\r\n")]);
  assert.equal(outcome.reply.code, 250);
  assert.equal(received, false);
  assert.deepEqual(
    leaving.map(({ recipients, edits: { add } }) => ({ recipients, add })),
    [{ recipients: [0], add: ["X: 1\r\n"] }],
  );
});

test("that it has no trace field makes no other bank of it to choose a signer under", async () => {
  const { choosesAnew } = await pass([going()]);
  assert.equal(choosesAnew, false);
});

test("all recipients share the header of the one with most added to it", async () => {
  const { leaving } = await pass([going("X: 1\r\n"), going("A: 1\r\n", "X: 1\r\n"), going("X: 1\r\n")]);
  assert.deepEqual(
    leaving.map(({ recipients, edits: { add } }) => ({ recipients, add })),
    [{ recipients: [0, 1, 2], add: ["A: 1\r\n", "X: 1\r\n"] }],
  );
});

test("one of two refused: the other's mail goes on", async () => {
  const { outcome, leaving } = await pass([rejected, going()]);
  assert.equal(outcome.reply.code, 250);
  assert.deepEqual(leaving[0]?.recipients, [1]);
});

test("one of two put off: the mail is put off for both", async () => {
  const { outcome } = await pass([putOff, going()]);
  assert.equal(outcome.reply.code, 451);
  assert.deepEqual(
    outcome.recipients.map(({ reply }) => reply.code),
    [451, 451],
  );
});

test("what would be discarded is held, marked as all others, and the others wait with it", async () => {
  const { outcome, leaving, hold, copiesAsked } = await pass([discarded("hold:"), going("X: 1\r\n"), rejected]);
  assert.equal(hold, "SPAM");
  assert.equal(copiesAsked, 0);
  assert.deepEqual(
    outcome.recipients.map(({ action, category, quarantine }) => [action, category, quarantine]),
    [
      ["accept", "CC_SPAM", ["hold"]],
      ["accept", "CC_CLEAN", ["hold"]],
      ["reject", "CC_POLICY", []],
    ],
  );
  assert.deepEqual(
    leaving.flatMap(({ recipients }) => recipients),
    [0, 1],
  );
});

test("who is to get the mail gets it, whatever would be done with mail that is discarded", async () => {
  const loved = { ...going(), owed: discarded("hold:").owed };
  const { outcome, hold, copiesAsked } = await pass([loved]);
  assert.deepEqual([hold, copiesAsked, outcome.recipients[0]?.quarantine], [undefined, 0, []]);
});

test("a mail that comes again and is held keeps the name by which its copies are known", async () => {
  const { copiesIds } = await pass([{ ...discarded("hold:"), copiesId: "t5bDoRaO1a6J" }, going()]);
  assert.deepEqual(copiesIds, ["t5bDoRaO1a6J", undefined]);
});

test("other copies are kept as ever", async () => {
  const { hold, copiesAsked, leaving } = await pass([discarded("local:%m")]);
  assert.deepEqual([hold, copiesAsked, leaving], [undefined, 1, []]);
});

test("all refused: the refusal is the reply, and nothing leaves", async () => {
  const { outcome, leaving } = await pass([rejected]);
  assert.equal(outcome.reply.code, 550);
  assert.deepEqual(leaving, []);
});
