import assert from "node:assert/strict";
import { test } from "node:test";
import { fresh, manyParts, withAttachments, withZip } from "../../../../bench/growth/attached.ts";

const count = (text: string, what: string) => text.split(what).length - 1;

test("a mail has as many parts as it is asked for, and ends them", () => {
  for (const parts of [1, 10, 1000]) {
    const text = manyParts(parts).toString("latin1");
    assert.equal(count(text, "\r\n--=_b1\r\n"), parts);
    assert.ok(text.endsWith("\r\n--=_b1--\r\n"));
  }
});

test("attachments are as many and as large as they are asked for", () => {
  const text = withAttachments(3, 5000).toString("latin1");
  const found = [...text.matchAll(/filename="report\d\.pdf"\r\n.*base64\r\n\r\n([A-Za-z0-9+/=\r\n]+?)--=_b1/g)];
  assert.equal(found.length, 3);
  for (const [, base64 = ""] of found) assert.equal(Buffer.from(base64, "base64").length, 5000 + "%PDF-1.4\n".length);
});

test("a zip has as many members as it is asked for", () => {
  const text = withZip(20).toString("latin1");
  const [, base64 = ""] = /all\.zip"\r\n.*base64\r\n\r\n([A-Za-z0-9+/=\r\n]+)--=_b1--/.exec(text) ?? [];
  assert.equal(count(Buffer.from(base64, "base64").toString("latin1"), "PK\x01\x02"), 20);
});

test("no two fresh mails are equal, and all end with the dot", () => {
  const mails = [...fresh(manyParts(1), 3), ...fresh(manyParts(1), 3)].map((each) =>
    Buffer.from(each).toString("latin1"),
  );
  assert.equal(new Set(mails).size, 6);
  assert.equal(new Set(mails.map((each) => each.slice(each.indexOf("\r\n\r\n")))).size, 6, "nor two bodies");
  assert.equal(new Set(mails.map((each) => each.slice(0, each.indexOf("\r\n\r\n")))).size, 6, "nor two headers");
  for (const each of mails) assert.ok(each.endsWith("\r\n.\r\n"));
});
