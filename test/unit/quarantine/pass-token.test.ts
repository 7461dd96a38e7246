import assert from "node:assert/strict";
import { test } from "node:test";
import { createPassTokens, passField } from "../../../src/quarantine/pass-token.ts";

const tokens = createPassTokens(Buffer.alloc(32, 1));
const body = Buffer.alloc(32, 2);
const now = 1_790_000_000_000;
const field = tokens.field("t5bDoRaO1a6J", body, now);
const text = field.slice(field.indexOf(":") + 1).replace("\r\n", "");
const day = 86_400_000;

test("one field of ASCII, by its name", () => {
  assert.match(field, /^X-Signpost-Pass: t5bDoRaO1a6J [0-9a-z]+\r\n [\w-]{43}\r\n$/);
  assert.ok(field.toLowerCase().startsWith(`${passField}:`));
});

for (const [title, given, digest, at, wanted] of [
  ["as it was made", text, body, now, "t5bDoRaO1a6J"],
  ["four days later", text, body, now + 4 * day, "t5bDoRaO1a6J"],
  ["a clock that goes after", text, body, now - 60_000, "t5bDoRaO1a6J"],
  ["too old", text, body, now + 6 * day, undefined],
  ["from the future", text, body, now - day, undefined],
  ["another body", text, Buffer.alloc(32, 3), now, undefined],
  ["another mail_id", text.replace("t5bDoRaO1a6J", "t5bDoRaO1a6K"), body, now, undefined],
  ["another time", text.replace(/ [0-9a-z]+ /, ` ${(now + 1).toString(36)} `), body, now, undefined],
  ["made up", `t5bDoRaO1a6J ${now.toString(36)} ${"A".repeat(43)}`, body, now, undefined],
  ["something else", "yes", body, now, undefined],
  ["nothing", "", body, now, undefined],
] as const) {
  test(`checked: ${title}`, () => assert.equal(tokens.check(given, digest, at), wanted));
}

test("another key's is none", () => {
  assert.equal(createPassTokens(Buffer.alloc(32, 9)).check(text, body, now), undefined);
});
