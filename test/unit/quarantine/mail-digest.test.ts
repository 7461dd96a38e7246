// The same mail has the same digest; what differs in anything but its traces has another.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Body } from "../../../src/mail/message.ts";
import { digestMail } from "../../../src/quarantine/mail-digest.ts";
import { messageFrom, original } from "../../support/quarantine.ts";

const copy = { recipients: ["b@x", "c@x"], purpose: "quarantine", category: "CC_SPAM", deliveredTo: "spam-quarantine" };

function digestOf(body: Body): string {
  assert.ok(body.kind === "memory");
  return createHash("sha256").update(Buffer.concat(body.chunks)).digest("hex");
}

function digest(text: string, sender = "a@x", more: Partial<typeof copy> = {}): string {
  const message = messageFrom(text);
  return digestMail({ message, bodyDigest: digestOf(message.body), sender }, { ...copy, ...more });
}

test("traces and the order of recipients make no difference", () => {
  const first = digest(original);
  assert.equal(digest(`Received: x\r\nAuthentication-Results: y\r\n${original}`), first);
  assert.equal(digest(original, "a@x", { recipients: ["c@x", "b@x"] }), first);
});

test("everything else does", () => {
  const all = [
    digest(original),
    digest(`X: 1\r\n${original}`),
    digest(`${original}x`),
    digest(original, "b@x"),
    digest(original, "a@x", { category: "CC_VIRUS" }),
    digest(original, "a@x", { recipients: ["b@x"] }),
    digest(original, "a@x", { deliveredTo: "archive-quarantine" }),
  ];
  assert.equal(new Set(all).size, all.length);
});

test("a header section that was not cut into fields counts whole", () => {
  const { header, body } = messageFrom(`Received: x\r\n${original}`);
  const bodyDigest = digestOf(body);
  const whole = { header, fields: [], cut: "bytes" } as const;
  const one = digestMail({ message: whole, bodyDigest, sender: "" }, copy);
  const other = digestMail({ message: { ...whole, header: Buffer.from("X: 1\r\n") }, bodyDigest, sender: "" }, copy);
  assert.notEqual(one, other);
});
