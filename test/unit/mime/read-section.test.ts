// What is remembered of headers is what would be read of them anew, and not what comes once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { readEntityHeader } from "../../../src/mime/entity-header.ts";
import { readSection } from "../../../src/mime/read-section.ts";
import { lines } from "../../support/mail-parts.ts";

const read = (text: string, within?: string) => readSection(Buffer.from(text, "latin1"), within);

function anew(text: string, within?: string) {
  const { fields, cut } = splitHeader(Buffer.from(text, "latin1"));
  return { header: readEntityHeader(fields, within), cut };
}

const name = "Content-Disposition: attachment; filename";
const remembered: readonly string[] = [
  "",
  lines("Content-Type: text/plain; charset=utf-8"),
  lines("Content-Type: application/pdf; name=report.pdf", `${name}="report.pdf"`, "Content-Transfer-Encoding: base64"),
  lines(`${name}*=utf-8''%e2%82%ac.exe`),
  lines("Content-Type: message/rfc822"),
];
const notRemembered: readonly string[] = [
  lines('Content-Type: multipart/mixed; boundary="b"'),
  lines("Content-Type: text/plain; boundary=b"),
  lines("Content-Type: text/plain", "Content-Type: text/html"),
  lines("Content-Transfer-Encoding: base-64"),
  lines("Content-Type: text/plain", "no field"),
  lines("Content-Type: text/plain", " \r", "X: y"),
  lines(`${name}=${"x".repeat(600)}`),
];

for (const text of [...remembered, ...notRemembered]) {
  test(`the same the first and the second time: ${JSON.stringify(text.slice(0, 60))}`, () => {
    for (const within of [undefined, "multipart/mixed", "multipart/digest"]) {
      const first = read(text, within);
      const second = read(text, within);
      assert.deepEqual(first, anew(text, within));
      assert.deepEqual(second, first);
      assert.equal(second === first, remembered.includes(text));
    }
  });
}

test("what is around it counts: a part of a digest without a type is a mail", () => {
  assert.equal(read("", "multipart/digest").header.kind, "message");
  assert.equal(read("", "multipart/mixed").header.kind, "leaf");
  assert.equal(read("").header.kind, "leaf");
});

test("one octet more is another header", () => {
  const text = lines(`${name}=report.txt`);
  assert.deepEqual(read(text).header.names, ["report.txt"]);
  assert.deepEqual(read(text.replace("txt", "txt.exe")).header.names, ["report.txt.exe"]);
  assert.deepEqual(read(text).header.names, ["report.txt"]);
});

test("the octets may change once it has returned", () => {
  const octets = Buffer.from(lines(`${name}=one.txt`));
  const { header } = readSection(octets, undefined);
  octets.fill("x");
  assert.deepEqual(header.names, ["one.txt"]);
  assert.deepEqual(read(lines(`${name}=one.txt`)).header.names, ["one.txt"]);
});

test("many headers, and many with many names, push the others out", () => {
  const text = lines("Content-Type: text/plain; charset=x-pushed-out");
  const few = read(text);
  assert.equal(read(text), few);
  for (let i = 0; i < 600; i += 1) read(lines(`X: ${i}`));
  assert.notEqual(read(text), few);
  const again = read(text);
  for (let i = 0; i < 400; i += 1) {
    const names = Array.from({ length: 9 }, (_, n) => `name="${i}a=?utf-8?q?${"x".repeat(20)}${n}?=b%41"; `);
    read(lines(`Content-Type: a/b; ${names.join("")}`));
  }
  assert.notEqual(read(text), again);
});
