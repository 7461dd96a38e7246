import assert from "node:assert/strict";
import { test } from "node:test";
import { type FoundTense, foundLines } from "../../../../src/flow/outcome/found-text.ts";
import type { RecipientOutcome } from "../../../../src/flow/outcome/outcome.ts";
import { recipientRecord } from "../../../../src/flow/outcome/record.ts";
import type { ContentFound } from "../../../../src/policy/decision.ts";
import { recipient } from "../../../support/outcomes.ts";

const clean: ContentFound = { all: [{ category: "CC_CLEAN", minor: 0 }], viruses: [], headerFaults: [] };

function linesOf(more: Partial<RecipientOutcome>, tense: FoundTense = "happened"): readonly string[] {
  return foundLines(recipientRecord(recipient("bob@example.com", undefined, more)), tense);
}

test("clean mail of which nobody is told has no lines", () => {
  assert.deepEqual(linesOf({}), []);
  assert.deepEqual(linesOf({ content: clean }), []);
});

test("every category is named once, the one that decided first, those with a minor by it", () => {
  const content: ContentFound = {
    ...clean,
    all: [
      { category: "CC_BANNED", minor: 1 },
      { category: "CC_BANNED", minor: 0 },
      { category: "CC_BADH", minor: 7 },
      { category: "CC_BADH", minor: 0 },
      { category: "CC_CLEAN", minor: 0 },
    ],
    headerFaults: ['Missing required header field: "Date"'],
    banned: { names: [".exe,evil.exe", "a.exe\u202e"], key: "\\.exe$", origin: "c.yaml:4:5" },
  };
  assert.deepEqual(linesOf({ category: "CC_BADH", minor: 7, content }), [
    "category: BAD-HEADER (minor 7), BANNED (minor 1)",
    "banned: .exe,evil.exe, by \\.exe$ at c.yaml:4:5",
    "banned: a.exe?, by \\.exe$ at c.yaml:4:5",
    'header fault: Missing required header field: "Date"',
  ]);
});

test("viruses are named, and a score with its levels, list and tests", () => {
  const score = { score: 7.20001, tests: ["A=1", "AM.WBL=6.2"], isTagged: true, tag2: 6.2, kill: 6.9 };
  const content: ContentFound = { ...clean, viruses: ["Eicar"], score: { ...score, listed: "black" } };
  assert.deepEqual(linesOf({ category: "CC_VIRUS", content }), [
    "category: INFECTED",
    "virus: Eicar",
    "spam score: 7.2; levels: tag2 6.2, kill 6.9, sender on a black list",
    "tests: A=1, AM.WBL=6.2",
  ]);
  const unscored = { score: 0, tests: [], isTagged: true };
  assert.deepEqual(linesOf({ content: { ...clean, score: unscored } }), ["spam score: 0; levels: none"]);
});

test("many names of banned parts are counted, and so are many tests", () => {
  const names = Array.from({ length: 12 }, (_, index) => `${index}.exe`);
  const tests = Array.from({ length: 52 }, (_, index) => `T${index}=1`);
  const content: ContentFound = {
    ...clean,
    banned: { names, key: "x" },
    score: { score: 52, tests, isTagged: true },
  };
  const lines = linesOf({ content });
  assert.equal(lines[10], "banned: 2 more");
  assert.match(lines.at(-1) ?? "", /T49=1, and 2 more$/);
});

test("it is said where the copy is, or that there is none", () => {
  const copy = {
    purpose: "quarantine",
    category: "CC_VIRUS",
    method: "local:virus-%m",
    to: "virus-quarantine",
  } as const;
  const owed = { copies: [copy], notices: [] };
  assert.deepEqual(linesOf({ owed, quarantine: ["v/virus-1"] }), ["copy kept: v/virus-1"]);
  const what = "quarantine of INFECTED, by local:virus-%m to virus-quarantine";
  assert.deepEqual(linesOf({ owed }), [`copy not kept: ${what}`]);
  assert.deepEqual(linesOf({ owed }, "would-happen"), [`copy would be kept: ${what}`]);
});

test("it is said who was told, and why others were not", () => {
  const admin = { kind: "admin", category: "CC_VIRUS" } as const;
  const notices = [
    { kind: "dsn", result: "suppressed", reason: "bulk" },
    { kind: "admin", result: "sent" },
  ] as const;
  const one = { copies: [], notices: [{ ...admin, to: "postmaster@example.com" }] };
  assert.deepEqual(linesOf({ owed: one, notices }), [
    "notification to the sender: not sent, bulk",
    "  A list or a robot wrote the mail.",
    "notice to an administrator <postmaster@example.com>: sent",
  ]);
  const two = { copies: [], notices: [...one.notices, { ...admin, to: "abuse@example.com" }] };
  assert.deepEqual(linesOf({ owed: two, notices }, "would-happen"), [
    "notification to the sender: not sent, bulk",
    "  A list or a robot wrote the mail.",
    "notice to an administrator: would be sent",
  ]);
});

test("a reason by which no notification was tried is said, too, and only once", () => {
  const owed = { copies: [], notices: [], noDsn: "cutoff" } as const;
  const lines = ["notification to the sender: not sent, cutoff", "  The score is at or above spam_dsn_cutoff_level."];
  assert.deepEqual(linesOf({ owed }), lines);
  assert.deepEqual(linesOf({ owed, notices: [{ kind: "dsn", result: "suppressed", reason: "cutoff" }] }), lines);
});
