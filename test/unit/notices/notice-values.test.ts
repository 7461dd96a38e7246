import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../../src/mail/header.ts";
import { noticeNames, noticeValues } from "../../../src/notices/notice-values.ts";
import { facts } from "./facts.ts";

test("every name has a value of its kind", () => {
  const values: Readonly<Record<string, unknown>> = noticeValues(facts);
  assert.deepEqual(Object.keys(values), Object.keys(noticeNames));
  for (const [name, kind] of Object.entries(noticeNames)) {
    assert.equal(Array.isArray(values[name]), kind !== "text", name);
  }
});

test("octets are read as UTF-8, encoded words are undone, and nothing breaks out of its line", () => {
  const evil = "a\r\nb\x1b[2J\x9b\u202e";
  const { sender, subject, from, viruses, blocked } = noticeValues({
    ...facts,
    sender: "j\xc3\xb6rg@x",
    fields: splitHeader(
      Buffer.from("Subject: =?UTF-8?B?0Y8=?=\r\n =?UTF-8?Q?=0D=0ABcc:?= x\r\nFrom: \xff\x1b <a@b>\r\n", "latin1"),
    ).fields,
    viruses: [evil],
    blocked: [{ address: evil, reply: { code: 550, enhanced: "5.1.1", text: evil } }],
  });
  assert.equal(sender, "jörg@x");
  for (const text of [subject, from, ...viruses, ...JSON.stringify(blocked)].flat()) {
    assert.doesNotMatch(String(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
  assert.match(String(subject), /^я/);
});

test("texts and lists are bounded", () => {
  const many = Array.from({ length: 1000 }, () => "x".repeat(5000));
  const values = noticeValues({ ...facts, viruses: many, tests: many, sender: "x".repeat(5000) });
  assert.ok(JSON.stringify(values).length < 100 * 400 * 2);
});
