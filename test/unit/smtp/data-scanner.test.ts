import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { DataScanner } from "../../../src/smtp/data-scanner.ts";
import { corpusTest } from "../../support/corpora.ts";
import { dotStuffed, hostileShapes, inPieces } from "../../support/hostile-shapes.ts";

interface Scanned {
  content: string;
  rest: string | undefined;
  bare: boolean;
}

/** Feeds the octets in pieces; what comes after the end of data is collected as the rest. */
function scan(pieces: readonly string[]): Scanned {
  const scanner = new DataScanner();
  const taken: Buffer[] = [];
  let rest: string | undefined;
  for (const piece of pieces) {
    if (rest !== undefined) {
      rest += piece;
      continue;
    }
    const chunk = Buffer.from(piece, "latin1");
    const end = scanner.scan(chunk, 0, (octets, from, to) => taken.push(Buffer.from(octets.subarray(from, to))));
    if (end !== -1) rest = chunk.toString("latin1", end);
  }
  return { content: Buffer.concat(taken).toString("latin1"), rest, bare: scanner.bareLineEnds };
}

/** The same rules one octet at a time: slow, short, and what the scanner is held against. */
function reference(input: string): Scanned {
  let content = "";
  let bare = false;
  let lineStart = true;
  for (let i = 0; i < input.length; ) {
    if (lineStart && input.startsWith(".\r\n", i)) return { content, rest: input.slice(i + 3), bare };
    if (lineStart && input[i] === ".") {
      lineStart = false;
      i += 1;
      continue;
    }
    if (input.startsWith("\r\n", i)) {
      content += "\r\n";
      lineStart = true;
      i += 2;
      continue;
    }
    lineStart = false;
    const octet = input[i] ?? "";
    bare ||= octet === "\r" || octet === "\n";
    content += octet === "\r" || octet === "\n" ? " " : octet;
    i += 1;
  }
  return { content, rest: undefined, bare };
}

const cases: readonly { name: string; input: string; content: string; rest?: string; bare?: boolean }[] = [
  { name: "an empty message", input: ".\r\n", content: "" },
  { name: "plain lines", input: "a\r\nb\r\n.\r\n", content: "a\r\nb\r\n" },
  { name: "a stuffed dot", input: "..\r\n...x\r\n.\r\n", content: ".\r\n..x\r\n" },
  { name: "an unstuffed dot", input: "a\r\n.b\r\n.\r\n", content: "a\r\nb\r\n" },
  { name: "octets after the end", input: "a\r\n.\r\nQUIT\r\n", content: "a\r\n", rest: "QUIT\r\n" },
  { name: "bare LF in commands after the end", input: "a\r\n.\r\nNOOP\n", content: "a\r\n", rest: "NOOP\n" },
  { name: "a bare LF", input: "a\nb\r\n.\r\n", content: "a b\r\n", bare: true },
  { name: "a bare CR", input: "a\rb\r\n.\r\n", content: "a b\r\n", bare: true },
  { name: "LF.LF", input: "a\n.\nb\r\n.\r\n", content: "a . b\r\n", bare: true },
  { name: "LF.CRLF", input: "a\n.\r\nb\r\n.\r\n", content: "a .\r\nb\r\n", bare: true },
  { name: "CRLF.LF", input: "a\r\n.\nb\r\n.\r\n", content: "a\r\n b\r\n", bare: true },
  { name: "CRLF.CR", input: "a\r\n.\rb\r\n.\r\n", content: "a\r\n b\r\n", bare: true },
  { name: "CRCRLF.CRCRLF", input: "a\r\r\n.\r\r\nb\r\n.\r\n", content: "a \r\n \r\nb\r\n", bare: true },
  { name: "NUL beside the dot", input: "a\r\n.\0\r\nb\r\n.\r\n", content: "a\r\n\0\r\nb\r\n" },
  { name: "8-bit octets", input: "\xff\xe9\r\n.\r\n", content: "\xff\xe9\r\n" },
];

for (const { name, input, content, rest = "", bare = false } of cases) {
  test(`takes ${name} at every split`, () => {
    const wanted = { content, rest, bare };
    assert.deepEqual(scan([input]), wanted);
    assert.deepEqual(scan([...input]), wanted);
    for (let i = 0; i <= input.length; i += 1) {
      for (let j = i; j <= input.length; j += 1) {
        assert.deepEqual(scan([input.slice(0, i), input.slice(i, j), input.slice(j)]), wanted, `split ${i}, ${j}`);
      }
    }
  });
}

