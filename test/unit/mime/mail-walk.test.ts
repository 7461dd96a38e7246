import assert from "node:assert/strict";
import { test } from "node:test";
import { base64Lines, doubts, lines, outline, partsOf } from "../../support/mail-parts.ts";

const exe = base64Lines("MZ not really").trimEnd();
const multipart = (boundary: string, ...more: string[]) => [
  `Content-Type: multipart/mixed; boundary=${boundary}`,
  ...more,
];

const cases: readonly [string, readonly string[], readonly string[], readonly string[]][] = [
  ["a plain mail", ["From: a@b.example", "", "Hello"], ["1 text/plain 7"], []],
  ["a mail without a body", ["From: a@b.example", ""], ["1 text/plain 0"], []],
  [
    "two parts",
    [
      ...multipart("b"),
      "",
      "preamble",
      "--b",
      "",
      "one",
      "--b",
      "Content-Type: text/html; name=x.htm",
      "",
      "two",
      "",
      "--b--",
      "epilogue",
    ],
    ["1 multipart/mixed 90", "1.1 text/plain 3", "1.2 text/html 5 x.htm"],
    [],
  ],
  [
    "no MIME-Version, an attachment",
    [
      ...multipart("b"),
      "",
      "--b",
      "Content-Disposition: attachment; filename=x.exe",
      "Content-Transfer-Encoding: base64",
      "",
      exe,
      "--b--",
    ],
    ["1 multipart/mixed 120", "1.1 text/plain 13 x.exe"],
    [],
  ],
  [
    "blanks behind delimiters",
    [...multipart("b"), "", "--b \t", "", "one", "--b--  "],
    ["1 multipart/mixed 23", "1.1 text/plain 3"],
    [],
  ],
  [
    "white space behind a delimiter that is neither blank nor tab",
    [...multipart("b"), "", "--b", "", "one", "--b\xa0", "", "two", "--b\v", "", "three", "--b--"],
    ["1 multipart/mixed 47", "1.1 text/plain 31"],
    ["ambiguous 1"],
  ],
  [
    "a part without header or body",
    [...multipart("b"), "", "--b", "--b", "", "--b--"],
    ["1 multipart/mixed 19", "1.1 text/plain 0"],
    [],
  ],
  [
    "a part that is header alone",
    [...multipart("b"), "", "--b", "Content-Type: text/html; name=y", "--b--"],
    ["1 multipart/mixed 45", "1.1 text/html 0 y"],
    [],
  ],
  ["no closing delimiter", [...multipart("b"), "", "--b", "", "one"], ["1 multipart/mixed 12", "1.1 text/plain 5"], []],
  [
    "a multipart within",
    [
      ...multipart("b"),
      "",
      "--b",
      ...multipart("c"),
      "",
      "--c",
      "",
      "one",
      "--c",
      "",
      "two",
      "--b",
      "",
      "three",
      "--b--",
    ],
    ["1 multipart/mixed 95", "1.1 multipart/mixed 22", "1.1.1 text/plain 3", "1.1.2 text/plain 3", "1.2 text/plain 5"],
    [],
  ],
  [
    "a mail within",
    [
      ...multipart("b"),
      "",
      "--b",
      "Content-Type: message/rfc822",
      "",
      "Subject: in",
      ...multipart("c"),
      "",
      "--c",
      "Content-Type: a/b; name=x.exe",
      "",
      "x",
      "--c--",
      "--b--",
    ],
    ["1 multipart/mixed 150", "1.1 message/rfc822 106", "1.1.1 multipart/mixed 48", "1.1.1.1 a/b 1 x.exe"],
    [],
  ],
  [
    "a mail within, in base64",
    [
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: base64",
      "",
      base64Lines(lines(...multipart("c"), "", "--c", "Content-Type: a/b; name=x.exe", "", "x")),
    ],
    ["1 message/rfc822 86", "1.1 multipart/mixed 41", "1.1.1 a/b 3 x.exe"],
    ["ambiguous 1"],
  ],
  [
    "a multipart in base64",
    [
      ...multipart("c", "Content-Transfer-Encoding: base64"),
      "",
      base64Lines(lines("--c", "Content-Type: a/b; name=x.exe", "", "x", "--c--")).trimEnd(),
    ],
    ["1 multipart/mixed 66", "1.1 a/b 1 x.exe"],
    ["ambiguous 1"],
  ],
  [
    "a digest",
    ["Content-Type: multipart/digest; boundary=b", "", "--b", "", "Subject: x", "", "y", "--b--"],
    ["1 multipart/digest 31", "1.1 message/rfc822 15", "1.1.1 text/plain 1"],
    [],
  ],
  [
    "a file in text",
    ["From: a@b.example", "", "begin 644 x.exe", "#86)C", "`", "end"],
    ["1 text/plain 32", "1.1 - 3 x.exe"],
    [],
  ],
  [
    "a file before the parts",
    [...multipart("b"), "", "begin 644 x.exe", "#86)C", "`", "end", "--b--"],
    ["1 multipart/mixed 39", "1.1 - 3 x.exe"],
    ["ambiguous 1"],
  ],
  [
    "a file behind the parts",
    [...multipart("b"), "", "--b", "", "x", "--b--", "begin 644 x.exe", "#86)C", "`", "end"],
    ["1 multipart/mixed 49", "1.1 text/plain 1", "1.2 - 3 x.exe"],
    [],
  ],
  [
    "uuencode declared",
    ["Content-Type: a/b", "Content-Transfer-Encoding: x-uue", "", "begin 644 x.exe", "#86)C", "`", "end"],
    ["1 a/b 32", "1.1 - 3 x.exe"],
    [],
  ],
  [
    "a kind of message that nobody knows",
    ["Content-Type: message/x-any", "", "From: a@b.example", "Content-Type: a/b; name=x.exe", "", "x"],
    ["1 message/x-any 55", "1.1 a/b 3 x.exe"],
    [],
  ],
  // Readers that differ: both ways are gone, and it is told.
  [
    "a boundary where the type is no multipart",
    ["Content-Type: text/plain; boundary=b", "", "--b", "Content-Type: a/b; name=x.exe", "", "x", "--b--"],
    ["1 text/plain 48", "1.1 a/b 1 x.exe"],
    ["ambiguous 1"],
  ],
  ["such a boundary that no line has", ["Content-Type: text/plain; boundary=b", "", "one"], ["1 text/plain 5"], []],
  [
    "uuencode declared, and something else there",
    ["Content-Type: a/b", "Content-Transfer-Encoding: x-uue", "", "hello"],
    ["1 a/b 7"],
    ["ambiguous 1"],
  ],
  [
    "uuencode with a line that is none before it",
    ["Content-Type: a/b", "", "begin 644 x.exe", "this is none", "#86)C", "`", "end"],
    ["1 a/b 46"],
    ["ambiguous 1"],
  ],
  [
    "an attached text with = that stands for nothing",
    ["Content-Disposition: attachment; filename=x", "Content-Transfer-Encoding: quoted-printable", "", "=4d=="],
    ["1 text/plain 2 x"],
    ["ambiguous 1"],
  ],
  [
    "two boundaries",
    [
      "Content-Type: multipart/mixed; boundary=b; boundary=c",
      "",
      "--b",
      "",
      "one",
      "--c",
      "Content-Type: a/b; name=x.exe",
      "",
      "x",
    ],
    ["1 multipart/mixed 53", "1.1 text/plain 3", "1.2 a/b 3 x.exe"],
    ["ambiguous 1"],
  ],
  [
    "a delimiter that goes on",
    [...multipart("b"), "", "--b", "", "one", "--bc", "--b--"],
    ["1 multipart/mixed 25", "1.1 text/plain 9"],
    ["ambiguous 1"],
  ],
  [
    "a delimiter of two",
    [...multipart("b"), "", "--b", ...multipart("b"), "", "--b", "", "x", "--b--", "--b--"],
    ["1 multipart/mixed 74", "1.1 multipart/mixed 24", "1.1.1 text/plain 1"],
    ["ambiguous 1.1"],
  ],
  [
    "parts behind the end",
    [...multipart("b"), "", "--b", "", "one", "--b--", "--b", "Content-Type: a/b; name=x.exe", "", "x"],
    ["1 multipart/mixed 60", "1.1 text/plain 3", "1.2 a/b 3 x.exe"],
    ["ambiguous 1"],
  ],
  [
    "no boundary",
    ["Content-Type: multipart/mixed", "", "--any", "Content-Type: a/b; name=x.exe", "", "x"],
    ["1 multipart/mixed 43", "1.1 a/b 3 x.exe"],
    ["ambiguous 1"],
  ],
  ["a boundary that never comes", [...multipart("b"), "", "--x", "", "one"], ["1 multipart/mixed 12"], ["ambiguous 1"]],
  [
    "a piece of a mail",
    ["Content-Type: message/partial; id=x; number=1; total=2", "", "x"],
    ["1 message/partial 3"],
    ["failed 1"],
  ],
  [
    "two encodings",
    ["Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64", "", "YWJj"],
    ["1 text/plain 6"],
    ["ambiguous 1"],
  ],
];

