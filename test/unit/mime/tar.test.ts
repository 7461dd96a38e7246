import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { tarDoubt } from "../../../src/mime/tar.ts";
import { tarOf } from "../../support/archives.ts";

/** A header of pax, for the next member ("x") or for all ("g"). */
function paxOf(type: "x" | "g", record: string): Buffer {
  const whole = tarOf({ pax: record });
  whole[156] = type.charCodeAt(0);
  return whole.subarray(0, 1024);
}

const one = tarOf({ "a.txt": "one", "b.txt": "x".repeat(2000) });
const padding = Buffer.alloc(5000);
const large = tarOf({ "a.txt": "x".repeat(600) });
large.write("00000000001\0", 124, "latin1");

const cases: readonly (readonly [string, Buffer, string | undefined])[] = [
  ["a file", one, undefined],
  ["padded with zeros", Buffer.concat([one, padding]), undefined],
  ["without an end", one.subarray(0, 1024), undefined],
  ["two, one behind the other", Buffer.concat([one, tarOf({ "x.exe": "MZ" })]), "octets behind its end"],
  ["words behind the end", Buffer.concat([one, Buffer.from("words")]), "octets behind its end"],
  ["a comment for all", Buffer.concat([paxOf("g", "14 comment=ab\n"), one]), undefined],
  ["a name for all", Buffer.concat([paxOf("g", "14 path=x.exe\n"), one]), "one name for all its members"],
  ["a name for one", Buffer.concat([paxOf("x", "14 path=x.exe\n"), one]), undefined],
  ["a size for one", Buffer.concat([paxOf("x", "12 size=600\n"), large]), undefined],
];

for (const [title, octets, doubt] of cases) {
  test(`a tar file: ${title}`, () => {
    assert.equal(tarDoubt(octets), doubt);
  });
}

test("no octets make it throw", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(one.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const damaged = Buffer.from(one);
      for (const [at, octet] of changes) damaged[at] = octet;
      tarDoubt(damaged);
    }),
  );
});
