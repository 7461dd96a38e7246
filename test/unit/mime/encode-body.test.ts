import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64, encodeQuotedPrintable, mendBase64, mendQuotedPrintable } from "../../../src/mime/encode-body.ts";
import { createQuotedPrintableDecoder } from "../../../src/mime/quoted-printable.ts";
import { createRandom } from "../../support/random.ts";

function decoded(octets: Buffer): string {
  const pieces: string[] = [];
  const sink = { write: (piece: Buffer) => void pieces.push(piece.toString("latin1")), end: () => {} };
  const decoder = createQuotedPrintableDecoder(sink, (doubt) => assert.fail(doubt));
  decoder.write(octets);
  decoder.end();
  return pieces.join("");
}

const texts: readonly string[] = [
  "",
  "plain\r\n",
  "no line end",
  "\xe4\xf6\xfc = ?\r\n",
  "blank \r\ntab\t\r\nend ",
  ".\r\n..x\r\nFrom here\r\nFromage\r\n",
  `${"\xe4".repeat(500)}\r\n`,
  "x".repeat(2000),
  `${"a b ".repeat(500)}\r\n`,
  "bare\rcr\nlf\0nul\r\n",
];

test("quoted-printable gives the same octets back, in lines of 76", () => {
  for (const text of texts) {
    const written = encodeQuotedPrintable(Buffer.from(text, "latin1"));
    assert.equal(decoded(written), text);
    for (const line of written.toString("latin1").split("\r\n")) {
      assert.ok(line.length <= 76 && /^[\x20-\x7e\t]*$/.test(line) && !/[ \t]$|^\.|^From /.test(line), line);
    }
  }
});

test("any octets survive quoted-printable and base64", () => {
  const random = createRandom(19);
  for (let round = 0; round < 200; round += 1) {
    const alphabet = [13, 10, 32, 9, 46, 61, 70, 65, 228, 255, 0];
    const octets = Buffer.from(
      Array.from({ length: random.below(300) }, () => alphabet[random.below(alphabet.length)] ?? 0),
    );
    assert.equal(decoded(encodeQuotedPrintable(octets)), octets.toString("latin1"));
    for (const ends of [true, false]) {
      const text = encodeBase64(octets, ends).toString("latin1");
      assert.deepEqual(Buffer.from(text, "base64"), octets);
      assert.equal(text.endsWith("\r\n"), ends && octets.length > 0);
      assert.ok(text.split("\r\n").every((line) => line.length <= 76));
    }
  }
});

test("quoted-printable in long lines keeps what it stands for", () => {
  const long = `=C3=A4=\r\n${"=C3=A4x".repeat(200)} = \xe4\r\nend=`;
  const mended = mendQuotedPrintable(Buffer.from(long, "latin1")).toString("latin1");
  assert.ok(mended.split("\r\n").every((line) => line.length <= 76));
  assert.ok(mended.startsWith("=C3=A4=\r\n"));
  assert.equal(decoded(Buffer.from(mended.replace(/=$/, ""))), `\xc3\xa4${"\xc3\xa4x".repeat(200)} = \xe4\r\nend`);
});

test("base64 in long lines gets its lines anew; what is none is not touched", () => {
  const octets = Buffer.alloc(3000, 7);
  const mended = mendBase64(Buffer.from(octets.toString("base64")), true);
  assert.deepEqual(mended, encodeBase64(octets, true));
  assert.equal(mendBase64(Buffer.from("Zm9v--"), true), undefined);
});
