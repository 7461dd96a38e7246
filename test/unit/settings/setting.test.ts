import assert from "node:assert/strict";
import { test } from "node:test";
import { integer } from "../../../src/settings/number-shape.ts";
import { known, readRecord, setting, unknownName, withDefaults } from "../../../src/settings/setting.ts";
import { list, optional, reporter, text, toggle } from "../../../src/settings/shape.ts";

const rows = {
  colour: setting(text, "red", "A colour.", "flow"),
  size: setting(integer(1, 9), 3, "A size.", "flow"),
  names: setting(list(text), [], "Names.", "flow"),
  end: setting(optional(text), "here", "An end.", "flow"),
  is_new: setting(toggle, true, "Whether it is new.", "flow"),
};

const knownNames = { shade: known(integer(0, 9), "A shade.") };

function read(given: Readonly<Record<string, unknown>>) {
  const faults: string[] = [];
  const report = reporter((message, inside, at) => faults.push(`${inside.join(".")} (${at}): ${message}`));
  return { record: readRecord(given, rows, report, knownNames), faults };
}

test("a record has the members that were given, in their normal form", () => {
  const { record, faults } = read({ size: "4", names: "one", is_new: 0 });
  assert.deepEqual(record, { size: 4, names: ["one"], is_new: false });
  assert.deepEqual(faults, []);
});

test("every fault is reported, and what has one is left out", () => {
  const { record, faults } = read({ size: 12, names: ["one", {}, []], colour: "blue", sise: 1 });
  assert.deepEqual(record, { colour: "blue" });
  assert.deepEqual(faults, [
    "size (value): expected a whole number from 1 to 9, found 12",
    "names.1 (value): expected text, found a mapping",
    "names.2 (value): expected text, found a list",
    'sise (name): unknown setting, did you mean "size"?',
  ]);
});

test("a known name is checked for its form and left out", () => {
  assert.deepEqual(read({ shade: 3, size: 2 }), { record: { size: 2 }, faults: [] });
  assert.deepEqual(read({ shade: null }), { record: {}, faults: [] });
  assert.deepEqual(read({ shade: 10 }), {
    record: {},
    faults: ["shade (value): expected a whole number from 0 to 9, found 10"],
  });
});

test("null is the default, unless the shape has a null of its own", () => {
  assert.deepEqual(read({ size: null, end: null }).record, { size: 3, end: null });
});

test("members of every object's prototype are no settings", () => {
  const { record, faults } = read(JSON.parse('{"__proto__": 1, "constructor": 2}'));
  assert.deepEqual(Object.keys(record), []);
  assert.equal(faults.length, 2);
});

test("what is not given has its default", () => {
  assert.deepEqual(withDefaults({ size: 5 }, rows), { colour: "red", size: 5, names: [], end: "here", is_new: true });
});

test("a name that is near a known one is asked about, with or without amavisd's sigil", () => {
  assert.equal(unknownName("colors", ["colour"]), 'unknown setting, did you mean "colour"?');
  assert.equal(
    unknownName("$colour", ["colour"]),
    'unknown setting, did you mean "colour"? (names stand without $, @ and %)',
  );
  assert.equal(unknownName("weight", ["colour"]), "unknown setting");
});
