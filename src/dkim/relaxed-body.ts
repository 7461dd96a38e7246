// The "relaxed" body canonicalization (RFC 6376 section 3.4.4): a run of blanks is one space, none stand at a line's
// end, no empty lines at the end. Most text is canonical as it is: that is found out fast and not copied.
import { type BodyCanonicalizer, CR, HeldLineEnds, LF, type OctetSink } from "./body-lines.ts";

const SPACE = 32;
const TAB = 9;
const maxBlockOctets = 64 * 1024;
const bareCr = Buffer.from("\r");
const space = Buffer.from(" ");

export class RelaxedBody implements BodyCanonicalizer {
  readonly #lineEnds: HeldLineEnds;
  /** The chunk ended with a CR: the next octet tells whether it was a line end. */
  #heldCr = false;
  /** Blanks were read on this line: one space, if anything but the line's end follows. */
  #heldBlank = false;
  #scratch = new Uint8Array(0);

  constructor(sink: OctetSink) {
    this.#lineEnds = new HeldLineEnds(sink, 0);
  }

  update(chunk: Uint8Array): void {
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

  end(): void {
    if (this.#heldCr) this.#writeContent(bareCr, false);
    this.#lineEnds.end("open");
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
    for (let start = 0; start < text.length; ) start = this.#squeeze(text, start, ended);
  }

  /** Canonicalizes one block of text through the scratch memory; returns where the next one starts. */
  #squeeze(text: Uint8Array, start: number, ended: boolean): number {
    const stop = Math.min(text.length, start + maxBlockOctets);
    // Room for a blank held from before and for the LF of a line end that the block's end cuts in two.
    if (this.#scratch.length < stop - start + 2) this.#scratch = new Uint8Array(stop - start + 2);
    const scratch = this.#scratch;
    let blank = this.#heldBlank;
    let written = 0;
    let at = start;
    while (at < stop) {
      const octet = text[at] ?? 0;
      at += 1;
      if (octet === SPACE || octet === TAB) {
        blank = true;
        continue;
      }
      if (octet === CR && text[at] === LF) {
        // Blanks at a line's end go; a CR alone is content.
        blank = false;
        scratch[written] = CR;
        scratch[written + 1] = LF;
        written += 2;
        at += 1;
        continue;
      }
      if (blank) {
        blank = false;
        scratch[written] = SPACE;
        written += 1;
      }
      scratch[written] = octet;
      written += 1;
    }
    this.#heldBlank = blank;
    if (written > 0) this.#lineEnds.write(scratch.subarray(0, written), at === text.length && ended);
    return at;
  }

  #writeContent(content: Uint8Array, ended: boolean): void {
    if (this.#heldBlank) {
      this.#heldBlank = false;
      this.#lineEnds.write(space, false);
    }
    this.#lineEnds.write(content, ended);
  }
}

/**
 * Whether text that starts and ends with content is canonical already: no tab, no two spaces in a row, no space
 * before a CR (a CR that ends no line makes this say no too often, which costs time and nothing else).
 * Tabs and the first space are found by native scans; from there four octets are looked at at once.
 */
function isCanonical(text: Uint8Array): boolean {
  if (text.includes(TAB)) return false;
  const first = text.indexOf(SPACE);
  if (first === -1) return true;
  const words = new DataView(text.buffer, text.byteOffset, text.byteLength);
  const last = text.length - 4;
  /** 0x80 where the octet before this word was a space. */
  let spaceBefore = 0;
  let at = first;
  for (; at <= last; at += 4) {
    const word = words.getInt32(at, true);
    const spaces = zeroOctets(word ^ 0x20202020);
    if ((spaces | spaceBefore) === 0) continue;
    const behindSpaces = (spaces << 8) | spaceBefore;
    if ((behindSpaces & (spaces | zeroOctets(word ^ 0x0d0d0d0d))) !== 0) return false;
    spaceBefore = spaces >>> 24;
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
  return ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word) & 0x80808080;
}