test("agrees with the octet-by-octet rules on any input and any split", () => {
  const octets = fc.string({
    unit: fc.constantFrom("\r", "\n", ".", "\r\n", "\r\n.", "\r\n.\r\n", "a", "fifteen octets."),
    maxLength: 40,
  });
  fc.assert(
    fc.property(octets, fc.array(fc.nat(120), { maxLength: 6 }), (input, cuts) => {
      const sorted = [0, ...cuts.map((cut) => Math.min(cut, input.length)), input.length].sort((a, b) => a - b);
      const pieces = sorted.slice(1).map((cut, i) => input.slice(sorted[i], cut));
      const got = scan(pieces);
      const wanted = reference(input);
      // An unfinished message may keep its last two octets until the next chunk says what they are.
      if (wanted.rest !== undefined) assert.deepEqual(got, wanted);
      else assert.ok(wanted.content.startsWith(got.content) && wanted.content.length - got.content.length <= 2);
      assert.doesNotMatch(got.content.replaceAll("\r\n", ""), /[\r\n]/);
    }),
    { numRuns: 3000 },
  );
});

corpusTest("takes each smuggling attempt as one message", "smtp-smuggling/cases.json", (smuggling) => {
  const corpus = JSON.parse(readFileSync(smuggling, "utf8"));
  for (const { id, sequence_b64 } of corpus.cases) {
    const sequence = Buffer.from(sequence_b64, "base64").toString("latin1");
    const input = `${corpus.head}${sequence}${corpus.tail}\r\n.\r\n`;
    const wanted = reference(input);
    // Where the sequence holds a true end of data, the message ends there for everybody.
    const ends = sequence.includes("\r\n.\r\n");
    assert.equal(wanted.rest === "", !ends, id);
    for (let at = 0; at <= input.length; at += 1) {
      assert.deepEqual(scan([input.slice(0, at), input.slice(at)]), wanted, `${id} cut at ${at}`);
    }
    assert.deepEqual(scan([...input]), wanted, `${id} octet by octet`);
    assert.doesNotMatch(wanted.content.replaceAll("\r\n", ""), /[\r\n]/, id);
  }
});

const bytes = 300_000;
/** As much as a read from a socket brings. */
const readBytes = 65_536;
/** Each take costs a search, a copy and a few calls: fewer than this for one read. */
const takesPerRead = 20;

/** What arrives, end of data included, and the content that is to come of it. */
const arriving: readonly { readonly name: string; readonly wire: string; readonly content: Buffer }[] = [
  ...hostileShapes(bytes).map(({ name, octets }) => ({
    name,
    wire: `${dotStuffed(octets).toString("latin1")}.\r\n`,
    content: octets,
  })),
  ...["\r", "\n", "\r\r\n", "\r\n.\r", "\r\n.\n", "\r\n.\rx", "\r\n.\r\r\n.x", "\r\n.x\n.\r"].map((unit) => {
    const text = unit.repeat(Math.floor(bytes / unit.length));
    const content = text.replaceAll("\r\n.", "\r\n").replace(/\r\n|[\r\n]/g, (end) => (end === "\r\n" ? end : " "));
    return { name: JSON.stringify(unit), wire: `${text}x\r\n.\r\n`, content: Buffer.from(`${content}x\r\n`) };
  }),
];

for (const { name, wire, content } of arriving) {
  test(`${name}: a read is handed on in a few pieces, whatever is in it`, () => {
    for (const size of [1, 7, 1000, readBytes]) {
      const scanner = new DataScanner();
      const reads = inPieces(Buffer.from(wire, "latin1"), size);
      const taken: Buffer[] = [];
      for (const chunk of reads) {
        scanner.scan(chunk, 0, (read, from, to) => taken.push(Buffer.from(read.subarray(from, to))));
      }
      const most = takesPerRead * reads.length;
      assert.ok(taken.length <= most, `${taken.length} takes for ${reads.length} reads of ${size} octets`);
      assert.ok(Buffer.concat(taken).equals(content), `content in reads of ${size} octets`);
    }
  });
}
