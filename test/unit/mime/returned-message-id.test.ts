import assert from "node:assert/strict";
import { test } from "node:test";
import { returnedMessageId } from "../../../src/mime/returned-message-id.ts";

const lines = (...all: readonly string[]) => all.map((line) => `${line}\r\n`).join("");

const cases: readonly (readonly [string, string, string | undefined])[] = [
  [
    "an attached header (RFC 3464)",
    lines("--b", "Content-Type: text/rfc822-headers", "", "From: a@b", "Message-ID: <x@y>", "", "--b--"),
    "<x@y>",
  ],
  [
    "an attached message, its field folded and in other letters",
    lines("--b", "content-type: MESSAGE/RFC822; charset=x", "", "message-id:", " <x@y>"),
    "<x@y>",
  ],
  ["a header in UTF-8", lines("Content-Type: message/global-headers", "", "Message-Id: <x@y>"), "<x@y>"],
  ["qmail's", lines("Hi.", "--- Below this line is a copy of the message.", "", "Message-ID: <x@y>"), "<x@y>"],
  ["not what stands before the mail that comes back", lines("Message-ID: <x@y>", "Hello"), undefined],
  ["none in it", lines("Content-Type: message/rfc822", "", "From: a@b"), undefined],
  ["not what is no Message-ID", lines("Content-Type: message/rfc822", "", "Message-ID: x y"), undefined],
  ["nor one that is never folded", lines("Content-Type: message/rfc822", "", "Message-ID:", "X: <x@y>"), undefined],
  ["line ends of Unix", "Content-Type: message/rfc822\n\nMessage-ID: <x@y>\n", "<x@y>"],
  [
    "the first of several",
    lines("Content-Type: message/rfc822", "", "Message-ID: <a@y>", "Message-ID: <b@y>"),
    "<a@y>",
  ],
];

for (const [title, body, id] of cases) {
  test(`what a bounce brings back: ${title}`, () => assert.equal(returnedMessageId(body), id));
}

test("a body without line ends is one line, of which the beginning is looked at", () => {
  assert.equal(returnedMessageId(`Content-Type: message/rfc822${" ".repeat(200_000)}`), undefined);
});
