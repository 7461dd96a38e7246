import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { defaultPartsLimits } from "../../../src/mime/limits.ts";
import { createMailWalk } from "../../../src/mime/mail-walk.ts";
import { base64Lines, doubts, lines, outline, partsOf } from "../../support/mail-parts.ts";

const typesOf = (content: string | Buffer, pieceBytes?: number) => {
  const mail = `${lines("Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", "")}${base64Lines(content)}`;
  return partsOf(mail, pieceBytes === undefined ? {} : { pieceBytes }).parts[0]?.types.join(" ");
};

test("what a text is shows further on, however it is cut", () => {
  for (const pieceBytes of [7, 1000, 5000, undefined]) {
    assert.equal(typesOf("x".repeat(10_000), pieceBytes), "asc");
    assert.equal(typesOf(`${"x".repeat(9000)}\xfc${"x".repeat(1000)}`, pieceBytes), "txt");
    assert.equal(typesOf(`${"x".repeat(9000)}\0`, pieceBytes), "dat");
    assert.equal(typesOf(`${"x".repeat(70_000)}\0`, pieceBytes), "asc");
    assert.equal(typesOf(Buffer.from(`\ufeff${"x".repeat(5000)}`, "utf16le"), pieceBytes), "txt");
  }
});

test("an ISO image is told by its mark, whatever stands before it", () => {
  for (const start of ["", "\x7fELF\0", "PK\x03\x04"]) {
    const image = Buffer.alloc(40_000);
    image.write(start, 0, "latin1");
    image.write("CD001", 32_769);
    for (const pieceBytes of [77, undefined]) assert.ok(typesOf(image, pieceBytes)?.split(" ").includes("iso"), start);
  }
  assert.equal(typesOf(Buffer.alloc(40_000)), "dat");
});

test("archives are handed out whole, with what holds them", () => {
  const mail = `${base64Lines(`\x1f\x8b${"z".repeat(9000)}`)}`;
  const header = splitHeader(Buffer.from(lines("Content-Transfer-Encoding: base64")));
  const walk = createMailWalk(header, defaultPartsLimits);
  for (const piece of mail.match(/.{1,76}\r\n/g) ?? []) walk.write(Buffer.from(piece, "latin1"));
  assert.equal(walk.takeArchive(), undefined);
  walk.end();
  const archive = walk.takeArchive();
  assert.deepEqual([archive?.kind, archive?.octets.length, archive?.node.path, archive?.level], ["gz", 9002, "1", 0]);
  assert.equal(walk.takeArchive(), undefined);
});

const inner = lines("Subject: x", "Content-Type: a/b; name=x.exe", "", "y");

test("a mail kept as a file is taken apart, text that begins like one is not", () => {
  const named = partsOf(`${lines("Content-Type: text/plain; name=X.EML", "")}${inner}`);
  assert.deepEqual(outline(named), ["1 text/plain 48 X.EML", "1.1 a/b 3 x.exe"]);
  const declared = partsOf(`${lines("Content-Type: application/octet-stream", "")}${inner}`);
  assert.equal(declared.parts.length, 2);
  assert.equal(partsOf(`${lines("Content-Type: text/plain", "")}${inner}`).parts.length, 1);
});

test("of what is named as a mail the first field may be any, and something may stand in front", () => {
  const single = lines("X-Any: y", "Content-Type: a/b; name=x.exe", "Content-Transfer-Encoding: base64", "", "TVo=");
  for (const [file, start] of [
    ["a.eml", ""],
    ["a.nws", ""],
    ["a.emlx", "120   \r\n"],
    ["a.eml", "\xef\xbb\xbf"],
    ["a.eml", "From x@y.example Mon Nov 30\r\n"],
  ] as const) {
    const { parts } = partsOf(`${lines(`Content-Type: application/octet-stream; name=${file}`, "")}${start}${single}`);
    assert.ok(
      parts.some(({ names }) => names.includes("x.exe")),
      `${file} ${start}`,
    );
  }
});

