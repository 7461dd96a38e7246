// A real Postfix drains its queue through a filter that is killed again and again. The longer form is
// `npm run chaos -- --postfix`.
import assert from "node:assert/strict";
import { test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { postfixMissing } from "../support/postfix.ts";
import { drainPostfix } from "../support/postfix-drain.ts";

const skip = skipWithout(await postfixMissing());

test("300 mails drained across five kills arrive once, or twice where a kill explains it, none altered", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { forcedCopies, ...rest } = await drainPostfix({ count: 300, kills: 5, seed: 31 });
  t.diagnostic(`${forcedCopies} copies forced`);
  assert.deepEqual(rest, { mails: 300, lost: 0, altered: 0, avoidableCopies: 0, bounced: 0 });
});
