// Content made of as many lines, words, parts or groups as its octets can hold: twice as much is twice the work, in one piece
// and in small ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { defaultPartsLimits } from "../../../src/mime/limits.ts";
import { createMailWalk } from "../../../src/mime/mail-walk.ts";
import { countWork } from "../../support/work.ts";

const mixed = 'Content-Type: multipart/mixed; boundary="x"\r\n';
const encoded = (encoding: string, type = "application/x") =>
  `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n`;
const nested = Array.from(
  { length: 40 },
  (_, i) => `--x${"x".repeat(i)}\r\nContent-Type: multipart/mixed; boundary=x${"x".repeat(i + 1)}\r\n\r\n`,
).join("");

// [what is repeated, the header, what stands before it]
const shapes: readonly (readonly [unit: string, header?: string, before?: string])[] = [
  ["\r\n"],
  ["\n", mixed],
  ["\r", mixed],
  ["--\r\n", mixed],
  ["--x\r\n", mixed],
  ["--x\r\n\r\n", mixed],
  [`--${"x".repeat(68)}\r\n`, mixed.replace("x", "x".repeat(69))],
  ["--y\r\n", mixed, nested],
  ["x", mixed, "--"],
  [" z\r\n", mixed, "--x\r\nX: y\r\n"],
  ["a\r\n", mixed, "--x\r\n"],
  ["Content-Type: a/b; name=a\r\n", mixed, "--x\r\n"],
  [`--x\r\nContent-Type: a/b;${" name*0*=utf-8''%41;".repeat(9)}\r\n\r\n`, mixed],
  [`--x\r\nContent-Disposition: a; filename="${"=?utf-8?q?a?= ".repeat(9)}"\r\n\r\n`, mixed],
  [`--x\r\nContent-Disposition: a; filename="${"=?".repeat(40)}"\r\n\r\n`, mixed],
  ["Content-Type: message/rfc822\r\n\r\n", "Content-Type: message/rfc822\r\n"],
  ["begin 644 x\r\n"],
  ["begin begin =ybegin "],
  ["--b\r\nContent-Type: text/plain; name=x\r\n"],
  ["--b\r\nContent-Type: text/plain\r\n\r\n"],
  ["=ybegin line=1 size=1 name=x\r\n"],
  ["=ybegin line=1 size=1 name=x\r\n=yend\r\n"],
  ["(This file must be converted with BinHe"],
  ["begin 644 x\r\n!80  \r\nend\r\n"],
  ["!80  \r\n", encoded("x-uuencode", "message/rfc822"), "begin 644 x\r\n"],
  ["!80  \r\n", "", 'begin 644 x.zip\r\n"4$L \r\n"`P0 \r\n'],
  ["YWFh\r\n", encoded("base64")],
  ["YWFh\r\nYWFhYWFh\r\n", encoded("base64")],
  ["YWFh\r\nYWFhYWFh\r\n", encoded("base64", "message/rfc822")],
  ["YQ==\r\n", encoded("base64")],
  ["Y!\r\n", encoded("base64")],
  ["=\r\n", encoded("quoted-printable", "message/rfc822")],
  ["a=\r\n", encoded("quoted-printable", "message/rfc822")],
  [`=${" ".repeat(990)}x`, encoded("quoted-printable")],
  ["=4", encoded("quoted-printable")],
  ["=3D=0A", encoded("quoted-printable", "message/rfc822")],
];

function walk(header: string, body: Buffer, pieceBytes: number): () => unknown {
  const head = splitHeader(Buffer.from(`MIME-Version: 1.0\r\n${header}`, "latin1"));
  return () => {
    const mail = createMailWalk(head, defaultPartsLimits);
    for (let at = 0; at < body.length; at += pieceBytes) mail.write(body.subarray(at, at + pieceBytes));
    mail.end();
    return mail.found();
  };
}

for (const [unit, header = "", before = ""] of shapes) {
  test(`${JSON.stringify(header.slice(0, 60))} with many ${JSON.stringify(unit.slice(0, 40))}`, () => {
    const works = [10_000, 20_000].flatMap((size) => {
      const body = Buffer.from(before + unit.repeat(Math.ceil(size / unit.length)), "latin1");
      return [body.length, 700].map((pieceBytes) => countWork(walk(header, body, pieceBytes)));
    });
    const [small = 0, smallInPieces = 0, large = 0, largeInPieces = 0] = works;
    // What is done once for each mail is in both.
    assert.ok(large <= 2.3 * small, `${large} steps in one piece, then ${small}`);
    assert.ok(largeInPieces <= 2.3 * smallInPieces, `${largeInPieces} steps in pieces, then ${smallInPieces}`);
    const most = Math.max(large, largeInPieces);
    assert.ok(most <= 150 * 20_000, `${most} steps for 20,000 octets`);
  });
}
