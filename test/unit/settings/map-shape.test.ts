import assert from "node:assert/strict";
import { test } from "node:test";
import { table } from "../../../src/settings/map-shape.ts";

function refuse(wanted: string): never {
  throw new Error(wanted);
}

const pairs = [
  ["\\.exe$", true],
  ["\\.txt$", 0],
];

test("a list of pairs is a table of patterns, as the longer form is", () => {
  assert.deepEqual(table.read(pairs, refuse), table.read({ regexp: pairs }, refuse));
});

test("a list of names is an access list, an empty one too", () => {
  assert.deepEqual(table.read(["example.com", "!example.net"], refuse), ["example.com", "!example.net"]);
  assert.deepEqual(table.read([], refuse), []);
});

test("names and pairs in one list are neither", () => {
  assert.throws(() => table.read(["example.com", ["\\.exe$", true]], refuse), /access list/);
});
