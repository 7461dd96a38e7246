import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpamFound, VirusFound } from "../../../src/mail/content.ts";
import { decodeSpam, decodeVirus, encodeSpam, encodeVirus } from "../../../src/verdicts/kept-verdict.ts";

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
  assert.deepEqual(decodeVirus(encodeVirus(virus)), { ...virus, cached: true });
  for (const verdict of ["ham", "spam"] as const) {
    assert.deepEqual(decodeSpam(encodeSpam({ found: spam, verdict })), { found: { ...spam, cached: true }, verdict });
  }
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
  const kept = { ...spam, verdict: "spam" };
  assert.notEqual(decodeSpam(octets(kept)), undefined);
  for (const value of [
    "",
    "null",
    { ...kept, score: "7.5" },
    { ...kept, score: null },
    { ...kept, score: 1e300 },
    JSON.stringify(kept).replace("7.5", "1e999"),
    JSON.stringify(kept).replace("-0.1", "-1e999"),
    { ...kept, tests: [{}] },
    { ...kept, tests: [{ name: "A], autolearn=ham" }] },
    { ...kept, tests: [{ name: "" }] },
    { ...kept, tests: [{ name: "A", score: "1" }] },
    { ...kept, scanner: 1 },
    { ...kept, verdict: undefined },
    { ...kept, verdict: "unsure" },
  ])
    assert.equal(decodeSpam(octets(value)), undefined, JSON.stringify(value).slice(0, 100));
  assert.equal(decodeSpam(encodeVirus(virus)), undefined);
  assert.equal(decodeVirus(encodeSpam({ found: spam, verdict: "ham" })), undefined);
});
