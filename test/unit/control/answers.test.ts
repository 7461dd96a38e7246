import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsOf, listOf, textOf, textsOf } from "../../../src/control/answers.ts";

test("what has another shape than expected reads as empty", () => {
  for (const value of [undefined, null, 7, "text"]) {
    assert.deepEqual(fieldsOf(value), {});
    assert.deepEqual(listOf(value), []);
    assert.deepEqual(textsOf(value), []);
  }
  assert.equal(textOf({}), "");
});

test("what has the shape is read", () => {
  assert.deepEqual(listOf([{ id: "a" }, 7]), [{ id: "a" }, {}]);
  assert.deepEqual(textsOf(["a", 7]), ["a", ""]);
});
