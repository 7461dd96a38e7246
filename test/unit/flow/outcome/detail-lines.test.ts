import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionOf } from "../../../../src/cli/message-file.ts";
import { verificationLogLines } from "../../../../src/flow/outcome/detail-lines.ts";

test("of a thousand signatures and five hundred authors the lines of log level 2 name some, and how many more", () => {
  const authors = Array.from({ length: 500 }, (_, index) => `author-${index}@example.com`).join(",\r\n ");
  const transaction = transactionOf(Buffer.from(`From: ${authors}\r\n\r\nHello\r\n`), {
    listener: { address: "127.0.0.1", port: 10024 },
    envelope: { sender: { address: "a@example.com", parameters: "" }, recipients: [] },
    client: {},
    receivedAtMs: 0,
  });
  const verification = {
    kind: "dkim",
    result: "fail",
    reason: "expired",
    domain: "example.com",
    selector: "s",
    algorithm: "rsa-sha256",
    identity: "@example.com",
    b: "",
  } as const;
  const verifications = Array.from({ length: 1000 }, () => verification);
  const lines = verificationLogLines({ transaction, bank: undefined, facts: { verifications } });
  assert.equal(lines.length, 21);
  assert.equal(lines[20], "dkim: 980 more signatures");
  assert.match(lines[0] ?? "", /From: <author-0@example\.com>, .*<author-9@example\.com>,\.\.\. \(\d+ more\), a=/);
});
