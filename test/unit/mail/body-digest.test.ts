import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digestBody, offerDigest } from "../../../src/mail/body-digest.ts";
import { memoryMail, spooledMail } from "../../support/scanned-mail.ts";

test("the digest of the octets, however they are kept", async () => {
  for (const length of [0, 1, 5000, 3_000_000]) {
    const octets = Buffer.alloc(length, "0123456789\r\n");
    const digest = createHash("sha256").update(octets).digest();
    assert.deepEqual(await digestBody(memoryMail(octets).body), digest);
    assert.deepEqual(await digestBody(spooledMail(octets).body), digest);
  }
});

test("a body of one short block has its digest at once, a long one does not keep the event loop for it", () => {
  assert.ok(digestBody(memoryMail(Buffer.alloc(1000)).body) instanceof Uint8Array);
  assert.ok(digestBody(memoryMail(Buffer.alloc(3_000_000)).body) instanceof Promise);
  assert.ok(digestBody(spooledMail(Buffer.alloc(1000)).body) instanceof Promise);
});

test("rejects where the spool cannot be read", async () => {
  await assert.rejects(async () => digestBody(spooledMail(Buffer.alloc(200_000), 1000, new Error("EIO")).body), /EIO/);
});

test("a body is read once, however many ask", async () => {
  const { body } = spooledMail(Buffer.from("hello\r\n"));
  assert.ok(body.kind === "spool");
  let reads = 0;
  const counted = {
    ...body,
    read() {
      reads += 1;
      return body.read();
    },
  };
  const [one, other] = await Promise.all([digestBody(counted), digestBody(counted)]);
  assert.equal(one, other);
  assert.equal(await digestBody(counted), one);
  assert.equal(reads, 1);
});

test("a digest that somebody has is taken, one that is not of the octets is made", async () => {
  const octets = Buffer.from("hello\r\n");
  const offered = Buffer.alloc(32, 1);
  const { body } = memoryMail(octets);
  offerDigest(body, () => offered);
  assert.equal(await digestBody(body), offered);
  const { body: other } = memoryMail(octets);
  offerDigest(other, () => undefined);
  assert.deepEqual(await digestBody(other), createHash("sha256").update(octets).digest());
});
