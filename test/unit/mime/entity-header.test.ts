import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { type EntityHeader, readEntityHeader } from "../../../src/mime/entity-header.ts";
import { lines } from "../../support/mail-parts.ts";

const read = (texts: readonly string[], within?: string): EntityHeader =>
  readEntityHeader(splitHeader(Buffer.from(lines(...texts), "latin1")).fields, within);

type Short = [type: string, kind: EntityHeader["kind"], encodings: string, doubts: number];
const short = ({ declaredType, kind, encodings, doubts }: EntityHeader): Short => [
  declaredType,
  kind,
  encodings.join(" "),
  doubts.length,
];

const cases: readonly [string, readonly string[], Short][] = [
  ["nothing", [], ["text/plain", "leaf", "identity", 0]],
  ["a type", ["Content-Type: Text/HTML; charset=x"], ["text/html", "leaf", "identity", 0]],
  ["a comment", ["Content-Type: text/plain (plain) ; charset=x"], ["text/plain", "leaf", "identity", 0]],
  ["a type without its half", ["Content-Type: text"], ["text", "leaf", "identity", 0]],
  ["an empty type", ["Content-Type:"], ["text/plain", "leaf", "identity", 0]],
  ["a mail", ["Content-Type: message/rfc822"], ["message/rfc822", "message", "identity", 0]],
  ["a multipart", ["Content-Type: multipart/mixed; boundary=a"], ["multipart/mixed", "multipart", "identity", 0]],
  [
    "a multipart in two words",
    ["Content-Type: multipart mixed; boundary=a"],
    ["multipart", "multipart", "identity", 1],
  ],
  [
    "a multipart in quotes",
    ['Content-Type: "multipart/mixed"; boundary=a'],
    ['"multipart/mixed"', "multipart", "identity", 1],
  ],
  [
    "a multipart with a comment",
    ["Content-Type: multipart/(x)mixed; boundary=a"],
    ["multipart/mixed", "multipart", "identity", 1],
  ],
  ["a boundary and no type", ["Content-Type: ; boundary=a"], ["text/plain", "multipart", "identity", 1]],
  [
    "a multipart in base64",
    ["Content-Type: multipart/mixed; boundary=a", "Content-Transfer-Encoding: base64"],
    ["multipart/mixed", "multipart", "base64", 1],
  ],
  [
    "a mail in base64",
    ["Content-Type: message/rfc822", "Content-Transfer-Encoding: base64"],
    ["message/rfc822", "message", "base64", 1],
  ],
  ["a piece of a mail", ["Content-Type: message/partial; id=x; number=1"], ["message/partial", "leaf", "identity", 1]],
  [
    "two types",
    ["Content-Type: text/plain", "Content-Type: multipart/mixed; boundary=a"],
    ["multipart/mixed", "multipart", "identity", 1],
  ],
  ["one type twice", ["Content-Type: text/plain", "Content-Type: text/plain"], ["text/plain", "leaf", "identity", 0]],
  [
    "two charsets",
    ["Content-Type: text/plain; charset=a", "Content-Type: text/plain; charset=b"],
    ["text/plain", "leaf", "identity", 0],
  ],
  [
    "two boundaries",
    ["Content-Type: multipart/mixed; boundary=a", "Content-Type: multipart/mixed; boundary=b"],
    ["multipart/mixed", "multipart", "identity", 1],
  ],
  ["base64", ["Content-Transfer-Encoding: BASE64"], ["text/plain", "leaf", "base64", 0]],
  ["uuencode", ["Content-Transfer-Encoding: x-uuencode"], ["text/plain", "leaf", "uuencode", 0]],
  [
    "two encodings",
    ["Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64"],
    ["text/plain", "leaf", "identity base64", 1],
  ],
  [
    "one encoding twice",
    ["Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: Base64"],
    ["text/plain", "leaf", "base64", 0],
  ],
  ["junk before base64", ["Content-Transfer-Encoding: x base64"], ["text/plain", "leaf", "identity base64", 1]],
  ["junk behind base64", ["Content-Transfer-Encoding: base64;"], ["text/plain", "leaf", "identity base64", 1]],
  ["a comment on base64", ["Content-Transfer-Encoding: base64 (x)"], ["text/plain", "leaf", "identity base64", 1]],
  [
    "half of quoted-printable",
    ["Content-Transfer-Encoding: quoted_printable"],
    ["text/plain", "leaf", "identity quoted-printable", 1],
  ],
  ["an unknown encoding", ["Content-Transfer-Encoding: x-new"], ["text/plain", "leaf", "identity", 1]],
  ["a harmless encoding", ["Content-Transfer-Encoding: 8 bit"], ["text/plain", "leaf", "identity", 0]],
  ["a line that is no field", ["Content-Type: text/html", "no field"], ["text/html", "leaf", "identity", 1]],
  [
    "a line of mbox",
    ["From a@b.example Mon Nov  2 2026", "Content-Type: text/html"],
    ["text/html", "leaf", "identity", 0],
  ],
  ["white space before the colon", ["Content-Type : text/html"], ["text/html", "leaf", "identity", 1]],
  ["a fold of blanks", ["Subject: a", "  ", " b", "Content-Type: text/html"], ["text/html", "leaf", "identity", 1]],
  [
    "a fold of blanks at the end",
    ["Content-Type: text/html", "Subject: a", "  "],
    ["text/html", "leaf", "identity", 0],
  ],
  [
    "a fold of blanks at the end, above base64",
    ["Content-Transfer-Encoding: base64", "Subject: a", "  "],
    ["text/plain", "leaf", "base64", 1],
  ],
  ["a charset nobody knows", ["Content-Type: a/b; name==?IBM037?B?xQ==?="], ["a/b", "leaf", "identity", 1]],
  ["NUL", ["Content-Type: text/html\0; x"], ["text/html\0", "leaf", "identity", 1]],
];

for (const [name, texts, expected] of cases) {
  test(`reads a header with ${name}`, () => {
    assert.deepEqual(short(read(texts)), expected);
  });
}

test("within a digest an entity is a mail unless it says otherwise", () => {
  assert.equal(read([], "multipart/digest").kind, "message");
  assert.equal(read(["Content-Type: text/plain"], "multipart/digest").kind, "leaf");
});

test("names come from both fields, doubled ones too", () => {
  const { names } = read([
    "Content-Type: a/b; name=one",
    "Content-Disposition: attachment; filename=two",
    "Content-Disposition: attachment; filename=three; name=four",
    "content-type: a/b; filename=five",
  ]);
  assert.deepEqual(new Set(names), new Set(["one", "two", "three", "four", "five"]));
});

test("too many names and values that are too long are told", () => {
  const many = Array.from(
    { length: 10 },
    (_, i) => `Content-Disposition: a${Array.from({ length: 20 }, (_, j) => `; name=n${i}.${j}`).join("")}`,
  );
  assert.equal(read(many).doubts[0]?.reason, "over-limits");
  assert.equal(read([`Content-Type: text/plain; x=${"y".repeat(40_000)}`]).doubts[0]?.reason, "over-limits");
});

test("what is told of a header says why", () => {
  assert.deepEqual(read(["Content-Type: multipart/mixed"]).doubts, [
    { reason: "ambiguous", detail: "multipart without a boundary" },
  ]);
});
