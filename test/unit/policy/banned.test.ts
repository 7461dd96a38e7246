import assert from "node:assert/strict";
import { test } from "node:test";
import type { MailPart, PartsFound } from "../../../src/mail/content.ts";
import { bansNames, createFindBanned } from "../../../src/policy/banned.ts";
import type { BannedSource } from "../../../src/policy/banned-table.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { setUp } from "./setup.ts";

const part = (path: string, parent: number, more: Partial<MailPart> = {}): MailPart => ({
  path,
  parent,
  names: [],
  types: [],
  sizeBytes: 1,
  encrypted: false,
  ...more,
});

/** A text, and a zip with a program and a picture in it. */
const mail: PartsFound = {
  parts: [
    part("1", -1, { declaredType: "multipart/mixed" }),
    part("1.1", 0, { declaredType: "text/plain", types: ["asc"] }),
    part("1.2", 0, { declaredType: "application/zip", names: ["bill.zip"], types: ["zip"] }),
    part("1.2.1", 2, { names: ["evil.exe"], types: ["exe", "exe-ms"] }),
    part("1.2.2", 2, { names: ["cat.png"], types: ["png"] }),
  ],
  unchecked: [],
};
const exe = { regexp: ["(?i)\\.exe$"] };

interface Case {
  readonly title: string;
  readonly base?: BankOverlay;
  readonly rules: BannedSource;
  readonly parts?: PartsFound;
  /** What is named as banned for a@here.example; none = allowed. */
  readonly names?: readonly string[];
  readonly discards?: boolean;
}

const cases: readonly Case[] = [
  { title: "no rule bans nothing", rules: {} },
  { title: "by name", rules: { banned_filename_re: exe }, names: [".exe,.exe-ms,evil.exe"] },
  {
    title: "by type found, with a dot, the rule's comment in front",
    rules: { banned_filename_re: { regexp: ["(?# programs )^\\.exe-ms$"] } },
    names: ["programs:.exe,.exe-ms,evil.exe"],
  },
  {
    title: "by declared type",
    rules: { banned_filename_re: { regexp: ["^text/plain$"] } },
    names: ["text/plain,.asc"],
  },
  {
    title: "a container's name bans what it holds",
    rules: { banned_filename_re: { regexp: ["\\.zip$"] } },
    names: [".exe,.exe-ms,evil.exe", ".png,cat.png"],
  },
  {
    title: "a rule of 0 ends the search, for what lies in a container too",
    rules: { banned_filename_re: { regexp: [["^\\.zip$", 0], "(?i)\\.exe$"] } },
  },
  {
    title: "null goes on to the next table",
    rules: { banned_rules: { DEFAULT: [{ regexp: [["\\.exe$", null]] }, { regexp: ["^\\.exe$"] }] } },
    names: [".exe,.exe-ms,evil.exe"],
  },
  {
    title: "DISCARD keeps the sender from being told",
    rules: { banned_filename_re: { regexp: [["\\.exe$", "DISCARD"]] } },
    names: [".exe,.exe-ms,evil.exe"],
    discards: true,
  },
  {
    title: "what cannot be deciphered has a name of its own",
    rules: { banned_filename_re: { regexp: ["^UNDECIPHERABLE$"] } },
    parts: { parts: [part("1", -1, { types: ["zip"], names: ["x.zip"], encrypted: true })], unchecked: [] },
    names: [".zip,x.zip,UNDECIPHERABLE"],
  },
  {
    title: "a part that could not be looked into counts as that",
    rules: { banned_filename_re: { regexp: ["^UNDECIPHERABLE$"] } },
    parts: {
      parts: [part("1", -1, { types: ["rar"] })],
      unchecked: [{ reason: "failed", path: "1", detail: "damaged" }],
    },
    names: [".rar,UNDECIPHERABLE"],
  },
  {
    title: "a rule that does not exist bans nothing",
    base: { banned_filename_maps: ["ALT-RULES"] },
    rules: { banned_filename_re: exe },
  },
  {
    title: "rules by recipient, all that match",
    base: { banned_filename_maps: [{ "a@here.example": "NONE", ".": "PROGRAMS" }] },
    rules: { banned_rules: { NONE: [], PROGRAMS: [exe] } },
    names: [".exe,.exe-ms,evil.exe"],
  },
  {
    title: "the path pattern sees lines of containers and part",
    base: { banned_namepath_re: { regexp: ["(?s)M=application/zip\\tT=zip\\tN=bill\\.zip\\n.*T=exe"] } },
    rules: {},
    names: [".exe,.exe-ms,evil.exe"],
  },
  {
    title: "the path pattern is not asked about what a table allows",
    base: { banned_namepath_re: { regexp: ["T=exe"] } },
    rules: { banned_filename_re: { regexp: [["\\.exe$", 0]] } },
  },
];

for (const { title, base = {}, rules, parts = mail, names, discards = false } of cases) {
  test(`banned: ${title}`, () => {
    const bank = setUp({ base, rules }).base;
    const found = createFindBanned(bank, parts)("a@here.example");
    assert.deepEqual(found?.found.names, names);
    if (names !== undefined) assert.equal(found?.discards, discards);
  });
}

test("recipients with the same tables are answered once, others by their own", () => {
  const base: BankOverlay = {
    banned_filename_maps: [{ "free@here.example": "NONE", "here.example": "PROGRAMS" }],
  };
  const bank = setUp({ base, rules: { banned_rules: { NONE: [{ regexp: [[".", 0]] }], PROGRAMS: [exe] } } }).base;
  const find = createFindBanned(bank, mail);
  assert.equal(find("a@here.example"), find("b@here.example"));
  assert.equal(find("free@here.example"), undefined);
  assert.equal(find("a@there.example"), undefined);
});

test("a recipient bans names if any table holds for it", () => {
  assert.equal(bansNames(setUp({}).base, "a@x"), false);
  assert.equal(bansNames(setUp({ rules: { banned_filename_re: exe } }).base, "a@x"), true);
  assert.equal(bansNames(setUp({ base: { banned_namepath_re: exe } }).base, "a@x"), true);
  assert.equal(
    bansNames(setUp({ base: { banned_filename_maps: [] }, rules: { banned_filename_re: exe } }).base, "a@x"),
    false,
  );
});

test("what was worked out of parts that are kept is kept for as long as the tables are the same", () => {
  const bank = setUp({ rules: { banned_filename_re: exe } }).base;
  const kept: PartsFound = { ...mail, isKept: true };
  assert.equal(createFindBanned(bank, kept), createFindBanned({ ...bank }, kept));
  assert.notEqual(createFindBanned(bank, mail), createFindBanned(bank, mail));
  const other = setUp({ rules: {} }).base;
  assert.equal(createFindBanned(other, kept)("a@here.example"), undefined);
  assert.ok(createFindBanned(bank, kept)("a@here.example"));
});

test("each distinct text meets each pattern once, however many recipients there are", () => {
  let tests = 0;
  const pattern = { key: "x", value: "1", test: () => ++tests < 0 };
  const rules = [{ name: "X", tables: [{ patterns: [pattern] }] }];
  const map = { first: () => undefined, all: () => [{ value: rules, key: "(constant)" }] };
  const find = createFindBanned({ banned_filename_maps: map, banned_namepath_re: undefined }, mail);
  for (let index = 0; index < 50; index += 1) find(`user${index}@here.example`);
  assert.equal(tests, 11);
});