for (const [name, mail, parts, unchecked] of cases) {
  test(`takes apart ${name}, however its body is cut`, () => {
    const text = lines(...mail);
    const found = partsOf(text);
    assert.deepEqual(outline(found), parts);
    assert.deepEqual(doubts(found), unchecked);
    for (let pieceBytes = 1; pieceBytes < 40; pieceBytes += 1) assert.deepEqual(partsOf(text, { pieceBytes }), found);
  });
}

test("a thousand levels are answered, and told as too many", () => {
  const levels = Array.from({ length: 1000 }, (_, i) => lines(...multipart(`b${i}b`), "", `--b${i}b`));
  const found = partsOf(levels.join(""));
  assert.equal(found.parts.length, 51);
  assert.deepEqual(doubts(found), [
    "over-limits 1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
  ]);
  const mails = partsOf(lines("Content-Type: message/rfc822", "").repeat(1000));
  assert.deepEqual(
    doubts(mails).map((each) => each.split(" ")[0]),
    ["over-limits"],
  );
});

test("sixty thousand parts are answered, and told as too many", () => {
  const found = partsOf(`${lines(...multipart("b"), "")}${lines("--b", "", "x").repeat(60_000)}`);
  assert.equal(found.parts.length, 3000);
  assert.deepEqual(found.unchecked, [{ reason: "over-limits", path: "1", detail: "more than 3000 parts (MAXFILES)" }]);
});

test("header sections have their bounds", () => {
  const long = partsOf(
    lines(...multipart("b"), "", "--b", `X: ${"y".repeat(300_000)}`, "Content-Type: a/b; name=z", "", "x", "--b--"),
    { pieceBytes: 1000 },
  );
  assert.deepEqual(doubts(long), ["over-limits 1.1"]);
  const many = partsOf(
    lines(...multipart("b"), "", "--b", ...Array.from({ length: 1100 }, () => "X: y"), "", "x", "--b--"),
  );
  assert.deepEqual(doubts(many), ["over-limits 1.1"]);
});
