// The same mail has the same digest; what differs in anything but its traces has another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestBody, digestMail } from "../../../src/quarantine/mail-digest.ts";
import { messageFrom, original } from "../../support/quarantine.ts";

const copy = { recipients: ["b@x", "c@x"], purpose: "quarantine", category: "CC_SPAM", deliveredTo: "spam-quarantine" };

async function digest(text: string, sender = "a@x", more: Partial<typeof copy> = {}): Promise<string> {
  const message = messageFrom(text);
  return digestMail({ message, bodyDigest: await digestBody(message.body), sender }, { ...copy, ...more });
}

test("traces and the order of recipients make no difference", async () => {
  const first = await digest(original);
  assert.equal(await digest(`Received: x\r\nAuthentication-Results: y\r\n${original}`), first);
  assert.equal(await digest(original, "a@x", { recipients: ["c@x", "b@x"] }), first);
});

test("everything else does", async () => {
  const all = await Promise.all([
    digest(original),
    digest(`X: 1\r\n${original}`),
    digest(`${original}x`),
    digest(original, "b@x"),
    digest(original, "a@x", { category: "CC_VIRUS" }),
    digest(original, "a@x", { recipients: ["b@x"] }),
    digest(original, "a@x", { deliveredTo: "archive-quarantine" }),
  ]);
  assert.equal(new Set(all).size, all.length);
});

test("a header section that was not cut into fields counts whole", async () => {
  const { header, body } = messageFrom(`Received: x\r\n${original}`);
  const bodyDigest = await digestBody(body);
  const whole = { header, fields: [], cut: "bytes" } as const;
  const one = digestMail({ message: whole, bodyDigest, sender: "" }, copy);
  const other = digestMail({ message: { ...whole, header: Buffer.from("X: 1\r\n") }, bodyDigest, sender: "" }, copy);
  assert.notEqual(one, other);
});

test("a large body is hashed as what it is", async () => {
  const chunks = Array.from({ length: 40 }, () => Buffer.alloc(128 * 1024, "x"));
  const whole = await digestBody({ kind: "memory", sizeBytes: 1, chunks: [Buffer.concat(chunks)] });
  assert.equal(await digestBody({ kind: "memory", sizeBytes: 1, chunks }), whole);
});
