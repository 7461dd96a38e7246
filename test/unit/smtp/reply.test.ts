import assert from "node:assert/strict";
import { test } from "node:test";
import { wireLines, wireReply } from "../../../src/smtp/reply.ts";

const words = "word ".repeat(150).trim();

test("writes a reply on one line", () => {
  assert.equal(wireReply({ code: 250, enhanced: "2.0.0", text: "Ok" }), "250 2.0.0 Ok\r\n");
  assert.equal(wireReply({ code: 354, enhanced: "", text: "go on" }), "354 go on\r\n");
});

for (const [what, text] of [
  ["at blanks", words],
  ["in the middle of a word that has none", "x".repeat(1600)],
] as const) {
  test(`wraps a long reply at 510 octets ${what}`, () => {
    const lines = wireReply({ code: 554, enhanced: "5.7.1", text }).split("\r\n");
    assert.equal(lines.pop(), "");
    assert.ok(lines.length > 1);
    for (const line of lines) assert.ok(line.length <= 510);
    for (const line of lines.slice(0, -1)) assert.ok(line.startsWith("554-5.7.1 "));
    assert.ok(lines.at(-1)?.startsWith("554 5.7.1 "));
    const joint = text.includes(" ") ? " " : "";
    assert.equal(lines.map((line) => line.slice(10)).join(joint), text);
  });
}

test("lets nothing but printable ASCII out", () => {
  assert.equal(wireReply({ code: 550, enhanced: "", text: "a\r\n250 b\u00fc\x1b[0m" }), "550 a?250 b?[0m\r\n");
  assert.equal(wireLines(250, ["a\r\nb", "c"]), "250-a?b\r\n250 c\r\n");
});
