import assert from "node:assert/strict";
import { test } from "node:test";
import { messageSizeBytes } from "../../../src/mail/message.ts";
import { copiedBytes, spamCopy } from "../../../src/scanners/spam-copy.ts";
import { memoryMail, spooledMail } from "../../support/scanned-mail.ts";
import { spamQuestion, spfPass, verified } from "../../support/spam-question.ts";

test("envelope, bank and size stand on top, then what was verified", () => {
  const message = memoryMail();
  const { prologue, mailBytes, ending } = spamCopy(spamQuestion({ message, verified: verified(spfPass) }));
  assert.equal(
    prologue.toString("latin1"),
    `Return-Path: <a@example.com>\r
X-Envelope-To: <b@example.net>,\r
 <c@example.net>\r
X-Amavis-PolicyBank: MYNETS\r
X-Amavis-MessageSize: ${messageSizeBytes(message)}\r
Authentication-Results: filter.example.net;\r
	spf=pass smtp.mailfrom=a@example.com\r
`,
  );
  assert.equal(mailBytes, messageSizeBytes(message));
  assert.equal(ending.length, 0);
});

test("the client's system and names of viruses stand where amavisd has them", () => {
  const { prologue } = spamCopy(spamQuestion({ fingerprint: "Windows\nXP", virusTests: ["AV:Phish.A=4", "AV:B=1"] }));
  assert.match(
    prologue.toString("latin1"),
    /\r\nX-Amavis-OS-Fingerprint: Windows\?XP\r\nX-Amavis-AV-Status: AV:Phish\.A=4,AV:B=1\r\nX-Amavis-PolicyBank: /,
  );
});

test("no address can make a field of its own", () => {
  const path = (address: string) => ({ address, parameters: "" });
  const envelope = { sender: path("a\r\nX-Evil: 1"), recipients: [path("b\nc@example.net")] };
  const { prologue } = spamCopy(spamQuestion({ envelope }));
  assert.equal(prologue.toString("latin1").split("\n").length, 5);
});

test("of a large mail so much of the body, a whole line at its end", () => {
  const message = spooledMail(Buffer.alloc(500_000, "x"));
  const question = spamQuestion({ message, bodyLimit: 100_000 });
  const wanted = message.header.length + 2 + 100_000;
  assert.equal(copiedBytes(question), wanted);
  const copy = spamCopy(question);
  assert.equal(copy.mailBytes, wanted);
  assert.equal(copy.ending.toString(), "\r\n");
  assert.match(
    copy.prologue.toString(),
    new RegExp(`MessageSize: ${messageSizeBytes(message)}, TRUNCATED to ${wanted}\r`),
  );
});

test("slightly above the limit it goes as it is", () => {
  const message = memoryMail("x".repeat(100_000));
  assert.equal(copiedBytes({ message, bodyLimit: 95_000 }), messageSizeBytes(message));
  assert.ok(copiedBytes({ message, bodyLimit: 94_000 }) < messageSizeBytes(message));
});

test("of an endless header section 64 KiB count", () => {
  const message = memoryMail("body", `${"X-Long: y\r\n".repeat(20_000)}`);
  assert.equal(copiedBytes({ message, bodyLimit: 100 }), 64 * 1024 + 4);
});

test("a mail that does not end with a line gets a line end", () => {
  assert.equal(spamCopy(spamQuestion({ message: memoryMail("no line") })).ending.length, 2);
  assert.equal(spamCopy(spamQuestion({ message: memoryMail("") })).ending.length, 0);
});
