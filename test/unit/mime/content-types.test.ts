// What amavisd makes of the answers of file(1) 5.44, by the first octets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { headBytes, typeOfContent } from "../../../src/mime/content-types.ts";

/** A tar header with its sum, by which tar of old is told. */
function oldTar(): string {
  const block = Buffer.alloc(512);
  block.write("a.txt\0", 0, "latin1");
  block.write("0000644\x000001750\x000001750\x0000000000014\x0014727062517\0", 100, "latin1");
  block.fill(" ", 148, 156);
  block.write("0", 156, "latin1");
  let sum = 0;
  for (const octet of block) sum += octet;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block.toString("latin1");
}

function elf(type: number, segment: number): string {
  const head = Buffer.alloc(200);
  head.write("\x7fELF\x02\x01\x01", 0, "latin1");
  head.writeUInt16LE(type, 16);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(segment, 64);
  return head.toString("latin1");
}

function zipOf(name: string, rest: string): string {
  const head = Buffer.alloc(30);
  head.write("PK\x03\x04", 0, "latin1");
  head.writeUInt16LE(name.length, 26);
  return head.toString("latin1") + name + rest;
}

const cases: readonly [string, string, string][] = [
  ["nothing", "", "empty"],
  ["ASCII", "Hello\r\n", "asc"],
  ["UTF-8", "gr\xc3\xbc\xc3\x9fe", "txt"],
  ["ISO 8859-1", "gr\xfc\xdfe", "txt"],
  ["UTF-16", "\xff\xfeH\0i\0", "txt"],
  ["NUL in text", "Hello\0", "dat"],
  ["HTML", "\r\n<!DOCTYPE html><p>", "html asc"],
  ["XML", "<?xml version='1.0'?><a/>", "xml asc"],
  ["SVG", "<?xml version='1.0'?><svg/>", "image svg"],
  ["a script", "#!/bin/sh\n", "txt"],
  ["uuencode", "begin 644 x\n", "uue"],
  ["uuencode behind much white space", `${" \r\n".repeat(300)}begin-base64 0644 x\n`, "uue"],
  ["uuencode where white space ends within it", `${" ".repeat(118)}begin 644 x\n`, "uue"],
  ["HTML behind much text", `${"word ".repeat(500)}<HTML>`, "html asc"],
  ["text with a bracket", "Ann <ann@b.example> wrote", "asc"],
  ["one octet of another charset at the end", `${"word ".repeat(500)}\xe9`, "txt"],
  ["one octet that no text has at the end", `${"word ".repeat(500)}\x7f`, "dat"],
  ["one octet that no text has in front", `\x01${"word ".repeat(500)}\xe9`, "dat"],
  ["PE", "MZ\x90\0\x03\0\0\0", "exe exe-ms"],
  ["text that begins with MZ", "MZ is no program", "asc"],
  ["ELF, executable", elf(2, 1), "exe exe-unix"],
  ["ELF, position independent", elf(3, 3), "exe exe-unix"],
  ["ELF, shared", elf(3, 1), "so"],
  ["ELF, object", elf(1, 1), "o"],
  ["Mach-O", "\xcf\xfa\xed\xfe\x07\0\0\x01", "exe"],
  ["Java", "\xca\xfe\xba\xbe\0\0\0\x34", "java"],
  ["a universal binary", "\xca\xfe\xba\xbe\0\0\0\x02", "exe"],
  ["zip", zipOf("a.txt", "x"), "zip"],
  ["Word", zipOf("[Content_Types].xml", "...word/document.xml"), "doc"],
  ["Excel", zipOf("[Content_Types].xml", "...xl/workbook.xml"), "dat"],
  ["OpenDocument", zipOf("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "dat"],
  ["an empty zip", "PK\x05\x06\0\0", "zip"],
  ["gzip", "\x1f\x8b\x08", "gz"],
  ["tar", oldTar(), "tar"],
  ["7z", "7z\xbc\xaf\x27\x1c\0\x04", "7z"],
  ["rar", "Rar!\x1a\x07\x01\0", "rar"],
  ["cab", "MSCF\0\0\0\0", "cab"],
  ["ACE before what its first octets are", "\xff\xfb12345**ACE**", "ace"],
  ["FLAC before what its first octets are", `\xff\xfb${"1".repeat(26)}FLAC`, "audio oga"],
  ["LHa", "\x20\x5d-lh5-", "lha"],
  ["JPEG", "\xff\xd8\xff\xe0", "image jpg"],
  ["PNG", "\x89PNG\r\n\x1a\n", "image png"],
  ["GIF", "GIF89a", "image gif"],
  ["a bitmap", `BM${"\0".repeat(12)}\x28\0\0\0`, "image bmp"],
  ["AVI", `RIFF\0\0\0\0AVI ${"\0".repeat(8)}`, "movie avi"],
  ["PDF", "%PDF-1.7", "pdf"],
  ["PDF behind something", "\n\n%PDF-1.7", "pdf"],
  ["PDF behind as much as readers pass over", `${" ".repeat(1024)}%PDF-1.7`, "pdf"],
  ["PDF behind more", `${" ".repeat(1025)}%PDF-1.7`, "asc"],
  ["RTF", "{\\rtf1", "rtf"],
  ["OLE", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cdf-ms"],
  ["TNEF", "\x78\x9f\x3e\x22\x01\0", "tnef"],
  ["a shortcut", "L\0\0\0\x01\x14\x02\0", "lnk dat"],
  ["a PGP message", "-----BEGIN PGP MESSAGE-----\r\n", "pgp pgp.enc"],
  ["PGP for a key", "\x85\x01\x0c\x03keykeyke\x01\x07", "pgp pgp.enc"],
  ["PGP by a passphrase", "\x8c\x0d\x04\x09\x03\x02salt", "pgp pgp.enc"],
  ["PGP of today", "\xc1\xc0\x4c\x03keykeyke\x10", "pgp pgp.enc"],
  ["no PGP", "\x85\x01\x0c\x03keykeyke\x63\x07", "dat"],
  ["a PGP key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n", "pgp pgp.asc"],
  ["anything else", "\0\x01\x02", "dat"],
];

for (const [name, octets, types] of cases) {
  test(`tells ${name}`, () => {
    assert.equal(typeOfContent(Buffer.from(octets, "latin1")).types.join(" "), types);
  });
}

test("what is told is whether it holds others, and whether it is text", () => {
  assert.deepEqual(typeOfContent(Buffer.from("7z\xbc\xaf\x27\x1c", "latin1")), {
    types: ["7z"],
    archive: "7z",
    isText: false,
  });
  assert.equal(typeOfContent(Buffer.from(zipOf("[Content_Types].xml", "word/"), "latin1")).archive, "zip");
  assert.equal(typeOfContent(Buffer.from("-----BEGIN PGP MESSAGE-----")).isText, true);
});

test("no start of anything makes it throw", () => {
  for (const [, octets] of cases)
    for (let length = 0; length <= Math.min(octets.length, 80); length += 1)
      assert.ok(typeOfContent(Buffer.from(octets.slice(0, length), "latin1")).types.length > 0);
  assert.ok(headBytes >= 512);
});
