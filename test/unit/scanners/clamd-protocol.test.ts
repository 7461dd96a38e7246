import assert from "node:assert/strict";
import { test } from "node:test";
import { frameChunks, maxChunkOctets, parseClamdReply } from "../../../src/scanners/clamd-protocol.ts";

/** Takes chunks apart again, as clamd does. */
function unframe(framed: readonly Uint8Array[]): { readonly octets: Buffer; readonly lengths: number[] } {
  const all = Buffer.concat(framed);
  const pieces: Buffer[] = [];
  const lengths: number[] = [];
  for (let at = 0; at < all.length; ) {
    const length = all.readUInt32BE(at);
    lengths.push(length);
    pieces.push(all.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { octets: Buffer.concat(pieces), lengths };
}

test("chunks hold all octets in order, none of them is above the limit or empty", () => {
  for (const sizes of [[], [0], [1], [maxChunkOctets], [maxChunkOctets + 1], [10, 0, 20], [40_000, 2, 100_000, 5]]) {
    const views = sizes.map((size, index) => Buffer.alloc(size, index + 1));
    const { octets, lengths } = unframe(frameChunks(views));
    assert.deepEqual(octets, Buffer.concat(views));
    assert.ok(lengths.every((length) => length > 0 && length <= maxChunkOctets));
    assert.equal(lengths.length, Math.ceil(octets.length / maxChunkOctets), "no more chunks than needed");
  }
});

test("octets are not copied", () => {
  const view = Buffer.alloc(100_000);
  const pieces = frameChunks([view]).filter((piece) => piece.length !== 4);
  assert.ok(pieces.every((piece) => piece.buffer === view.buffer));
});

test("OK alone is clean", () => {
  assert.deepEqual(parseClamdReply("1: stream: OK", 1), { result: "clean" });
  const others = [
    "",
    "OK",
    "1: OK",
    "stream: OK",
    "2: stream: OK",
    "1: stream: OK ",
    "1: stream: ok",
    "1: stream: OK\0",
    "11: stream: OK",
  ];
  for (const reply of others) assert.deepEqual({ reply, ...parseClamdReply(reply, 1) }.result, "failed", reply);
});

test("FOUND gives the name, without digest and size of the file", () => {
  const names = {
    "3: stream: Eicar-Test-Signature FOUND": "Eicar-Test-Signature",
    "3: stream: Eicar-Test-Signature(44d88612fea8a8f36de82e1278abb02f:68) FOUND": "Eicar-Test-Signature",
    "3: stream: Heuristics.Phishing.Email.SpoofedDomain FOUND": "Heuristics.Phishing.Email.SpoofedDomain",
    "3: stream: Name with FOUND inside FOUND": "Name with FOUND inside",
    "3: stream: S\u00e9 FOUND": "S?",
  };
  for (const [reply, name] of Object.entries(names))
    assert.deepEqual(parseClamdReply(reply, 3), { result: "infected", names: [name] });
});

test("what clamd could not look through is failed, not clean and not infected", () => {
  const troubles = {
    "1: INSTREAM size limit exceeded. ERROR": "too-large",
    "1: stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND": "too-large",
    "1: stream: Can't allocate memory ERROR": "refused",
    "1: stream: Time limit reached ERROR": "refused",
    "UNKNOWN COMMAND": "garbage",
    "COMMAND READ TIMED OUT": "garbage",
    "1: stream:  FOUND": "garbage",
    "HTTP/1.1 400 Bad Request": "garbage",
  };
  for (const [reply, trouble] of Object.entries(troubles)) {
    const parsed = parseClamdReply(reply, 1);
    assert.equal(parsed.result === "failed" && parsed.trouble, trouble, reply);
  }
});

test("no name or reason is long or leaves its line", () => {
  const long = parseClamdReply(`1: stream: ${"x".repeat(5000)} FOUND`, 1);
  assert.ok(long.result === "infected" && long.names[0]?.length === 200);
  const wild = parseClamdReply(`1: stream: a\r\nb: c ERROR`, 1);
  assert.ok(wild.result === "failed" && !/[\r\n]/.test(wild.detail));
});
