// What must hold for any content and any reply, however it is cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chunkOf } from "../../../src/smtp/chunk.ts";
import { BareLineEndError, DotStuffer } from "../../../src/smtp/dot.ts";
import { type ReadReply, ReplyReader } from "../../../src/smtp/reply-reader.ts";

const wireText = fc.array(fc.constantFrom("\r", "\n", "\r\n", ".", "a", "\0", "\xff", "\r\n."), { maxLength: 24 });
const cuts = fc.array(fc.nat(48), { maxLength: 6 });

function cut(text: string, places: readonly number[]): string[] {
  const sorted = [...places].map((place) => Math.min(place, text.length)).sort((a, b) => a - b);
  return [...sorted, text.length].map((place, index) => text.slice(sorted[index - 1] ?? 0, place));
}

test("content comes out of stuffing whole, or not at all if it has a bare line end", () => {
  fc.assert(
    fc.property(wireText, cuts, (tokens, places) => {
      const text = tokens.join("");
      const stuffer = new DotStuffer();
      const out: Uint8Array[] = [];
      const send = () => {
        for (const part of cut(text, places)) stuffer.push(Buffer.from(part, "latin1"), out);
        stuffer.end(out);
        return Buffer.concat(out).toString("latin1");
      };
      if (/\r(?!\n)|(?<!\r)\n/.test(text)) {
        assert.throws(send, BareLineEndError);
        return;
      }
      const wire = send();
      // The one end of data is at the end, and taking dots out again gives the text.
      assert.equal(`\r\n${wire}`.indexOf("\r\n.\r\n"), wire.length - 3);
      const back = wire.slice(0, -3).replace(/(^|\r\n)\./g, "$1");
      assert.equal(back, text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`);
    }),
    { numRuns: 2000 },
  );
});

test("BDAT brings the octets that DATA brings, and nothing where DATA brings nothing", () => {
  fc.assert(
    fc.property(wireText, cuts, cuts, (tokens, places, otherPlaces) => {
      const text = tokens.join("");
      const pieces = (at: readonly number[]) => cut(text, at).map((part) => Buffer.from(part, "latin1"));
      const byData = () => {
        const stuffer = new DotStuffer();
        const out: Uint8Array[] = [];
        for (const piece of pieces(places)) stuffer.push(piece, out);
        stuffer.end(out);
        return Buffer.concat(out)
          .toString("latin1")
          .slice(0, -3)
          .replace(/(^|\r\n)\./g, "$1");
      };
      const byBdat = () => {
        const { views, sizeBytes } = chunkOf(pieces(otherPlaces));
        const octets = Buffer.concat(views);
        assert.equal(octets.length, sizeBytes);
        return octets.toString("latin1");
      };
      if (/\r(?!\n)|(?<!\r)\n/.test(text)) {
        assert.throws(byData, BareLineEndError);
        assert.throws(byBdat, BareLineEndError);
        return;
      }
      assert.equal(byBdat(), byData());
    }),
    { numRuns: 2000 },
  );
});

const replyText = fc.array(
  fc.constantFrom(
    "250",
    "354",
    "5",
    "-",
    " ",
    "\r\n",
    "\n",
    "\r",
    "2.1.0",
    "Ok",
    "x".repeat(3000),
    "\0",
    "421 ",
    "550 5.1.1 no\r\n",
  ),
  { maxLength: 30 },
);

test("replies are the same however they arrive, and never more than one line of printable ASCII", () => {
  fc.assert(
    fc.property(replyText, cuts, (tokens, places) => {
      const text = tokens.join("");
      const whole = read([text]);
      assert.deepEqual(strip(read(cut(text, places))), strip(whole));
      for (const reply of whole) if ("text" in reply) assert.match(reply.text, /^[\x20-\x7e]{0,400}$/);
    }),
    { numRuns: 2000 },
  );
});

/** What garbage is shown as depends on how much of it is there. */
function strip(replies: readonly ReadReply[]): unknown[] {
  return replies.map((reply) => ("garbage" in reply ? "garbage" : reply));
}

function read(chunks: readonly string[]): ReadReply[] {
  const reader = new ReplyReader();
  const replies: ReadReply[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) {
      replies.push(reply);
      if ("garbage" in reply) return replies;
    }
  }
  return replies;
}
