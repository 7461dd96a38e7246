import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readZip } from "../../../src/mime/zip.ts";
import { zipOf } from "../../support/archives.ts";
import { countWork } from "../../support/work.ts";

const short = (zip: Buffer, most = 100) => {
  const { members, doubts } = readZip(zip, most);
  return [
    members.map(({ names, packed }) => `${names.join("|")}=${packed.toString("latin1")}`),
    doubts.map(({ reason }) => reason),
  ];
};
const two = zipOf([
  { name: "a.txt", content: "one" },
  { name: "b.txt", content: "two" },
]);

test("lists what the directory lists", () => {
  assert.deepEqual(short(two), [["a.txt=one", "b.txt=two"], []]);
  assert.deepEqual(short(zipOf([])), [[], []]);
  assert.deepEqual(short(zipOf([{ name: "d/" }, { name: "d/a", content: "x" }])), [["d/a=x"], []]);
});

test("a comment, octets in front and octets behind change nothing", () => {
  const commented = Buffer.concat([two, Buffer.from("comment")]);
  commented.writeUInt16LE(7, two.length - 2);
  for (const zip of [
    commented,
    Buffer.concat([Buffer.from("MZ in front"), two]),
    Buffer.concat([two, Buffer.from("behind")]),
  ])
    assert.deepEqual(short(zip), [["a.txt=one", "b.txt=two"], []]);
});

test("each place where readers differ is told", () => {
  assert.deepEqual(short(zipOf([{ name: "a.txt", localName: "a.exe", content: "x" }])), [
    ["a.txt|a.exe=x"],
    ["ambiguous"],
  ]);
  assert.deepEqual(
    short(
      zipOf([
        { name: "a", content: "x" },
        { name: "b", content: "y", hidden: true },
      ]),
    ),
    [["a=x", "b=y"], ["ambiguous"]],
  );
  const other = Buffer.from(two);
  other.writeUInt16LE(8, 8);
  assert.deepEqual(short(other)[1], ["ambiguous"]);
});

test("without its directory a zip is read member by member, and told as damaged", () => {
  assert.deepEqual(short(two.subarray(0, 80)), [["a.txt=one", "b.txt=two"], ["failed"]]);
  assert.deepEqual(short(Buffer.from("PK\x03\x04 and so on", "latin1")), [[], ["failed"]]);
});

test("names of the directory in other charsets are read by every reading", () => {
  assert.deepEqual(short(zipOf([{ name: "gr\xc3\xbcn.txt", content: "" }]))[0], ["grün.txt="]);
  assert.deepEqual(short(zipOf([{ name: "x.exe\0.txt", content: "" }]))[0], ["x.exe|x.exe\0.txt|x.exe.txt="]);
});

test("members behind the directory are found as well", () => {
  const hidden = Buffer.from(zipOf([{ name: "x.exe", content: "MZ" }]).subarray(0, 37));
  for (const zip of [Buffer.concat([two, hidden]), Buffer.concat([two.subarray(0, -22), hidden, two.subarray(-22)])]) {
    const { members, doubts } = readZip(zip, 100);
    assert.deepEqual(members.at(-1)?.names, ["x.exe"]);
    assert.notDeepEqual(doubts, []);
  }
});

test("a name in UTF-8 stands in either place", () => {
  const field = Buffer.concat([Buffer.from("up\x0a\0\x01\0\0\0\0", "latin1"), Buffer.from("x.exe")]);
  const plain = zipOf([{ name: "a.txt", content: "one" }]);
  const zip = Buffer.concat([plain.subarray(0, 35), field, plain.subarray(35)]);
  zip.writeUInt16LE(field.length, 28);
  zip.writeUInt32LE(zip.readUInt32LE(zip.length - 6) + field.length, zip.length - 6);
  assert.deepEqual(short(zip)[0], ["x.exe|a.txt=one"]);
});

test("no more are listed than wanted", () => {
  const many = zipOf(Array.from({ length: 300 }, (_, i) => ({ name: `${i}`, content: "x" })));
  assert.equal(readZip(many, 100).members.length, 100);
});

test("no octets make it throw", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(two.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(two.length),
      (changes, length) => {
        const zip = Buffer.from(two.subarray(0, length));
        for (const [at, octet] of changes) if (at < zip.length) zip[at] = octet;
        readZip(zip, 10);
      },
    ),
    { numRuns: 3000 },
  );
});

/** A local header, much that is nothing, and a directory that lists a thousand times what stands at the beginning. */
function directoryOf(size: number): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  const entries = Buffer.concat(Array.from({ length: 1000 }, () => entry));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1000, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(size, 16);
  return Buffer.concat([local, Buffer.alloc(size - local.length), entries, end]);
}

for (const [name, make] of [
  ["members that nothing lists", (n: number) => Buffer.from("PK\x03\x04".repeat(n / 4), "latin1")],
  ["ends of directories", (n: number) => Buffer.from("PK\x05\x06".repeat(n / 4), "latin1")],
  ["members", (n: number) => zipOf(Array.from({ length: n / 100 }, () => ({ name: "a", content: "x" })))],
  ["members that are not where the directory says", (n: number) => directoryOf(n)],
  ["overlapping members", (n: number) => Buffer.concat(Array.from({ length: n / 140 }, () => two))],
] as const) {
  test(`double the zip is double the work: ${name}`, () => {
    const zips = [100_000, 200_000].map((n) => make(n));
    const [small = 0, large = 0] = zips.map((zip) => countWork(() => readZip(zip, 3000)));
    assert.ok(large <= 2.3 * small, `${large} steps, then ${small}`);
    assert.ok(large <= 50 * 200_000, `${large} steps for 200,000 octets`);
  });
}
