// The "relaxed" body canonicalization (RFC 6376 section 3.4.4): a run of blanks is one space, none stand at a line's
// end, no empty lines at the end. relaxed-text.ts does what happens within text, this file what happens around it.
import { type BodyCanonicalizer, CR, HeldLineEnds, LF, type OctetSink } from "./body-lines.ts";
import { maxTextOctets, squeezeBlanks } from "./relaxed-text.ts";

const SPACE = 32;
const TAB = 9;
const bareCr = Buffer.from("\r");
const oneSpace = Buffer.from(" ");

export class RelaxedBody implements BodyCanonicalizer {
  readonly #lineEnds: HeldLineEnds;
  /** The chunk ended with a CR: the next octet shows whether it was a line end. */
  #heldCr = false;
  /** Blanks were read on this line: one space, if anything but the line's end follows. */
  #heldBlank = false;

  constructor(sink: OctetSink) {
    this.#lineEnds = new HeldLineEnds(sink, 0);
  }

  update(chunk: Uint8Array): void {
    if (chunk.length <= maxTextOctets) {
      this.#updateBlock(chunk);
      return;
    }
    for (let at = 0; at < chunk.length; at += maxTextOctets) {
      this.#updateBlock(chunk.subarray(at, at + maxTextOctets));
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
    this.#writeContent(squeezeBlanks(chunk.subarray(contentStart, contentEnd)), ended);
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

  #writeContent(content: Uint8Array, ended: boolean): void {
    if (this.#heldBlank) {
      this.#heldBlank = false;
      this.#lineEnds.write(oneSpace, false);
    }
    this.#lineEnds.write(content, ended);
  }
}
