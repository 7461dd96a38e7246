import assert from "node:assert/strict";
import { test } from "node:test";
import { maxPacketBytes, type Packet, PacketReader, packet, strings } from "../../../src/milter/packet.ts";

/** A body's pieces are put together, as who takes them does. */
function read(pieces: readonly Buffer[]): { readonly seen: readonly string[]; readonly valid: boolean } {
  const reader = new PacketReader();
  const seen: string[] = [];
  let valid = true;
  let begun = "";
  for (const piece of pieces) {
    ({ valid } = reader.feed(piece, ({ command, data, more }) => {
      begun += data.toString("latin1");
      if (more) return true;
      seen.push(`${command}:${begun}`);
      begun = "";
      return true;
    }));
    if (!valid) break;
  }
  return { seen, valid };
}

const three = Buffer.concat([packet("L", "Subject\0 x\0"), packet("N"), packet("B", "body\r\n")]);
const expected = ["L:Subject\0 x\0", "N:", "B:body\r\n"];

test("packets come out whole, wherever the stream is split in two", () => {
  for (let at = 0; at <= three.length; at += 1) {
    assert.deepEqual(read([three.subarray(0, at), three.subarray(at)]), { seen: expected, valid: true });
  }
});

test("packets come out whole from one octet at a time", () => {
  assert.deepEqual(read(Array.from(three, (octet) => Buffer.of(octet))), { seen: expected, valid: true });
});

test("a body is handed over as it comes, without waiting for the rest of its packet; all else comes whole", () => {
  const body = packet("B", "a body\r\n");
  const seen: unknown[] = [];
  const reader = new PacketReader();
  const take = ({ command, data, more }: Packet) => {
    seen.push([command, data.toString("latin1"), more]);
    return true;
  };
  for (const [from, to] of [
    [0, 2],
    [2, 5],
    [5, 8],
    [8, body.length],
  ] as const) {
    reader.feed(body.subarray(from, to), take);
  }
  const field = packet("L", "From\0 a\0");
  reader.feed(field.subarray(0, 9), take);
  reader.feed(field.subarray(9), take);
  // A body of nothing.
  reader.feed(packet("B"), take);
  assert.deepEqual(seen, [
    ["B", "a b", true],
    ["B", "ody\r\n", false],
    ["L", "From\0 a\0", false],
    ["B", "", false],
  ]);
});

test("a taker that stops within a body gets the rest of it fed again", () => {
  const stream = Buffer.concat([packet("B", "12345"), packet("E")]);
  const reader = new PacketReader();
  const seen: string[] = [];
  const take = ({ command, data }: Packet) => {
    seen.push(`${command}${data.toString("latin1")}`);
    return false;
  };
  assert.deepEqual(reader.feed(stream.subarray(0, 7), take), { valid: true, rest: 7 });
  let rest = stream.subarray(7);
  for (let i = 0; i < 2; i += 1) rest = rest.subarray(reader.feed(rest, take).rest);
  assert.deepEqual(seen, ["B12", "B345", "E"]);
  assert.equal(rest.length, 0);
});

test("a taker that stops gets the rest fed again", () => {
  const reader = new PacketReader();
  const seen: string[] = [];
  const take = ({ command }: { readonly command: string }) => {
    seen.push(command);
    return false;
  };
  let rest = three;
  for (let i = 0; i < 3; i += 1) rest = rest.subarray(reader.feed(rest, take).rest);
  assert.deepEqual(seen, ["L", "N", "B"]);
  assert.equal(rest.length, 0);
});

for (const [title, size] of [
  ["no command", 0],
  ["more than a packet may have", maxPacketBytes + 1],
  ["a length of SMTP words", Buffer.from("EHLO").readUInt32BE(0)],
] as const) {
  test(`a length with ${title} is no packet, in one piece or octet by octet`, () => {
    const octets = Buffer.alloc(6);
    octets.writeUInt32BE(size, 0);
    assert.equal(read([octets]).valid, false);
    assert.equal(read(Array.from(octets, (octet) => Buffer.of(octet))).valid, false);
  });
}

test("strings end with NUL; one that does not is taken all the same", () => {
  assert.deepEqual(strings(Buffer.from("<a@b>\0SIZE=1\0")), ["<a@b>", "SIZE=1"]);
  assert.deepEqual(strings(Buffer.from("a\0b")), ["a", "b"]);
  assert.deepEqual(strings(Buffer.alloc(0)), []);
});
