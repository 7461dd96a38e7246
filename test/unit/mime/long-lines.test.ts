import assert from "node:assert/strict";
import { test } from "node:test";
import { refold } from "../../../src/mime/long-lines.ts";

const ids = Array.from({ length: 40 }, (_, n) => `<${"a".repeat(30)}${n}@example.com>`).join(" ");
/** As Postfix's SMTP client breaks a line: CRLF and a blank behind each 998th octet. */
function brokenByPostfix(line: string): string {
  let text = line.slice(0, 998);
  for (let at = 998; at < line.length; at += 997) text += `\r\n ${line.slice(at, at + 997)}`;
  return `${text}\r\n`;
}
const unfolded = (text: string) => text.replace(/\r\n/g, "");

test("fields whose lines are short stay as they are, however long the field", () => {
  assert.equal(refold(`References: ${ids.replaceAll(" ", "\r\n ")}\r\n`), undefined);
  assert.equal(refold("Subject: hello\r\n"), undefined);
  assert.equal(refold(`Subject: ${"x".repeat(989)}\r\n`), undefined, "998 octets are allowed");
});

test("a line of 1,600 octets is folded at its blanks, and nothing else changes", () => {
  const line = `References: ${ids}`;
  assert.ok(line.length > 1600);
  const folded = refold(`${line}\r\n`);
  assert.deepEqual([folded?.healed, folded?.stillLong], [false, false]);
  assert.equal(unfolded(folded?.text ?? ""), line);
  assert.ok(folded?.text.split("\r\n").every((each) => each.length <= 998));
});

test("breaks of Postfix within <...> and =?...?= are taken out", () => {
  for (const line of [`References: ${ids}`, `Subject: ${`=?utf-8?q?${"=C3=A4".repeat(10)}?= `.repeat(20).trimEnd()}`]) {
    const broken = brokenByPostfix(line);
    assert.ok(broken.includes("\r\n "));
    const healed = refold(broken);
    assert.equal(healed?.healed, true);
    assert.equal(unfolded(healed?.text ?? ""), line);
    assert.ok(healed?.text.split("\r\n").every((each) => each.length <= 998));
  }
});

test("a break that may be the sender's own stays", () => {
  const own = `Subject: ${"word ".repeat(197)}wor`.slice(0, 998);
  assert.equal(refold(`${own}\r\n next\r\n`), undefined);
});

test("a word of more than 998 octets cannot be folded", () => {
  const folded = refold(`X-Long: ${"y".repeat(1200)} tail\r\n`);
  assert.deepEqual(folded, { text: `X-Long:\r\n ${"y".repeat(1200)}\r\n tail\r\n`, healed: false, stillLong: true });
});

test("no line of blanks alone comes into being", () => {
  for (const field of [`Subject:${" ".repeat(1200)}x\r\n`, `Subject: x${" ".repeat(1200)}\r\n`]) {
    const text = refold(field)?.text ?? field;
    assert.ok(
      text
        .trimEnd()
        .split("\r\n")
        .every((line) => line.trim() !== ""),
      JSON.stringify(text.slice(0, 40)),
    );
  }
});
