import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnswerCache } from "../../../src/dns/answer-cache.ts";

const usual = { maxEntries: 10, maxBytes: 10_000, maxTtlSeconds: 600, maxNegativeTtlSeconds: 60 };
const found = { status: "found", records: ["192.0.2.1"], ttlSeconds: 3600, secure: false } as const;

for (const [what, limits, kept] of [
  ["the usual limits", {}, 1],
  ["no entries", { maxEntries: 0 }, 0],
  ["no octets", { maxBytes: 0 }, 0],
  ["neither", { maxEntries: 0, maxBytes: 0 }, 0],
] as const) {
  test(`with ${what} ${kept === 0 ? "nothing" : "an answer"} is kept, and its TTL is told all the same`, () => {
    const cache = createAnswerCache({ ...usual, ...limits }, () => 0);
    assert.deepEqual(cache.keep("a.example", "A", found), { ...found, ttlSeconds: 600 });
    assert.equal(cache.size, kept);
    assert.equal(cache.get("a.example", "A")?.status, kept === 0 ? undefined : "found");
  });
}

test("an answer is kept for its TTL, within the cap for its kind", () => {
  let nowMs = 1;
  const cache = createAnswerCache(usual, () => nowMs);
  cache.keep("a.example", "A", found);
  cache.keep("b.example", "A", { status: "nxdomain", ttlSeconds: 3600, secure: false });
  const seen = [59_000, 61_000, 599_000, 601_000].map((atMs) => {
    nowMs = atMs;
    return [cache.get("a.example", "A") !== undefined, cache.get("b.example", "A") !== undefined];
  });
  assert.deepEqual(seen, [
    [true, true],
    [true, false],
    [true, false],
    [false, false],
  ]);
});

test("trouble is never kept", () => {
  const cache = createAnswerCache(usual, () => 0);
  cache.keep("a.example", "A", { status: "trouble", trouble: "timeout" });
  assert.equal(cache.size, 0);
});
