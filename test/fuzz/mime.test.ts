// No mail makes the walk of its parts throw, none takes more than linear time, and pieces never matter.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PartsFound, Unchecked } from "../../src/mail/content.ts";
import { lines, partsOf } from "../support/mail-parts.ts";
import { countWork } from "../support/work.ts";

/** Pieces of the grammar, so that random mail gets past its first line. */
const pieces = fc.constantFrom(
  "\r\n",
  "\r\n\r\n",
  "\n",
  "\r",
  "--b\r\n",
  "--b--\r\n",
  "\r\n--b",
  "--c\r\n",
  "--c--\r\n",
  "--",
  "-",
  "b",
  " ",
  "Content-Type: multipart/mixed; boundary=b\r\n",
  'Content-Type: multipart/digest; boundary="c"\r\n',
  "Content-Type: message/rfc822\r\n",
  "Content-Type: text/html; name=",
  "Content-Disposition: attachment; filename*0*=utf-8''",
  "Content-Transfer-Encoding: base64\r\n",
  "Content-Transfer-Encoding: quoted-printable\r\n",
  "Content-Transfer-Encoding: x-uue\r\n",
  "YWJj\r\n",
  "YQ==",
  "=41=\r\n",
  "begin 644 x.exe\r\n",
  "#86)C\r\n",
  "end\r\n",
  "=?utf-8?B?",
  '"',
  ";",
  "(",
  "\\",
  "%41",
  "\0",
  "\xe9",
  "x",
);
const mails = fc.array(pieces, { maxLength: 40 }).map((texts) => texts.join(""));

/** Two readings of one content go side by side, piece by piece: what is noted of them comes in any order. */
function ordered(found: PartsFound): PartsFound {
  const text = ({ path = "", reason, detail }: Unchecked) => `${path} ${reason} ${detail}`;
  return { ...found, unchecked: found.unchecked.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)) };
}

test("no mail makes the walk throw, and pieces never matter", () => {
  fc.assert(
    fc.property(mails, fc.integer({ min: 1, max: 30 }), (mail, pieceBytes) => {
      const found = partsOf(mail);
      assert.deepEqual(ordered(partsOf(mail, { pieceBytes })), ordered(found));
      assert.deepEqual(structuredClone(found), found);
      for (const [index, { parent }] of found.parts.entries()) assert.ok(parent < index);
    }),
    { numRuns: 3000 },
  );
});

test("no octets make the walk throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      partsOf(Buffer.concat([Buffer.from(lines("Content-Type: multipart/mixed; boundary=b", "")), octets]));
    }),
    { numRuns: 500 },
  );
});

const head = lines("Content-Type: multipart/mixed; boundary=b", "");
const part = (...fields: string[]) => `${head}${lines("--b", ...fields, "")}`;

/** Mail that grows with n and costs most at each place. */
const growing: readonly [string, (n: number) => string][] = [
  ["delimiters alone", (n) => head + "--b\r\n".repeat(n / 5)],
  ["delimiters of nobody", (n) => head + "--x\r\n".repeat(n / 5)],
  ["delimiters that go on", (n) => head + "--bx\r\n".repeat(n / 6)],
  ["dashes", (n) => head + "-".repeat(n)],
  ["dashes and line ends", (n) => head + "\r\n--".repeat(n / 4)],
  ["line ends alone", (n) => head + "\r\n".repeat(n / 2)],
  ["CRs alone", (n) => head + "\r".repeat(n)],
  ["a header without end", (n) => `${head}--b\r\n${"X: y\r\n".repeat(n / 6)}`],
  ["a field without end", (n) => `${head}--b\r\nX: ${"y".repeat(n)}`],
  ["multiparts within each other", (n) => lines("Content-Type: multipart/mixed; boundary=b", "", "--b").repeat(n / 50)],
  ["messages within each other", (n) => lines("Content-Type: message/rfc822", "").repeat(n / 32)],
  ["base64", (n) => part("Content-Transfer-Encoding: base64") + `${"YWJj".repeat(19)}\r\n`.repeat(n / 78)],
  ["base64 in lines of odd length", (n) => part("Content-Transfer-Encoding: base64") + "YWJjYWJjY\r\n".repeat(n / 11)],
  ["base64 with junk", (n) => part("Content-Transfer-Encoding: base64") + "YW!j\r\n".repeat(n / 6)],
  ["base64 in one line", (n) => part("Content-Transfer-Encoding: base64") + "YWJj".repeat(n / 4)],
  ["quoted-printable", (n) => part("Content-Transfer-Encoding: quoted-printable") + "=41=\r\n".repeat(n / 6)],
  ["equal signs", (n) => part("Content-Transfer-Encoding: quoted-printable") + "=".repeat(n)],
  ["equal signs and blanks", (n) => part("Content-Transfer-Encoding: quoted-printable") + "= ".repeat(n / 2)],
  ["uuencode", (n) => part() + lines("begin 644 x") + "#86)C\r\n".repeat(n / 7)],
  ["files begun", (n) => part() + "begin 644 x\r\n".repeat(n / 13)],
  ["files of one line", (n) => part() + "begin 644 x\r\n#86)C\r\nend\r\n".repeat(n / 25)],
  ["a file's line without end", (n) => `${part()}begin 644 x\r\n${"#86)C".repeat(n / 5)}`],
];
/** Values of a field; a field has a bound, which these stay below. */
const values: readonly [string, (n: number) => string][] = [
  ["names", (n) => "name=x;".repeat(n / 7)],
  ["names without semicolon", (n) => "name=".repeat(n / 5)],
  ["sections", (n) => "name*1=x;".repeat(n / 9)],
  ["encoded words", (n) => `name="${"=?utf-8?q?x?=".repeat(n / 13)}"`],
  ["starts of encoded words", (n) => `name="${"=?".repeat(n / 2)}"`],
  ["quotes", (n) => `name=${'"'.repeat(n)}`],
  ["backslashes", (n) => `name="${"\\".repeat(n)}"`],
  ["brackets", (n) => `name=${"(".repeat(n)}`],
  ["percent signs", (n) => `name=${"%41".repeat(n / 3)}`],
  ["boundaries", (n) => "boundary=x;".repeat(n / 11)],
];

const made = new Map<string, Buffer>();
function mailOf(name: string, n: number, make: (n: number) => string): Buffer {
  const key = `${name} ${n}`;
  const mail = made.get(key) ?? Buffer.from(make(n), "latin1");
  made.set(key, mail);
  return mail;
}

for (const [name, make, sizes] of [
  ...growing.map(([name, make]) => [name, make, [100_000, 200_000]] as const),
  ...values.map(
    ([name, make]) => [name, (n: number) => `Content-Type: a/b; ${make(n)}\r\n\r\n`, [4000, 8000]] as const,
  ),
]) {
  test(`double the mail is double the work: ${name}`, (t) => {
    const [small = 0, large = 0] = sizes.map((n) =>
      countWork(() => partsOf(mailOf(name, n, make), { pieceBytes: 4096 })),
    );
    t.diagnostic(`${small} steps, then ${large}`);
    assert.ok(large <= 2.2 * small, `${large} steps for ${sizes[1]}, ${small} for ${sizes[0]}`);
    assert.ok(large <= 300 * sizes[1], `${large} steps for ${sizes[1]} octets`);
  });
}
