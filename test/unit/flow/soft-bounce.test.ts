import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stages } from "../../../src/flow/pipeline.ts";
import { replyAsSent, withSoftBounce } from "../../../src/flow/soft-bounce.ts";
import { accepted, type Decision, refused } from "../../../src/policy/decision.ts";
import type { Reply } from "../../../src/smtp/reply.ts";
import { arrivalUnder, bankWith, delivery, judged, later, no, ok } from "./mails.ts";

const soft = judged({}, { bank: bankWith({ soft_bounce: true }) });
const hard = judged();
const softly: Reply = { code: 450, enhanced: "4.1.1", text: "No such user" };

function stagesWith(more: Partial<Stages>): Stages {
  return withSoftBounce({
    route: () => arrivalUnder(bankWith()),
    check: async () => ({ findings: [], verifications: [], content: {} }),
    refine: (bank) => bank,
    inspect: ({ facts }) => facts,
    score: ({ facts }) => facts,
    keep: (_mail, decisions) => decisions,
    decide: () => [],
    annotate: (_mail, decisions) => decisions,
    sign: async (_mail, leaving) => ({ leaving, signings: [] }),
    relay: async () => [],
    notify: async (_mail, settled) => settled,
    ...more,
  });
}

test("a rejection becomes one for now, with its rule; everything else stays", () => {
  const decisions: readonly Decision[] = [
    accepted,
    refused("dmarc", "reject", no),
    refused("dmarc", "tempfail", later),
    refused("dmarc", "discard", ok),
  ];
  const { decide } = stagesWith({ decide: () => decisions });
  assert.equal(decide(hard), decisions);
  const [first, second, ...others] = decide(soft);
  assert.deepEqual([first, ...others], [decisions[0], decisions[2], decisions[3]]);
  assert.deepEqual(second, refused("dmarc", "tempfail", softly));
});

test("what the next hop refuses is put off, before the content is sent and after", async () => {
  const asked: (readonly (readonly Reply[])[])[] = [];
  const { relay } = stagesWith({
    async relay(_mail, _leaving, proceed) {
      assert.equal(proceed([[ok, no], [later]]), false);
      return [delivery(ok, no), delivery(later)];
    },
  });
  const proceed = (replies: readonly (readonly Reply[])[]) => {
    asked.push(replies);
    return false;
  };
  const replies = async (mail: typeof soft) => (await relay(mail, [], proceed)).map((each) => each.replies);
  assert.deepEqual(await replies(soft), [[ok, softly], [later]]);
  assert.deepEqual(await replies(hard), [[ok, no], [later]]);
  assert.deepEqual(asked, [
    [[ok, softly], [later]],
    [[ok, no], [later]],
  ]);
});

test("a door says its own refusals as the bank wants them", () => {
  const refusal = { code: 552, enhanced: "5.3.4", text: "too large" };
  const taken = { code: 250, enhanced: "2.0.0", text: "Ok" };
  const said = replyAsSent({ soft_bounce: true });
  assert.deepEqual([said(refusal), said(taken)], [{ ...refusal, code: 450, enhanced: "4.3.4" }, taken]);
  assert.equal(replyAsSent({ soft_bounce: false })(refusal), refusal);
});
