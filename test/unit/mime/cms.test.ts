// Objects of S/MIME, put together by hand in each way that they are written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CmsKind, cmsKind, createSignedReader } from "../../../src/mime/cms.ts";
import { inPieces } from "../../support/hostile-shapes.ts";

const data = "2a864886f70d010701";
const signedData = "2a864886f70d010702";

/** Tag, length, content. */
function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const all = Buffer.concat(content);
  const { length } = all;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), all]);
}
/** Without a length, up to its end mark. */
const open = (tag: number, ...content: readonly Buffer[]) =>
  Buffer.concat([Buffer.from([tag, 0x80]), ...content, Buffer.from([0, 0])]);
type Write = typeof tlv;

const oid = (hex: string) => tlv(6, Buffer.from(hex, "hex"));
const rest = tlv(0xa0, Buffer.from("certificates"));
const algorithms = tlv(0x31, tlv(0x30, oid("608648016503040201")));

function signed(content: readonly Buffer[], write: Write = tlv, set = algorithms): Buffer {
  const inner = write(0x30, oid(data), ...(content.length === 0 ? [] : [write(0xa0, ...content)]));
  return write(0x30, oid(signedData), write(0xa0, write(0x30, tlv(2, Buffer.from([1])), set, inner, rest)));
}
const other = (hex: string) => tlv(0x30, oid(hex), tlv(0xa0, tlv(0x30, Buffer.from("x"))));
const text = Buffer.from("Content-Type: text/plain\r\n\r\nhello\r\n");
const inTwo = [tlv(4, text.subarray(0, 7)), tlv(4, text.subarray(7))];

const kinds: readonly (readonly [string, Buffer, CmsKind | undefined])[] = [
  ["signed, with lengths", signed([tlv(4, text)]), "signed"],
  ["signed, without lengths", signed([open(0x24, ...inTwo)], open), "signed"],
  ["signed, in pieces of a known length", signed([tlv(0x24, ...inTwo)]), "signed"],
  ["the signature of something else", signed([]), "detached"],
  ["the same without lengths", signed([], open), "detached"],
  ["a set without a length", signed([tlv(4, text)], tlv, open(0x31)), "unclear"],
  ["content that is no string of octets", signed([tlv(0x0c, text)]), "unclear"],
  ["cut off", signed([tlv(4, text)]).subarray(0, 40), "unclear"],
  ["encrypted", other("2a864886f70d010703"), "encrypted"],
  ["encrypted, with a check", other("2a864886f70d0109100117"), "encrypted"],
  ["compressed", other("2a864886f70d0109100109"), "compressed"],
  ["another object", other("2a864886f70d010705"), undefined],
  ["text", text, undefined],
  ["nothing", Buffer.alloc(0), undefined],
];
for (const [title, octets, kind] of kinds) {
  test(`tells what an object is: ${title}`, () => {
    assert.equal(cmsKind(octets), kind);
  });
}

function read(
  octets: Buffer,
  headBytes: number,
  pieceBytes: number,
): { readonly content: string; readonly doubts: number } {
  const pieces: Buffer[] = [];
  let doubts = 0;
  const reader = createSignedReader({ write: (each) => void pieces.push(Buffer.from(each)), end: () => {} }, () => {
    doubts += 1;
  });
  for (const piece of [octets.subarray(0, headBytes), ...inPieces(octets.subarray(headBytes), pieceBytes)])
    reader.write(piece);
  reader.end();
  return { content: Buffer.concat(pieces).toString(), doubts };
}

test("gives the content, however it is written and comes", () => {
  const objects = [
    signed([tlv(4, text)]),
    signed([open(0x24, ...inTwo)], open),
    signed([tlv(0x24, ...inTwo)]),
    signed([open(0x24, tlv(0x24, ...inTwo))]),
    signed([open(0x24, tlv(4), ...inTwo)]),
  ];
  for (const object of objects)
    for (const pieceBytes of [1, 2, 5, 1000])
      assert.deepEqual(read(object, 70, pieceBytes), { content: text.toString(), doubts: 0 });
});

test("content that breaks off is told", () => {
  const object = signed([tlv(4, text)]);
  const end = object.indexOf("hello");
  assert.equal(read(object.subarray(0, end), 70, 5).doubts, 1);
});
