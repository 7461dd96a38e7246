import assert from "node:assert/strict";
import { test } from "node:test";
import { headerFaults } from "../../../src/checks/header-faults.ts";
import { splitHeader } from "../../../src/mail/header.ts";

const complete = "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: a@b.example\r\n";

function faults(text: string) {
  const header = Buffer.from(text, "latin1");
  return headerFaults({ header, ...splitHeader(header) });
}

const shown = (header: string) => faults(header).map(({ test: name, text }) => [name, text]);

const cases: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  ["a plain header", `${complete}Subject: caf=?UTF-8?Q?=C3=A9?=\r\n and more\r\n`, []],
  [
    "nothing that is required",
    "Subject: x\r\n",
    [
      ["missing", 'Missing required header field: "Date"'],
      ["missing", 'Missing required header field: "From"'],
    ],
  ],
  ["two From", `${complete}from: c@d.example\r\n`, [["multiple", 'Duplicate header field: "From"']]],
  [
    "three To",
    `${complete}To: a@b.example\r\nTO: a@b.example\r\nto : a@b.example\r\n`,
    [["multiple", 'Header field occurs more than once: "To" occurs 3 times']],
  ],
  ["two Received", `${complete}Received: x\r\nReceived: y\r\n`, []],
  [
    "latin1 in a subject",
    `${complete}Subject: caf\xe9 au lait, s'il vous plait\r\n`,
    [["8bit", "Non-encoded non-ASCII data (and not UTF-8) (char E9 hex): Subject: caf\\x{E9} au lait, s'il [...]"]],
  ],
  [
    "what is far into a field",
    `${complete}Subject: ${"x".repeat(100)}\xe9\r\n`,
    [["8bit", `Non-encoded non-ASCII data (and not UTF-8) (char E9 hex): Subject: ...${"x".repeat(45)}\\x{E9}`]],
  ],
  [
    "UTF-8",
    `${complete}Subject: caf\xc3\xa9\r\n`,
    [["utf8", "Non-encoded UTF-8 string in non-EAI mail (char C3 A9 hex): Subject: caf\\x{C3}\\x{A9}"]],
  ],
  [
    "UTF-8 with a C0 control",
    `${complete}Subject: \x1bcaf\xc3\xa9\r\n`,
    [["8bit", "UTF-8 string contains C0 Controls (char 1B hex): Subject: \\x{1B}caf\\x{C3}\\x{A9}"]],
  ],
  [
    "UTF-8 with a C1 control",
    `${complete}Subject: a\xc2\x9bm\r\n`,
    [["8bit", "UTF-8 string contains C1 Controls (char C2 9B hex): Subject: a\\x{C2}\\x{9B}m"]],
  ],
  [
    "NUL",
    `${complete}Subject: a\0b\r\n`,
    [["control", "Improper use of control character (char 00 hex): Subject: a\\x{00}b"]],
  ],
  [
    "a bare CR",
    `${complete}Subject: a\rb\r\n`,
    [["control", "Improper use of control character (char 0D hex): Subject: a\\x{0D}b"]],
  ],
  [
    "a fold of blanks",
    `${complete}Subject: a\r\n     \r\n b\r\n`,
    [["empty", "Improper folded header field made up entirely of whitespace: Subject: a\\x{0A}     \\x{0A} b"]],
  ],
  [
    "a line of 999",
    `${complete}Subject: ${"y".repeat(990)}\r\n`,
    [["long", `Header line longer than 998 characters: Subject: ${"y".repeat(41)}[...]`]],
  ],
  ["a line of 998", `${complete}Subject: ${"y".repeat(989)}\r\n`, []],
  ["no name", `${complete}just words\r\n`, [["syntax", "Invalid header field syntax: just words"]]],
  ["a boundary", `${complete}--abc: x\r\n`, [["syntax", "Invalid header field syntax: --abc: x"]]],
  [
    "a name that is not ASCII",
    `${complete}Sujet\xe9: x\r\n`,
    [
      ["syntax", "Invalid header field name, contains non-ASCII char (char E9 hex): Sujet\\x{E9}: x"],
      ["8bit", "Non-encoded non-ASCII data (and not UTF-8) (char E9 hex): Sujet\\x{E9}: x"],
    ],
  ],
  [
    "what looks like an escape",
    `${complete}Subject: \\x{41}\0\r\n`,
    [["control", "Improper use of control character (char 00 hex): Subject: \\x{5C}x{41}\\x{00}"]],
  ],
];

for (const [title, header, expected] of cases) {
  test(`header faults: ${title}`, () => assert.deepEqual(shown(header), expected));
}

test("faults of one field bear its place", () => {
  assert.deepEqual(
    faults(`${complete}Subject: a\0b\xe9\r\n`).map(({ test: name, field }) => [name, field]),
    [
      ["control", 2],
      ["8bit", 2],
    ],
  );
});

test("of each test a hundred faults are told, and no other test is crowded out", () => {
  const found = faults(`${"X: \xc3\xa9\r\n".repeat(400)}X: \0\r\n`);
  assert.equal(found.filter(({ test: name }) => name === "utf8").length, 100);
  assert.equal(found.filter(({ test: name }) => name === "control").length, 1);
});

test("of a header over the limits nothing is missing", () => {
  assert.deepEqual(faults("X: y\r\n".repeat(1001)), []);
});

test("fields of a section that is plain as a whole are judged as they are beside one that is not", () => {
  const pieces = [
    "X: y\r\n",
    "\tz\r\n",
    " \r\n",
    "X:\r\n",
    "\ty \r\n",
    "X y\r\n",
    "--X: y\r\n",
    "X: y\n",
    "X: y\r",
    "X: \0\r\n",
    "\x7f",
  ];
  const long = `X: ${"y".repeat(995)}\r\n`;
  for (const first of [...pieces, long, ""]) {
    for (const second of pieces) {
      for (const third of pieces) {
        const text = `${complete}${first}${second}${third}`;
        const alone = faults(text).filter(({ field }) => field !== undefined);
        // The field in front makes no section of it that is plain as a whole.
        const beside = faults(`X: \0\r\n${text}`).filter(({ field }) => field !== undefined && field > 0);
        const moved = beside.map((fault) => ({ ...fault, field: (fault.field ?? 0) - 1 }));
        assert.deepEqual(moved, alone, JSON.stringify([first, second, third]));
      }
    }
  }
});