test("readers that pass over empty lines find a header behind them, others the one in message/external-body", () => {
  const header = lines("Content-Type: a/b; name=x.exe", "", "MZ");
  const empty = partsOf(
    lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "", header.trimEnd(), "--b--"),
  );
  assert.deepEqual(outline(empty).slice(2), ["1.1.1 a/b 0 x.exe"]);
  const external = partsOf(
    `${lines("Content-Type: message/external-body; access-type=x", "", "Expiry: never")}${header}`,
  );
  assert.deepEqual(outline(external).slice(1), ["1.1 a/b 0 x.exe"]);
  assert.deepEqual([doubts(empty), doubts(external)], [[], []]);
});

test("what is named as an archive and begins as none is told; so is a zip behind another archive", () => {
  const named = (name: string, content: string) =>
    doubts(
      partsOf(
        `${lines(`Content-Type: a/b; name="${name}"`, "Content-Transfer-Encoding: base64", "")}${base64Lines(content)}`,
      ),
    );
  for (const name of ["a.zip", "a.RAR", "a.7z", "a.iso", "a.tgz", "a.zip."])
    assert.deepEqual(named(name, "\xff\xd8\xff and a zip"), ["failed 1"]);
  assert.deepEqual(named("a.zip.txt", "words"), []);
  assert.deepEqual(named("a.zip", ""), []);
  assert.deepEqual(named("a.zip", "\x1f\x8b and PK\x05\x06"), ["ambiguous 1"]);
  assert.deepEqual(named("a.zip", "\x1f\x8b and so on"), []);
});

test("octets that no text has keep nobody from the mails and files in it", () => {
  for (const type of ["text/plain", "application/octet-stream"]) {
    const file = partsOf(`${lines(`Content-Type: ${type}`, "", "\x01", "begin 644 x.exe", "#86)C", "`", "end")}`);
    assert.deepEqual(outline(file).slice(1), ["1.1 - 3 x.exe"]);
  }
  const mail = partsOf(`${lines("Content-Type: application/octet-stream; name=a.eml", "")}${inner}\0\x01`);
  assert.deepEqual(outline(mail).slice(1), ["1.1 a/b 5 x.exe"]);
});

test("files in text by other encodings than uuencode are parts, or told", () => {
  const within = (...text: readonly string[]) => partsOf(lines("Content-Type: text/plain", "", "Hello,", ...text));
  const yenc = within("=ybegin line=128 size=2 name=x.exe", "\x77\x84", "=yend size=2");
  assert.deepEqual([outline(yenc).slice(1), doubts(yenc)], [["1.1 - 2 x.exe"], []]);
  const xxencode = within("begin 644 x.exe", `h${"MK7X".repeat(15)}`, "+", "end");
  assert.deepEqual([outline(xxencode).slice(1), doubts(xxencode)], [["1.1 - 45 x.exe"], []]);
  assert.deepEqual(doubts(within("(This file must be converted with BinHex 4.0)", ":$f*TEQKPH#jdH")), ["failed 1"]);
});

test("parts pasted into text are known by their names, and opened where they are encoded", () => {
  const text = (...more: readonly string[]) => partsOf(lines("Content-Type: text/plain", "", "Hello,", "--b", ...more));
  assert.deepEqual(outline(text("Content-Type: a/b; name=x.exe", "", "y")).slice(1), ["1.1 a/b 0 x.exe"]);
  assert.deepEqual(outline(text("Content-Type: a/b", "", "y")).length, 1);
  const mail = base64Lines(lines("Subject: x", "Content-Type: a/b; name=y.exe", "", "y")).trimEnd();
  const encoded = text("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", mail, "--b--", "Bye!");
  assert.deepEqual(outline(encoded).slice(1), ["1.1 message/rfc822 48", "1.1.1 a/b 3 y.exe"]);
  const cutOff = text("Content-Transfer-Encoding: base64", "Content-Type: a/b", "", "SGVsbG8sIHdvcmxkL");
  assert.deepEqual(doubts(cutOff), []);
});

test("encoded mails within each other are bound", () => {
  let mail = inner;
  for (let level = 0; level < 16; level += 1)
    mail = `${lines("Content-Type: application/octet-stream; name=x.eml", "Content-Transfer-Encoding: base64", "")}${base64Lines(mail)}`;
  assert.deepEqual(doubts(partsOf(mail)), ["over-limits 1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"]);
});

const encodedMail = (mail: string) =>
  `${lines("Content-Type: application/octet-stream; name=x.eml", "Content-Transfer-Encoding: base64", "")}${base64Lines(mail)}`;

test("a mail within the mail that readers part differently is ambiguous", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a field behind a CR", "Subject: a\rContent-Disposition: attachment; filename=x.exe\r\n\r\nhi\r\n"],
    [
      "a delimiter behind a CR",
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r--b\rX: y\r\n--b--\r\n",
    ],
    ["empty lines before its header", "\r\nContent-Type: a/b; name=x.exe\r\n\r\nhi\r\n"],
  ];
  for (const [title, mail] of cases)
    assert.ok(
      doubts(partsOf(encodedMail(mail))).some((each) => each.startsWith("ambiguous")),
      title,
    );
  assert.deepEqual(doubts(partsOf(encodedMail("Subject: y\r\n\r\nhi\r\n"))), []);
  const plain = lines("Content-Type: message/rfc822", "", "", "Content-Type: a/b; name=x.exe", "", "hi");
  assert.deepEqual(doubts(partsOf(plain)), ["ambiguous 1.1"]);
});

