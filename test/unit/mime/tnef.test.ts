import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readTnef } from "../../../src/mime/tnef.ts";
import { attachmentOf, tnefOf } from "../../support/tnef.ts";

const short = (octets: Buffer) => {
  const { files, fault } = readTnef(octets, 100);
  return [files.map(({ names, content }) => `${names.join("|")}=${content.toString("latin1")}`), fault];
};

test("attachments have the names of their title and of their properties", () => {
  const tnef = tnefOf([
    attachmentOf({ title: "REPORT~1.TXT", longName: "report of today.exe", content: "MZ" }),
    attachmentOf({ title: "b.txt", content: "two" }),
  ]);
  assert.deepEqual(short(tnef), [["REPORT~1.TXT|report of today.exe=MZ", "b.txt=two"], undefined]);
});

test("a mail within is an attachment too", () => {
  const inner = tnefOf([attachmentOf({ title: "x.exe", content: "MZ" })]);
  const [files] = short(tnefOf([attachmentOf({ title: "m", embedded: inner })]));
  assert.deepEqual(files, [`m=${inner.toString("latin1")}`]);
});

test("a file that breaks off is told, with what there is", () => {
  const tnef = tnefOf([attachmentOf({ title: "a", content: "one" }), attachmentOf({ title: "b", content: "two" })]);
  assert.deepEqual(short(tnef.subarray(0, tnef.length - 3)), [["a=one", "b=tw"], "it breaks off"]);
});

test("a name without content is an attachment, what stands before the first attachment is told", () => {
  assert.deepEqual(short(tnefOf([attachmentOf({ title: "x.exe" })])), [["x.exe="], undefined]);
  const inOne = attachmentOf({ title: "x.exe", content: "MZ" });
  assert.deepEqual(short(tnefOf([inOne.subarray(9 + 14 + 2)])), [[], "an attachment without its start"]);
});

test("no more are listed than wanted", () => {
  const many = tnefOf(Array.from({ length: 20 }, () => attachmentOf({ title: "a", content: "one" })));
  assert.ok(readTnef(many, 5).files.length <= 6);
  const inOne = tnefOf([attachmentOf({ title: "a", content: "one" })]);
  const data = inOne.subarray(inOne.indexOf(Buffer.from([0x02, 0x0f, 0x80])));
  assert.ok(readTnef(Buffer.concat([inOne, ...Array.from({ length: 20 }, () => data)]), 5).files.length <= 6);
});

test("no octets make it throw", () => {
  const tnef = tnefOf([attachmentOf({ title: "a", longName: "b", content: "one", embedded: Buffer.from("x") })]);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(tnef.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const damaged = Buffer.from(tnef);
      for (const [at, octet] of changes) damaged[at] = octet;
      readTnef(damaged, 10);
    }),
    { numRuns: 3000 },
  );
});
