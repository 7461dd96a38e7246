import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpamFound, VirusFound } from "../../../src/mail/content.ts";
import { decodeSpam, decodeVirus, encodeVerdict } from "../../../src/verdicts/kept-verdict.ts";

const virus: VirusFound = {
  names: ["Eicar"],
  answers: [
    { scanner: "A", result: "infected", detail: ["Eicar"] },
    { scanner: "B", result: "failed", detail: ["connect: ECONNREFUSED"] },
  ],
  failed: false,
  cached: false,
};
const spam: SpamFound = {
  score: 7.5,
  tests: [{ name: "A" }, { name: "B", score: -0.1 }],
  scanner: "SpamAssassin",
  autolearn: "no",
  action: "add header",
  cached: false,
};

test("what is kept comes back as it was, marked as kept", () => {
  assert.deepEqual(decodeVirus(encodeVerdict(virus)), { ...virus, cached: true });
  assert.deepEqual(decodeSpam(encodeVerdict(spam)), { ...spam, cached: true });
});

test("nothing else is a verdict", () => {
  const octets = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  for (const value of [
    "",
    "null",
    "[]",
    "{",
    "\xff",
    { ...virus, names: "Eicar" },
    { ...virus, failed: true },
    { ...virus, answers: [] },
    { ...virus, names: ["a\nb"] },
    { ...virus, names: ["x".repeat(1000)] },
    { ...virus, answers: [{ scanner: "A", result: "maybe", detail: [] }] },
    { ...virus, names: Array.from({ length: 1000 }, () => "x") },
  ])
    assert.equal(decodeVirus(octets(value)), undefined, JSON.stringify(value).slice(0, 100));
  for (const value of [
    "",
    "null",
    { ...spam, score: "7.5" },
    { ...spam, score: null },
    { ...spam, score: 1e300 },
    JSON.stringify(spam).replace("7.5", "1e999"),
    JSON.stringify(spam).replace("-0.1", "-1e999"),
    { ...spam, tests: [{}] },
    { ...spam, tests: [{ name: "A], autolearn=ham" }] },
    { ...spam, tests: [{ name: "" }] },
    { ...spam, tests: [{ name: "A", score: "1" }] },
    { ...spam, scanner: 1 },
  ])
    assert.equal(decodeSpam(octets(value)), undefined, JSON.stringify(value).slice(0, 100));
  assert.equal(decodeSpam(encodeVerdict(virus)), undefined);
  assert.equal(decodeVirus(encodeVerdict(spam)), undefined);
});
