import assert from "node:assert/strict";
import { test } from "node:test";
import { createReceiver, pack, piecesOf, unpack } from "../../../src/reading/parcel.ts";

const octets = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
const numbers = Uint32Array.from([1, 2, 2 ** 32 - 1]);
const empty = new Float64Array(0);
const value = { name: "ä", map: new Map([["a", [1, null, undefined]]]), inside: { octets, numbers, empty } };

function sent<Value>(parcel: Parameters<typeof piecesOf<Value>>[0], pieceBytes: number) {
  const receiver = createReceiver<Value>();
  for (const piece of piecesOf(parcel, pieceBytes)) {
    assert.ok(piece.length <= pieceBytes);
    // A pipe uses its buffer again.
    receiver.take(Uint8Array.from(piece));
  }
  return receiver;
}

for (const pieceBytes of [7, 64 * 1024, 1024 * 1024]) {
  test(`what is sent in pieces of ${pieceBytes} octets arrives as it was`, () => {
    const parcel = sent(pack(value, [octets, numbers, empty]), pieceBytes).parcel();
    assert.ok(parcel !== undefined);
    assert.deepEqual(unpack(parcel), value);
  });
}

test("large arrays are opened where they are, and may be opened again", () => {
  const parcel = pack(value, [octets, numbers, empty]);
  assert.ok(parcel.head.length < 500);
  assert.equal(unpack(parcel).inside.octets.buffer, octets.buffer);
  assert.deepEqual(unpack(parcel), value);
});

test("without its last octet it has not arrived, and more than was announced is refused", () => {
  const receiver = createReceiver();
  const all = Buffer.concat([...piecesOf(pack(value, [octets]), 4096)]);
  assert.equal(receiver.parcel(), undefined);
  receiver.take(all.subarray(0, -1));
  assert.equal(receiver.parcel(), undefined);
  receiver.take(all.subarray(-1));
  assert.notEqual(receiver.parcel(), undefined);
  assert.throws(() => receiver.take(all.subarray(-1)), /more came/);
});
