import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digestBody } from "../../../src/mail/body-digest.ts";
import { memoryMail, spooledMail } from "../../support/scanned-mail.ts";

test("the digest of the octets, however they are kept", async () => {
  for (const length of [0, 1, 5000, 3_000_000]) {
    const octets = Buffer.alloc(length, "0123456789\r\n");
    const digest = createHash("sha256").update(octets).digest();
    assert.deepEqual(await digestBody(memoryMail(octets).body), digest);
    assert.deepEqual(await digestBody(spooledMail(octets).body), digest);
  }
});

test("rejects where the spool cannot be read", async () => {
  await assert.rejects(digestBody(spooledMail(Buffer.alloc(200_000), 1000, new Error("EIO")).body), /EIO/);
});
