import assert from "node:assert/strict";
import { test } from "node:test";
import { maxPacketBytes, PacketReader, packet, strings } from "../../../src/milter/packet.ts";

function read(pieces: readonly Buffer[]): { readonly seen: readonly string[]; readonly valid: boolean } {
  const reader = new PacketReader();
  const seen: string[] = [];
  let valid = true;
  for (const piece of pieces) {
    ({ valid } = reader.feed(piece, ({ command, data }) => {
      seen.push(`${command}:${data.toString("latin1")}`);
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