test("what S/MIME only signed is a part, taken apart if it is a mail; what of it cannot be read is told", () => {
  const part = (octets: Buffer, name = "smime.p7m") =>
    partsOf(
      `${lines(`Content-Type: application/pkcs7-mime; name=${name}`, "Content-Transfer-Encoding: base64", "")}${base64Lines(octets)}`,
    );
  const object = (content: string) =>
    Buffer.concat([
      Buffer.from("308006092a864886f70d010702a0803080020101310d300b0609608648016503040201", "hex"),
      Buffer.from("308006092a864886f70d010701a0802480", "hex"),
      Buffer.from([4, content.length]),
      Buffer.from(`${content}\0\0\0\0\0\0\0\0\0\0\0\0`, "latin1"),
    ]);
  const mail = part(object("Content-Type: a/b; name=x.exe\r\n\r\nMZ\r\n"));
  assert.deepEqual(outline(mail).slice(1), ["1.1 - 37 smime", "1.1.1 a/b 4 x.exe"]);
  const file = part(object("%PDF-1.4\r\n"), "invoice.pdf.p7m");
  assert.deepEqual(file.parts[1]?.names, ["invoice.pdf"]);
  assert.deepEqual(file.parts[1]?.types, ["pdf"]);
  assert.deepEqual([doubts(mail), doubts(file)], [[], []]);
  assert.deepEqual(doubts(part(object("x".repeat(100)).subarray(0, 80))), ["failed 1"]);
  assert.deepEqual(doubts(part(Buffer.from("hello"))), ["failed 1"]);
});

test("what PGP or S/MIME encrypted is told as such", () => {
  const sealed = Buffer.from("3082010006092a864886f70d010703a082", "hex");
  const smime = `${lines("Content-Type: application/pkcs7-mime; name=smime.p7m", "Content-Transfer-Encoding: base64", "")}${base64Lines(sealed)}`;
  assert.deepEqual(doubts(partsOf(smime)), ["encrypted 1"]);
  const declared = partsOf(lines("Content-Type: multipart/encrypted; boundary=b", "", "--b", "", "x", "--b--"));
  assert.deepEqual(doubts(declared), ["encrypted 1"]);
  const { parts } = partsOf(lines("Content-Type: text/plain", "", "-----BEGIN PGP MESSAGE-----", "", "x"));
  assert.equal(parts[0]?.encrypted, true);
});
