import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalizeField } from "../../../src/dkim/canonical-header.ts";
import { FieldIndex } from "../../../src/dkim/field-index.ts";
import { splitHeader } from "../../../src/mail/header.ts";

/** A field; relaxed; without white space. What is simple is the field itself. */
const fields = [
  ["Subject: one", "subject:one", "Subject:one"],
  ["SUBJect \t:\tone  two\t ", "subject:one two", "SUBJect:onetwo"],
  ["To: a,\r\n\tb ,\r\n c\r\n ", "to:a, b , c", "To:a,b,c"],
  ["To:\r\n a", "to:a", "To:a"],
  ["X: \r\n\t\r\n ", "x:", "X:"],
  ["X:", "x:", "X:"],
  ["X: a:b : c", "x:a:b : c", "X:a:b:c"],
  ["X: a\rb \nc", "x:a\rb \nc", "X:abc"],
  ["X: a\r\r\n b", "x:a\r b", "X:ab"],
  ["X: \xc9\xe9\0", "x:\xc9\xe9\0", "X:\xc9\xe9\0"],
] as const;

for (const [field, relaxed, nofws] of fields) {
  test(`canonicalizes ${JSON.stringify(field)}, with its final CRLF or without`, () => {
    for (const text of [field, `${field}\r\n`]) {
      assert.equal(canonicalizeField(text, "simple"), field);
      assert.equal(canonicalizeField(text, "relaxed"), relaxed);
      assert.equal(canonicalizeField(text, "nofws"), nofws);
    }
  });
}

test("what is signed is each name's lowest field not yet taken, then the signature's own", () => {
  const { fields: split } = splitHeader(Buffer.from("To: 1\r\nX:  a\r\nto:\t2\r\nFrom: f\r\n", "latin1"));
  const own = Buffer.from("DKIM-Signature:  b=\r\n", "latin1");
  const signed = new FieldIndex(split).signedOctets(["to", "from", "cc", "to", "to", "from"], "relaxed", own);
  assert.equal(signed.toString("latin1"), "to:2\r\nfrom:f\r\nto:1\r\ndkim-signature:b=");
});
