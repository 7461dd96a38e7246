import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isoDoubt } from "../../../src/mime/iso.ts";
import { isoOf } from "../../support/archives.ts";

const sector = 2048;

interface Directory {
  readonly names: readonly string[];
  /** Names by Rock Ridge, in the same order. */
  readonly unix?: readonly string[];
}

function record(id: Buffer, at: number, size: number, flags: number, systemUse = Buffer.alloc(0)): Buffer {
  const length = 33 + id.length + ((id.length + 1) % 2) + systemUse.length;
  const octets = Buffer.alloc(length + (length % 2));
  octets[0] = octets.length;
  octets.writeUInt32LE(at, 2);
  octets.writeUInt32LE(size, 10);
  octets[25] = flags;
  octets[32] = id.length;
  id.copy(octets, 33);
  systemUse.copy(octets, length - systemUse.length);
  return octets;
}

function wide(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

/** An image whose first directory is at sector 20, Joliet's at 21; the files, in order, from 22 on. */
function imageOf(own: Directory, joliet?: readonly string[], marks: readonly string[] = []): Buffer {
  const image = Buffer.alloc(40 * sector);
  const fill = (at: number, ids: readonly Buffer[], unix: readonly string[] = []) => {
    const self = [record(Buffer.from([0]), at, sector, 2), record(Buffer.from([1]), at, sector, 2)];
    const files = ids.map((id, i) => {
      const name = unix[i];
      const named =
        name === undefined ? undefined : Buffer.from(`NM${String.fromCharCode(5 + name.length)}\x01\0${name}`);
      return record(id, 22 + i, 10, 0, named);
    });
    Buffer.concat([...self, ...files]).copy(image, at * sector);
    return record(Buffer.from([0]), at, sector, 2);
  };
  image.write("\x01CD001\x01", 16 * sector, "latin1");
  fill(
    20,
    own.names.map((name) => Buffer.from(`${name};1`)),
    own.unix,
  ).copy(image, 16 * sector + 156);
  let next = 17;
  if (joliet !== undefined) {
    image.write("\x02CD001\x01", next * sector, "latin1");
    image.write("%/E", next * sector + 88);
    fill(21, joliet.map(wide)).copy(image, next * sector + 156);
    next += 1;
  }
  for (const mark of ["\xffCD001", ...marks]) {
    image.write(mark, next * sector, "latin1");
    next += 1;
  }
  return image;
}

const differing = "directories that do not list the same files";
const cases: readonly (readonly [string, Buffer, string | undefined])[] = [
  ["one directory", isoOf("X.EXE", "MZ"), undefined],
  ["Joliet and its own", imageOf({ names: ["A_LONG_N.TXT", "B.JPE"] }, ["a long name.txt", "b.jpeg"]), undefined],
  ["all three", imageOf({ names: ["GOOD.TXT"], unix: ["good.txt"] }, ["good.txt"]), undefined],
  ["names without an ending", imageOf({ names: ["MAKEFILE.", "_BASHRC."] }, ["makefile", ".bashrc"]), undefined],
  ["another name by Joliet", imageOf({ names: ["GOOD.TXT"] }, ["evil.exe"]), differing],
  ["another name by Rock Ridge", imageOf({ names: ["GOOD.TXT"], unix: ["evil.exe"] }), differing],
  ["Rock Ridge against Joliet", imageOf({ names: ["A.TXT"], unix: ["a.txt"] }, ["a.exe"]), differing],
  ["more files by Joliet", imageOf({ names: ["A.TXT"] }, ["a.txt", "b.txt"]), differing],
  [
    "UDF as well",
    imageOf({ names: ["A.TXT"] }, undefined, ["\0BEA01", "\0NSR02", "\0TEA01"]),
    "an image of UDF as well",
  ],
  ["cut off", imageOf({ names: ["A.TXT"] }).subarray(0, 20 * sector + 100), "a directory that cannot be read"],
];

for (const [title, image, doubt] of cases) {
  test(`an ISO image with ${title}`, () => {
    assert.equal(isoDoubt(image), doubt);
  });
}

test("no octets make it throw", () => {
  const image = imageOf({ names: ["A.TXT"], unix: ["a.txt"] }, ["a.txt"]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(7 * sector - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
      const damaged = Buffer.from(image);
      for (const [at, octet] of changes) damaged[16 * sector + at] = octet;
      isoDoubt(damaged);
    }),
  );
});
