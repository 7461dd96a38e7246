import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonText } from "../../../src/mail/json-text.ts";

const wild = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

test("JSON of mail's text holds nothing that a terminal acts on, and means the same", () => {
  for (const code of [0x1b, 0x7f, 0x85, 0x9b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069]) {
    const value = { [`key${String.fromCharCode(code)}`]: [`a${String.fromCharCode(code)}2Jb`] };
    const json = jsonText(value);
    assert.doesNotMatch(json, wild, code.toString(16));
    assert.deepEqual(JSON.parse(json), value);
  }
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(jsonText(text), wild);
      assert.equal(JSON.parse(jsonText([text]))[0], text);
    }),
  );
});

test("text that a terminal may have stays as it is", () => {
  assert.equal(jsonText({ name: "Jörg 漢字 😀" }), '{"name":"Jörg 漢字 😀"}');
});
