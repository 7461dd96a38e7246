// How content leaves: what is made at once, what while it is sent, and what never leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageOctets } from "../../../src/mail/message.ts";
import type { Exchange } from "../../../src/relay/awaited-replies.ts";
import { type ContentSink, prepareContent, sendContent } from "../../../src/relay/content.ts";
import { BareLineEndError } from "../../../src/smtp/dot.ts";
import { dotStuffed, hostileShapes } from "../../support/hostile-shapes.ts";

const mebibyte = 1024 * 1024;
const blockBytes = 131_072;
const patience = { eachMs: 1000, lastMs: 1000 };

/** A message as intake keeps it: the body in blocks. */
function messageOf(octets: Buffer): MessageOctets {
  const headerEnd = octets.indexOf("\r\n\r\n") + 2;
  const body = octets.subarray(headerEnd + 2);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += blockBytes) chunks.push(body.subarray(at, at + blockBytes));
  return {
    header: octets.subarray(0, headerEnd),
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: body.length, chunks },
  };
}

/** Takes everything; counts what it holds at a time. */
class Sink implements ContentSink {
  readonly failure = undefined;
  readonly taken: Buffer[] = [];
  mostViews = 0;
  mostBytes = 0;

  async send(views: readonly Uint8Array[]): Promise<void> {
    const octets = Buffer.concat(views);
    this.taken.push(octets);
    this.mostViews = Math.max(this.mostViews, views.length);
    this.mostBytes = Math.max(this.mostBytes, octets.length);
  }

  async exchangeContent(views: readonly Uint8Array[]): Promise<Exchange> {
    await this.send(views);
    return { replies: [], failure: undefined };
  }
}

for (const { name, octets } of hostileShapes(3 * mebibyte)) {
  test(`${name}: a large mail leaves as it is, without being made a second time in memory`, async () => {
    const message = messageOf(octets);
    const content = prepareContent(message);
    const sink = new Sink();
    await sendContent(sink, content, 1, 1000, patience);
    assert.ok(Buffer.concat(sink.taken).equals(Buffer.concat([dotStuffed(octets), Buffer.from(".\r\n")])));
    // A mail without dot lines is handed over as it lies there; others by the block, of which dots make 4/3.
    if (content.kind === "blocks") assert.ok(sink.mostBytes < 1.5 * mebibyte, `${sink.mostBytes} octets at once`);
    assert.ok(sink.mostViews <= 400, `${sink.mostViews} views at once`);
  });
}

test("of a large mail in memory nothing is sent when a bare line end stands anywhere in it", () => {
  for (const bare of ["\r", "\n", "\n.\r\n"]) {
    const octets = Buffer.concat([
      Buffer.from("From: a@b.example\r\n\r\n"),
      Buffer.from("..\r\n".repeat(500_000)),
      Buffer.from(`x${bare}x\r\n`),
    ]);
    assert.throws(() => prepareContent(messageOf(octets)), BareLineEndError);
  }
});

test("a large mail that ends within a line, after a dot, gets its CRLF", async () => {
  const octets = Buffer.from(`From: a@b.example\r\n\r\n${".\r\n".repeat(500_000)}.`);
  const sink = new Sink();
  await sendContent(sink, prepareContent(messageOf(octets)), 1, 1000, patience);
  const wire = Buffer.concat(sink.taken);
  assert.ok(wire.subarray(0, -5).equals(dotStuffed(octets)));
  assert.equal(wire.toString("latin1", wire.length - 9), "\r\n..\r\n.\r\n");
});
