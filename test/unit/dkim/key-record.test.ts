import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyCache, type ParsedKey, readKeyRecord } from "../../../src/dkim/key-record.ts";
import { rsaRecord } from "./hand-made.ts";

test("parses a record once and gives the same key again, however its strings are cut", () => {
  const cache = createKeyCache();
  const text = rsaRecord();
  const first = readKeyRecord([text], cache);
  assert.equal(readKeyRecord([text.slice(0, 50), text.slice(50)], cache), first);
  assert.notEqual(readKeyRecord([text]), first);
});

test("keeps at most so many keys, and those that are used", () => {
  const cache = createKeyCache(3);
  const key: ParsedKey = { failure: "key-revoked" };
  for (const text of ["a", "b", "c"]) cache.set(text, key);
  assert.equal(cache.get("a"), key);
  cache.set("d", key);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((text) => cache.get(text) !== undefined),
    [true, false, true, true],
  );
});

test("does not keep records that are too large to be keys", () => {
  const kept: string[] = [];
  const cache = { get: () => undefined, set: (text: string) => void kept.push(text) };
  assert.deepEqual(readKeyRecord(["x".repeat(5000)], cache), { failure: "key-record-too-large" });
  assert.deepEqual(kept, []);
});

test("keeps at most so many octets of records", () => {
  const cache = createKeyCache(1000, 20_000);
  for (let index = 0; index < 1000; index += 1) cache.set(`${index}`.padEnd(4000, "x"), { failure: "key-revoked" });
  const kept = Array.from({ length: 1000 }, (_, index) => cache.get(`${index}`.padEnd(4000, "x")) !== undefined);
  assert.deepEqual(
    kept.flatMap((isKept, index) => (isKept ? index : [])),
    [998, 999],
  );
});
