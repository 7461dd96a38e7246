import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "../../../src/config/yaml-document.ts";

function faultsOf(text: string): { settings: unknown; faults: string[] } {
  const faults: string[] = [];
  const parsed = parseYaml("f.yaml", text, (severity, { line, column }, message) =>
    faults.push(`${severity} ${line}:${column} ${message}`),
  );
  return { settings: parsed?.document.toJS(), faults };
}

test("what cannot be taken is reported at its place, and there is no document", () => {
  const cases: [text: string, fault: string][] = [
    ["a: 1\na: 2", 'error 2:1 "a" stands twice here'],
    ["? [a]\n: 1", "error 1:3 expected a name before the colon"],
    ["a: 1\nb: \ufffd", "error 2:4 an octet here is not UTF-8: save the file as UTF-8"],
    [
      "a:\u00a01",
      "error 1:3 the blank here is U+00A0 (no-break space), which YAML takes for a letter: write a plain one",
    ],
  ];
  for (const [text, fault] of cases) assert.deepEqual(faultsOf(text), { settings: undefined, faults: [fault] }, text);
});

test("one fault is told once, in words of ours", () => {
  assert.deepEqual(faultsOf("mydomain: example.com\n  foo: 1\n").faults, [
    'error 1:11 a second ": " on one line: put the value into quotes, or begin a new line and indent it',
  ]);
  assert.equal(
    faultsOf("a: - 1\n").faults[0],
    'error 1:4 a list begins here, beside a setting: put its "- " below the name it belongs to',
  );
});

test("of a file that is no YAML the first ten errors are reported, and how many more there are", () => {
  const { settings, faults } = faultsOf("}\n".repeat(30));
  assert.deepEqual([settings, faults.length], [undefined, 11]);
  assert.match(faults[10] ?? "", /^error 1:1 \d+ more errors: is this YAML\?$/);
});

test("a number that is written otherwise than it is shown stays the text it is", () => {
  const { settings, faults } = faultsOf("a: 172.20\nb: 0660\nc: 10\nd: 6e8");
  assert.deepEqual([settings, faults], [{ a: "172.20", b: "0660", c: 10, d: "6e8" }, []]);
});
