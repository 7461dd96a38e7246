import assert from "node:assert/strict";
import { test } from "node:test";
import { ownCopy } from "../../../src/mail/own-copy.ts";

test("a copy is the same text, whatever is in it", () => {
  for (const text of ["", "a", "s1._domainkey.example.com", "b\u00fccher.example", "\u{1f4ee} and \u4fe1", "\0"])
    assert.equal(ownCopy(text), text);
});
