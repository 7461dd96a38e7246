// The fields on top of a copy: what is written is read again, and a mail cannot pass its own fields off as ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CopyFacts, fileFields, readQuarantineHead } from "../../../src/mail/quarantine-head.ts";

const head = {
  mailId: "t5bDoRaO1a6J",
  sender: "a@example.net",
  recipients: ["b@example.com", '"x>,<y\\""@example.com', "\xfc@example.com"],
  blocked: ["b@example.com"],
};
const facts: CopyFacts = {
  at: 1_780_000_000_000,
  purpose: "quarantine",
  category: "CC_SPAM",
  secretId: "s3cr3tAbcdef",
  digest: "d1",
  score: 7.25,
  found: ['Größe "x".exe'],
  parameters: "BODY=8BITMIME SMTPUTF8",
};
const decision = ["X-Spam-Status: Yes, score=7.25\r\n tests=[A=1]\r\n", "Received: by us\r\n"];
const mail = "X-Spam-Flag: NO\nX-Quarantine-ID: <forged>\nSubject: =?utf-8?q?=C3=BC?=\n\nBody\n";

const unix = (fields: readonly string[]) => fields.join("").replaceAll("\r\n", "\n");

test("what is written is read again, even where the mail begins with a blank", () => {
  for (const fields of [decision, []]) {
    const top = unix(fileFields(head, facts, "spam-quarantine", fields));
    for (const below of [mail, ` folded\n${mail}`]) {
      assert.deepEqual(readQuarantineHead(top + below), { ...head, facts, subject: "ü", originalAt: top.length });
    }
  }
});

test("an empty sender and no decision's fields", () => {
  const bare = {
    at: 1,
    purpose: "archive",
    category: "CC_CLEAN",
    secretId: "x",
    digest: "",
    found: [],
    parameters: "",
  };
  const text = unix(fileFields({ ...head, sender: "", blocked: [] }, bare, "archive-quarantine", []));
  const read = readQuarantineHead(`${text}\nBody\n`);
  assert.deepEqual(read, { ...head, sender: "", blocked: [], facts: bare, subject: "", originalAt: text.length });
});

test("the facts of a mail that brings such a field are not ours", () => {
  const forged = fileFields({ ...head, mailId: "forged" }, { ...facts, secretId: "known" }, "x", []);
  const top = unix(fileFields(head, facts, "spam-quarantine", decision));
  assert.deepEqual(readQuarantineHead(top + unix(forged) + mail)?.facts, facts);
});

test("a file of amavisd's is read, without our facts", () => {
  const text =
    "Return-Path: <a@example.net>\nDelivered-To: <spam-quarantine>\nX-Envelope-From: <a@example.net>\n" +
    "X-Envelope-To: <b@example.com>\nX-Quarantine-ID: <abc>\nX-Spam-Score: 9\n";
  const read = readQuarantineHead(`${text}Received: x\nSubject: y\n\nBody\n`);
  assert.deepEqual(read, {
    mailId: "abc",
    sender: "a@example.net",
    recipients: ["b@example.com"],
    blocked: [],
    subject: "y",
    originalAt: text.length,
  });
});

const whole = unix(fileFields(head, facts, "spam-quarantine", decision));
for (const [title, text] of [
  ["nothing", ""],
  ["any mail", "From: a@b\n\nBody\n"],
  ["a head that was cut", whole.slice(0, -1)],
  ["facts that are none", whole.replace('"at":1780000000000', '"at":"x"')],
  ["facts that are no JSON", whole.replace('{"at"', '{"at')],
  ["more below than there is", whole.replace(/"below":\d+/, '"below":1e9')],
] as const) {
  test(`${title} is no copy`, () => assert.equal(readQuarantineHead(text), undefined));
}

test("an address does not end its line", () => {
  const fields = fileFields({ ...head, sender: "a\r\nX: y@z" }, facts, "x\r\ny", []);
  assert.equal(fields[0], "Return-Path: <a??X: y@z>\r\n");
  assert.equal(fields[1], "Delivered-To: <x??y>\r\n");
});
