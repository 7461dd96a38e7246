import assert from "node:assert/strict";
import { test } from "node:test";
import { readFrame } from "../../../src/mime/archive-frame.ts";
import type { ArchiveKind } from "../../../src/mime/signatures.ts";
import { cabOf, isoOf, rarOf } from "../../support/archives.ts";

const rar = rarOf({ a: "x", b: "y" });

/** RAR 4: its mark, main header, one file of three octets, and its end where wanted. */
function rar4(mainFlags: number, end: "end" | "no end"): Buffer {
  const main = Buffer.from([0, 0, 0x73, mainFlags, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
  const file = Buffer.alloc(33 + 3);
  file[2] = 0x74;
  file.writeUInt16LE(0x8000, 3);
  file.writeUInt16LE(33, 5);
  file.writeUInt32LE(3, 7);
  const last = end === "end" ? Buffer.from([0xc4, 0x3d, 0x7b, 0, 0x40, 7, 0]) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from("Rar!\x1a\x07\0", "latin1"), main, file, last]);
}

const cases: readonly [string, ArchiveKind, Buffer, number][] = [
  ["RAR 5", "rar", rar, 2],
  ["RAR 4", "rar", rar4(0, "end"), 1],
  ["RAR 4 of old", "rar", rar4(0, "no end"), 1],
  ["a cabinet", "cab", cabOf("a", "x"), 1],
  ["an image", "iso", isoOf("A", "x"), 0],
];

for (const [name, kind, octets, leastMembers] of cases) {
  test(`${name} is whole, and is not when it is cut off`, () => {
    assert.deepEqual(readFrame(kind, octets), { encrypted: false, leastMembers });
    // What follows the last block is no part of it.
    for (let length = kind === "rar" ? 8 : 0; length < octets.length - 8; length += Math.ceil(octets.length / 200)) {
      const { fault, leastMembers: fewer } = readFrame(kind, octets.subarray(0, length));
      assert.ok(fault !== undefined || fewer < leastMembers, `${length} octets`);
    }
  });
}

test("a list of members behind a password is told", () => {
  assert.equal(readFrame("rar", rar4(0x80, "end")).encrypted, true);
  const locked = Buffer.concat([rar.subarray(0, 8), Buffer.from([0, 0, 0, 0, 3, 4, 0, 0])]);
  assert.equal(readFrame("rar", locked).encrypted, true);
});

test("octets of any kind are answered", () => {
  for (const kind of ["7z", "rar", "cab", "iso", "tar"] as const)
    for (const octets of [
      Buffer.alloc(0),
      Buffer.alloc(40_000),
      Buffer.alloc(40_000, 0xff),
      Buffer.from("Rar!\x1a\x07\x01\0\xff", "latin1"),
    ])
      assert.equal(typeof readFrame(kind, octets), "object");
});
