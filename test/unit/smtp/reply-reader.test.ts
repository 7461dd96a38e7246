import assert from "node:assert/strict";
import { test } from "node:test";
import { type ReadReply, ReplyReader } from "../../../src/smtp/reply-reader.ts";

function readAll(...chunks: readonly string[]): ReadReply[] {
  const reader = new ReplyReader();
  const replies: ReadReply[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) {
      replies.push(reply);
      if ("garbage" in reply) return replies;
    }
  }
  return replies;
}

const single: readonly [string, ReadReply][] = [
  ["250 2.1.0 Ok\r\n", { code: 250, enhanced: "2.1.0", text: "Ok" }],
  ["250 Ok\r\n", { code: 250, enhanced: "", text: "Ok" }],
  ["250\r\n", { code: 250, enhanced: "", text: "" }],
  ["250 \r\n", { code: 250, enhanced: "", text: "" }],
  ["250 2.0.0\r\n", { code: 250, enhanced: "2.0.0", text: "" }],
  ["250 Ok\n", { code: 250, enhanced: "", text: "Ok" }],
  ["550 5.1.1 <a@b>: unknown\r\n", { code: 550, enhanced: "5.1.1", text: "<a@b>: unknown" }],
  ["250 5.1.1 class differs\r\n", { code: 250, enhanced: "", text: "5.1.1 class differs" }],
  ["250 2.1 x\r\n", { code: 250, enhanced: "", text: "2.1 x" }],
  ["250 2..1 x\r\n", { code: 250, enhanced: "", text: "2..1 x" }],
  ["250 2.1. x\r\n", { code: 250, enhanced: "", text: "2.1. x" }],
  ["250 2.1.1x\r\n", { code: 250, enhanced: "", text: "2.1.1x" }],
  ["250 2.1234.1 x\r\n", { code: 250, enhanced: "", text: "2.1234.1 x" }],
  ["250 2.123.456\tx\r\n", { code: 250, enhanced: "2.123.456", text: "x" }],
  ["354 3.1.1 x\r\n", { code: 354, enhanced: "", text: "3.1.1 x" }],
  ["550-5.1.1 first\r\n550 5.1.1 second\r\n", { code: 550, enhanced: "5.1.1", text: "first second" }],
  ["550-first\r\n550-\r\n550 third\r\n", { code: 550, enhanced: "", text: "first third" }],
  ["250-fine\r\n451 4.3.0 not\r\n", { code: 451, enhanced: "", text: "fine 4.3.0 not" }],
  ["250 a\x00b\xe4\x1b[1m\r\n", { code: 250, enhanced: "", text: "a?b?[1m" }],
];

for (const [wire, reply] of single) {
  test(`reads ${JSON.stringify(wire)} however it arrives`, () => {
    assert.deepEqual(readAll(wire), [reply]);
    assert.deepEqual(readAll(...wire), [reply]);
  });
}

test("reads several replies from one chunk, and keeps the rest for later", () => {
  assert.deepEqual(readAll("250 a\r\n354 b\r\n25", "0 c\r\n"), [
    { code: 250, enhanced: "", text: "a" },
    { code: 354, enhanced: "", text: "b" },
    { code: 250, enhanced: "", text: "c" },
  ]);
});

test("cuts a long text", () => {
  const [reply] = readAll(`550 ${"x".repeat(3000)}\r\n`);
  assert.equal(reply !== undefined && "text" in reply ? reply.text.length : 0, 400);
});

test("gives the lines of the last reply for EHLO", () => {
  const reader = new ReplyReader();
  reader.push("250-me\r\n250-PIPELINING\r\n250 DSN\r\n250 next\r\n");
  reader.next();
  assert.deepEqual(reader.lines, ["me", "PIPELINING", "DSN"]);
});

const garbage = [
  "hello\r\n",
  "\r\n",
  "25 short\r\n",
  "999 high\r\n",
  "150 low\r\n",
  "2x0 odd\r\n",
  "250_x\r\n",
  "HTTP/1.1 400 Bad Request\r\n",
  "x".repeat(5000),
  `250 ${"x".repeat(5000)}\r\n`,
  "250-more\r\n".repeat(200),
];

for (const wire of garbage) {
  test(`calls ${JSON.stringify(wire.slice(0, 24))} garbage`, () => {
    const last = readAll(wire).at(-1);
    assert.equal(last !== undefined && "garbage" in last, true);
  });
}
