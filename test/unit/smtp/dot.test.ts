import assert from "node:assert/strict";
import { test } from "node:test";
import { BareLineEndError, DotStuffer, hasBareLineEnd } from "../../../src/smtp/dot.ts";
import { dotStuffed, hostileShapes, inPieces } from "../../support/hostile-shapes.ts";

/** Stuffs `text` cut at the given places. */
function stuffed(text: string, cuts: readonly number[] = []): string {
  const out: Uint8Array[] = [];
  const stuffer = new DotStuffer();
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    stuffer.push(Buffer.from(text.slice(from, cut), "latin1"), out);
    from = cut;
  }
  stuffer.end(out);
  return Buffer.concat(out).toString("latin1");
}

const cases: readonly [string, string][] = [
  ["", ".\r\n"],
  ["\r\n", "\r\n.\r\n"],
  ["a\r\n", "a\r\n.\r\n"],
  ["a", "a\r\n.\r\n"],
  [".", "..\r\n.\r\n"],
  [".\r\n", "..\r\n.\r\n"],
  ["..\r\n", "...\r\n.\r\n"],
  [".\r\n.\r\n.\r\n", "..\r\n..\r\n..\r\n.\r\n"],
  ["a\r\n.b\r\nc.d\r\n", "a\r\n..b\r\nc.d\r\n.\r\n"],
  ["a\r\n\r\n.", "a\r\n\r\n..\r\n.\r\n"],
  ["\0\xff\r\n.\xff\r\n", "\0\xff\r\n..\xff\r\n.\r\n"],
];

for (const [text, wire] of cases) {
  test(`stuffs ${JSON.stringify(text)} however it is cut`, () => {
    assert.equal(stuffed(text), wire);
    for (let a = 0; a <= text.length; a += 1) {
      for (let b = a; b <= text.length; b += 1) assert.equal(stuffed(text, [a, b]), wire, `cut at ${a} and ${b}`);
    }
  });
}

const bare = ["\n", "\r", "a\n", "a\r", "a\rb", "a\n.\r\n", "\r\n.\n", "a\r\r\n", "\n\r", "a\r\n\n", "\r\r", "a\r\n\r"];

for (const text of bare) {
  test(`lets nothing of ${JSON.stringify(text)} leave, however it is cut`, () => {
    for (let a = 0; a <= text.length; a += 1) {
      for (let b = a; b <= text.length; b += 1) {
        assert.throws(() => stuffed(text, [a, b]), BareLineEndError, `cut at ${a} and ${b}`);
      }
    }
    assert.equal(hasBareLineEnd(Buffer.from(text)), true);
  });
}

test("finds a bare line end around the border of what is looked at in one go", () => {
  const size = 64 * 1024;
  for (let at = size - 3; at < size + 3; at += 1) {
    const fine = Buffer.alloc(size + 10, "x");
    fine.write("\r\n", at);
    assert.equal(hasBareLineEnd(fine), false, `CRLF at ${at}`);
    for (const octet of ["\r", "\n"]) {
      const text = Buffer.alloc(size + 10, "x");
      text.write(octet, at);
      assert.equal(hasBareLineEnd(text), true, `${JSON.stringify(octet)} at ${at}`);
    }
  }
});

test("copies nothing: the views lie on the message", () => {
  const octets = Buffer.from(new SharedArrayBuffer(20));
  octets.write("ab\r\n.cd\r\n..........x", "latin1");
  const out: Uint8Array[] = [];
  new DotStuffer().push(octets, out);
  assert.deepEqual(
    out.filter((view) => view.buffer === octets.buffer).map((view) => view.length),
    [4, 5, 11],
  );
});

/** As the body is kept. */
const blockBytes = 131_072;
/** Each view costs an object, an entry of an array and a write: fewer than this for one block. */
const viewsPerBlock = 40;

for (const { name, octets } of hostileShapes(300_000)) {
  test(`${name}: a block is stuffed into a few views, whatever is in it`, () => {
    const out: Uint8Array[] = [];
    const stuffer = new DotStuffer();
    const blocks = inPieces(octets, blockBytes);
    for (const block of blocks) stuffer.push(block, out);
    stuffer.end(out);
    assert.ok(Buffer.concat(out).equals(Buffer.concat([dotStuffed(octets), Buffer.from(".\r\n")])));
    assert.ok(out.length <= viewsPerBlock * blocks.length, `${out.length} views for ${blocks.length} blocks`);
  });
}

test("a block with a few dot lines is not copied", () => {
  const octets = Buffer.alloc(blockBytes, "x");
  for (let i = 1; i <= 10; i += 1) octets.write("\r\n.", i * 10_000, "latin1");
  const out: Uint8Array[] = [];
  new DotStuffer().push(octets, out);
  let inPlace = 0;
  for (const view of out) if (view.buffer === octets.buffer) inPlace += view.length;
  assert.equal(inPlace, octets.length);
});
