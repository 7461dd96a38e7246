import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stage, Stages } from "../../../src/flow/pipeline.ts";
import { stageNames, timed } from "../../../src/flow/timed.ts";
import { judged } from "./mails.ts";

const mail = judged();
const broken = new Error("broken");
const nobody = () => {
  throw broken;
};
const failing: Stages = {
  route: nobody,
  check: () => Promise.reject(broken),
  refine: nobody,
  inspect: nobody,
  score: nobody,
  decide: nobody,
  keep: nobody,
  annotate: nobody,
  sign: () => Promise.reject(broken),
  relay: () => Promise.reject(broken),
  notify: () => Promise.reject(broken),
};

test("stages that throw or reject are timed too, and their errors go on unchanged", async () => {
  const seen: Stage[] = [];
  const stages = timed(failing, (stage, elapsedMs) => {
    assert.ok(elapsedMs >= 0);
    seen.push(stage);
  });
  await assert.rejects(
    stages.relay(mail, [], () => true),
    broken,
  );
  assert.deepEqual(seen, ["relay"]);
});

test("a stage that has its answer at once gives it as it is", () => {
  const seen: Stage[] = [];
  const stages = timed({ ...failing, inspect: ({ facts }) => facts }, (stage) => seen.push(stage));
  assert.equal(stages.inspect(mail), mail.facts);
  assert.deepEqual(seen, ["inspect"]);
});

test("what a stage gives is what comes out, and the order of the stages is that of the pipeline", async () => {
  const stages = timed({ ...failing, relay: async () => [] }, () => undefined);
  assert.deepEqual(await stages.relay(mail, [], () => true), []);
  assert.deepEqual([...stageNames], Object.keys(failing));
});
