import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawTable, TableContext, TableProblem } from "../../../src/lookup/table.ts";
import { bannedRulesValue, compileBannedRules, compileBannedTable } from "../../../src/policy/banned-table.ts";

function contextWith(): TableContext & { readonly problems: TableProblem[] } {
  const problems: TableProblem[] = [];
  return {
    problems,
    readFile: () => "",
    origin: (path) => path.join("."),
    problem: (problem) => problems.push(problem),
  };
}

const lookUp = (table: RawTable, text: string) =>
  compileBannedTable(table, contextWith(), [])?.patterns.find((pattern) => pattern.test(text));

const values: readonly (readonly [string, RawTable, string, string | undefined])[] = [
  ["a pattern alone bans", { regexp: ["\\.exe$"] }, "a.exe", "1"],
  ["true bans", { regexp: [["\\.exe$", true]] }, "a.exe", "1"],
  ["0 allows", { regexp: [["\\.exe$", 0]] }, "a.exe", ""],
  ["text is kept", { regexp: [["\\.exe$", "DISCARD please"]] }, "a.exe", "DISCARD please"],
  ["null says nothing", { regexp: [["\\.exe$", null]] }, "a.exe", undefined],
  ["a constant holds for all", true, "anything", "1"],
  ["a mapping has names in any case", { "Setup.EXE": true }, "setup.exe", "1"],
  ["a list has names", ["setup.exe"], "setup.exe", "1"],
  ["a list can allow", ["!setup.exe"], "setup.exe", ""],
];

for (const [title, table, text, value] of values) {
  test(`tables of banned names: ${title}`, () => {
    const pattern = lookUp(table, text);
    assert.notEqual(pattern, undefined);
    assert.equal(pattern?.value, value);
  });
}

test("a comment of the pattern is the rule's name in the log, and says where it stands", () => {
  const pattern = lookUp({ regexp: ["(?# double extension )\\.[^.]+\\.exe$"] }, "a.txt.exe");
  assert.equal(pattern?.comment, "double extension");
  assert.equal(pattern?.origin, "regexp.0");
});

test("of a name longer than a regexp sees, both ends are looked at", () => {
  const long = `evil${"x".repeat(20_000)}.exe`;
  assert.notEqual(lookUp({ regexp: ["\\.exe$"] }, long), undefined);
  assert.notEqual(lookUp({ regexp: ["^evil"] }, long), undefined);
});

test("a pattern that cannot be taken and a table in a file are problems with their places", () => {
  const context = contextWith();
  compileBannedRules(
    { banned_rules: { ALT: [{ regexp: ["a(?<=b)"] }, { file: "/x" }] }, banned_filename_re: { regexp: ["("] } },
    context,
  );
  assert.deepEqual(
    context.problems.map(({ path }) => path.join(".")),
    ["banned_filename_re.regexp.0", "banned_rules.ALT.0.regexp.0", "banned_rules.ALT.1"],
  );
});

test("DEFAULT is banned_filename_re unless it is defined", () => {
  const re = { regexp: ["\\.exe$"] };
  assert.equal(compileBannedRules({ banned_filename_re: re }, contextWith()).get("DEFAULT")?.tables.length, 1);
  assert.equal(
    compileBannedRules({ banned_filename_re: re, banned_rules: { DEFAULT: [] } }, contextWith()).get("DEFAULT")?.tables
      .length,
    0,
  );
});

test("a map yields rules by names with commas or blanks, or tables of its own", () => {
  const rules = compileBannedRules({ banned_rules: { A: [{ regexp: ["a"] }], B: [{ regexp: ["b"] }] } }, contextWith());
  const type = bannedRulesValue(rules, contextWith());
  assert.deepEqual(
    type.read("A, B", [])?.map(({ name, tables }) => [name, tables.length]),
    [
      ["A", 1],
      ["B", 1],
    ],
  );
  assert.deepEqual(type.read("NOBODY", []), [{ name: "NOBODY", tables: [] }]);
  assert.equal(type.read([{ regexp: ["c"] }, "A"], [])?.length, 2);
  assert.equal(type.read(1, []), undefined);
});
