import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { scannerTroubles, troubleText } from "../../../src/scanners/trouble.ts";

test("says the word and what happened", () => {
  assert.equal(troubleText({ trouble: "timeout", detail: "no answer within 30 s" }), "timeout: no answer within 30 s");
});

test("each word stands in docs/scanners.md, by its own anchor", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../../docs/scanners.md"), "utf8");
  const anchors = [...page.matchAll(/<a id="([\w-]+)"><\/a>`([\w-]+)`/g)].map(([, id, word]) => [id, word]);
  assert.deepEqual(
    anchors,
    scannerTroubles.map((word) => [word, word]),
  );
});
