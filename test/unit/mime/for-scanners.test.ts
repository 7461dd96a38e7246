import assert from "node:assert/strict";
import { test } from "node:test";
import { createScannerHandover } from "../../../src/mime/for-scanners.ts";
import { base64Lines, lines, partsOf } from "../../support/mail-parts.ts";

const text = (pieces: readonly Uint8Array[] = []) => pieces.map((each) => Buffer.from(each).toString("latin1"));

test("each content is one piece, however it is cut", () => {
  const { take, found } = createScannerHandover();
  assert.equal(found(), undefined);
  const [one, two, none] = [take(), take(), take()];
  one.write(Buffer.from("o"));
  two.write(Buffer.from("two"));
  one.write(Buffer.from("ne"));
  none.write(Buffer.alloc(0));
  assert.deepEqual(text(found()?.pieces), ["one", "two"]);
  assert.equal(found()?.isWhole, true);
});

test("an entity becomes a mail that scanners know as one", () => {
  const { take, found } = createScannerHandover();
  const sink = take();
  for (const octet of "Content-Type: a/b\r\n\r\nx") sink.write(Buffer.from(octet));
  assert.deepEqual(text(found()?.pieces), ["MIME-Version: 1.0\r\nContent-Type: a/b\r\n\r\nx"]);
});

test("what is kept is bound, in octets and in pieces", () => {
  const large = createScannerHandover();
  const sink = large.take();
  for (let i = 0; i < 20; i += 1) sink.write(Buffer.alloc(1024 * 1024));
  assert.deepEqual([large.found()?.pieces[0]?.length, large.found()?.isWhole], [8 * 1024 * 1024, false]);
  const many = createScannerHandover();
  for (let i = 0; i < 101; i += 1) many.take().write(Buffer.from("x"));
  assert.deepEqual([many.found()?.pieces.length, many.found()?.isWhole], [100, false]);
});

const signed = Buffer.concat([
  Buffer.from("308006092a864886f70d010702a0803080020101310d300b0609608648016503040201", "hex"),
  Buffer.from("308006092a864886f70d010701a0802480", "hex"),
  Buffer.from("\x04\x03abc\0\0\0\0\0\0\0\0\0\0\0\0", "latin1"),
]);
const mails: readonly (readonly [string, string, readonly string[]])[] = [
  ["plain text", lines("Subject: x", "", "abc"), []],
  ["base64", lines("Content-Type: a/b", "Content-Transfer-Encoding: base64", "", "YWJj"), []],
  ["uuencode", lines("Subject: x", "", "begin 644 x", "#86)C", "end"), ["abc"]],
  ["yEnc", lines("Subject: x", "", "=ybegin line=128 size=3 name=x", "\x8b\x8c\x8d", "=yend size=3"), ["abc"]],
  [
    "pasted",
    lines("Subject: x", "", "--b", "Content-Type: a/b", "Content-Transfer-Encoding: base64", "", "YWJj"),
    ["abc"],
  ],
  [
    "signed by S/MIME",
    `${lines("Content-Type: application/pkcs7-mime", "Content-Transfer-Encoding: base64", "")}${base64Lines(signed)}`,
    ["abc"],
  ],
];

for (const [title, mail, pieces] of mails) {
  test(`handed to scanners: ${title}`, () => {
    assert.deepEqual(text(partsOf(mail).forScanners?.pieces), pieces);
  });
}
