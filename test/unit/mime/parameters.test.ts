import assert from "node:assert/strict";
import { test } from "node:test";
import { findAttribute, withoutComments } from "../../../src/mime/parameters.ts";

const cases: readonly [string, readonly string[], "clean" | "odd"][] = [
  ["a/b; name=x.exe", ["x.exe"], "clean"],
  ['a/b; name="x.exe"', ["x.exe"], "clean"],
  ['a/b; name="a b;c.exe"', ["a b;c.exe"], "clean"],
  ["a/b; NAME=x.exe; charset=y", ["x.exe"], "clean"],
  ["a/b; other=1;\n name=x", ["x"], "clean"],
  ["a/b; name =x", ["x"], "odd"],
  ["a/b; name= x", ["x"], "odd"],
  ["a/b name=x", ["x"], "odd"],
  ["a/b; name=x y.exe", ["x", "x y.exe", "x y.exe", "x y.exe", "x y.exe"], "odd"],
  ['a/b; name="x\\"y"', ['x"y', 'x\\"y', "x\\"], "odd"],
  ['a/b; name="x', ["x", "x"], "odd"],
  ['a/b; name="x.txt".exe', ["x.txt", "x.txt.exe", "x.txt.exe"], "odd"],
  ["a/b; name=(c)x.exe", ["(c)x.exe", "(c)x.exe", "(c)x.exe", "x.exe", "(c)x.exe"], "odd"],
  ['a/b; other="; name=x.exe"', ["x.exe", 'x.exe"', "x.exe", 'x.exe"', 'x.exe"'], "odd"],
  ["a/b; (; name=x.exe", ["x.exe"], "odd"],
];

for (const [value, readings, how] of cases) {
  test(`reads the name in ${JSON.stringify(value)}`, () => {
    const {
      all: [found, ...more],
    } = findAttribute(value, "name");
    assert.deepEqual(found?.readings, readings);
    assert.equal(found?.clean === true ? "clean" : "odd", how);
    assert.deepEqual(more, []);
  });
}

test("an attribute is a whole word", () => {
  assert.deepEqual(findAttribute("a/b; filename=x; my-name=y; name2=z; name", "name").all, []);
});

test("sections and extended values are told as such", () => {
  const { all: found } = findAttribute("a; name*=u''x; name*0=a; name*1*=b; name*12*=c", "name");
  assert.deepEqual(
    found.map(({ section, extended }) => [section, extended]),
    [
      [undefined, true],
      [0, false],
      [1, true],
      [12, true],
    ],
  );
});

test("comments nest", () => {
  assert.equal(withoutComments("a(b(c)d)e"), "ae");
  assert.equal(withoutComments("a)b"), "a)b");
  assert.equal(withoutComments("a(b"), "a");
});
