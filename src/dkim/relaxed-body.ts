// The "relaxed" body canonicalization (RFC 6376 section 3.4.4): a run of blanks is one space, none stand at a line's
// end, no empty lines at the end. Most text is canonical as it is: that is found out fast and not copied.
import { type BodyCanonicalizer, CR, HeldLineEnds, LF, type OctetSink } from "./body-lines.ts";

const SPACE = 32;
const TAB = 9;
/** Bounds the scratch memory, and keeps it in the processor's cache. */
const maxBlockOctets = 64 * 1024;
/** Octets looked at before text that is not canonical is given up. */
const checkedOctets = 1024;
const bareCr = Buffer.from("\r");
const oneSpace = Buffer.from(" ");

const isBlank = table((octet) => (octet === SPACE || octet === TAB ? 1 : 0));
const asSpace = table((octet) => (octet === TAB ? SPACE : octet));

export class RelaxedBody implements BodyCanonicalizer {
  readonly #lineEnds: HeldLineEnds;
  /** The chunk ended with a CR: the next octet tells whether it was a line end. */
  #heldCr = false;
  /** Blanks were read on this line: one space, if anything but the line's end follows. */
  #heldBlank = false;
  /** Where text that is not canonical is written; grows to the largest block seen. */
  #scratch = new Uint8Array(0);

  constructor(sink: OctetSink) {
    this.#lineEnds = new HeldLineEnds(sink, 0);
  }

  update(chunk: Uint8Array): void {
    if (chunk.length <= maxBlockOctets) {
      this.#updateBlock(chunk);
      return;
    }
    for (let at = 0; at < chunk.length; at += maxBlockOctets) {
      this.#updateBlock(chunk.subarray(at, at + maxBlockOctets));
    }
  }

  end(): void {
    if (this.#heldCr) this.#writeContent(bareCr, false);
    this.#lineEnds.end("open");
  }

  #updateBlock(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    let start = 0;
    if (this.#heldCr) {
      this.#heldCr = false;
      if (chunk[0] === LF) {
        this.#endLine();
        start = 1;
      } else this.#writeContent(bareCr, false);
    }
    let end = chunk.length;
    if (end > start && chunk[end - 1] === CR) {
      this.#heldCr = true;
      end -= 1;
    }
    // White space at both ends of the chunk is only noted; between lies text that starts and ends with content.
    const contentStart = this.#skipWhiteSpace(chunk, start, end);
    if (contentStart === end) return;
    let contentEnd = end;
    for (;;) {
      const last = chunk[contentEnd - 1];
      if (last === SPACE || last === TAB) contentEnd -= 1;
      else if (last === LF && chunk[contentEnd - 2] === CR && contentEnd - 2 > contentStart) contentEnd -= 2;
      else break;
    }
    const ended = contentEnd < end && chunk[contentEnd] === CR;
    if (ended) contentEnd += 2;
    this.#writeText(chunk.subarray(contentStart, contentEnd), ended);
    this.#skipWhiteSpace(chunk, contentEnd, end);
  }

  #endLine(): void {
    this.#heldBlank = false;
    this.#lineEnds.add(1);
  }

  /** Notes blanks and line ends from `start` on; returns where content begins, or `end`. */
  #skipWhiteSpace(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const octet = chunk[at];
      if (octet === SPACE || octet === TAB) {
        this.#heldBlank = true;
        at += 1;
      } else if (octet === CR && chunk[at + 1] === LF) {
        this.#endLine();
        at += 2;
      } else break;
    }
    return at;
  }

  /** `text` starts and ends with content; `ended`: with the CRLF of its last line. */
  #writeText(text: Uint8Array, ended: boolean): void {
    if (isCanonical(text)) {
      this.#writeContent(text, ended);
      return;
    }
    if (this.#scratch.length < text.length) this.#scratch = new Uint8Array(text.length);
    const length = squeeze(text, this.#scratch);
    this.#writeContent(this.#scratch.subarray(0, length), ended);
  }

  #writeContent(content: Uint8Array, ended: boolean): void {
    if (this.#heldBlank) {
      this.#heldBlank = false;
      this.#lineEnds.write(oneSpace, false);
    }
    this.#lineEnds.write(content, ended);
  }
}

/**
 * Canonicalizes text that starts and ends with content into `out`; returns the length. Each octet is written, then the
 * place to write goes back over a blank that another follows: tables and no branches, which real text would make the
 * processor mispredict at every word.
 */
function squeeze(text: Uint8Array, out: Uint8Array): number {
  let length = 0;
  let blankBefore = 0;
  // Locals, not imports: a module's binding is read anew at each use.
  const end = text.length;
  const [lf, cr, space] = [LF, CR, SPACE];
  for (let at = 0; at < end; at += 1) {
    const octet = text[at] ?? 0;
    const blank = isBlank[octet] ?? 0;
    length -= blank & blankBefore;
    out[length] = asSpace[octet] ?? 0;
    length += 1;
    blankBefore = blank;
    // Blanks at a line's end go; a CR alone is content.
    if (octet === lf && length >= 3 && out[length - 2] === cr && out[length - 3] === space) {
      out[length - 3] = cr;
      out[length - 2] = lf;
      length -= 1;
    }
  }
  return length;
}

/**
 * Whether text that starts and ends with content is canonical already: no tab, no two spaces in a row, no space
 * before a CR (a CR that ends no line makes this say no too often, which costs time and nothing else). Tabs and the
 * first space are found by native scans; from there four octets are looked at at once, without a branch.
 */
function isCanonical(text: Uint8Array): boolean {
  if (text.includes(TAB)) return false;
  let at = text.indexOf(SPACE);
  if (at === -1) return true;
  const words = new DataView(text.buffer, text.byteOffset, text.byteLength);
  /** 0x80 where the octet before this word was a space. */
  let spaceBefore = 0;
  while (at + 4 <= text.length) {
    const stop = Math.min(text.length, at + checkedOctets);
    let found = 0;
    for (; at + 4 <= stop; at += 4) {
      const word = words.getInt32(at, true);
      const spaces = zeroOctets(word ^ 0x20202020);
      found |= ((spaces << 8) | spaceBefore) & (spaces | zeroOctets(word ^ 0x0d0d0d0d));
      spaceBefore = spaces >>> 24;
    }
    if (found !== 0) return false;
  }
  for (; at < text.length; at += 1) {
    const octet = text[at];
    if (spaceBefore !== 0 && (octet === SPACE || octet === CR)) return false;
    spaceBefore = octet === SPACE ? 0x80 : 0;
  }
  return true;
}

/** The high bit of each octet of a word that is zero, and no other bit. */
function zeroOctets(word: number): number {
  return ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | 0 | word) & 0x80808080;
}

function table(entry: (octet: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => entry(octet));
}
