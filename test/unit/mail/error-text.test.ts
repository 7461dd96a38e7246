import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorCode, errorStack, errorText } from "../../../src/mail/error-text.ts";

test("an error is its message, anything else its text", () => {
  assert.equal(errorText(new Error("the disk is full")), "the disk is full");
  assert.equal(errorText("no error at all"), "no error at all");
  assert.equal(errorText(undefined), "undefined");
});

test("where it was thrown goes along when asked for", () => {
  assert.match(errorStack(new Error("broken")), /^Error: broken\n {4}at /);
  assert.equal(errorStack(7), "7");
});

test("the code is that of the system, or there is none", () => {
  let thrown: unknown;
  try {
    readFileSync("/nonexistent");
  } catch (error) {
    thrown = error;
  }
  assert.equal(errorCode(thrown), "ENOENT");
  for (const error of [new Error("x"), Object.assign(new Error("x"), { code: 5 }), { code: "ENOENT" }, null]) {
    assert.equal(errorCode(error), undefined);
  }
});
