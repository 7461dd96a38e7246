// Content on its way out: dot-stuffing (RFC 5321 section 4.5.2) and the assertion that only CRLF leaves us.
// What goes out is views on the message with dots put between them; a chunk with many dot lines is copied, so that the
// number of views does not grow with the number of lines.
import { asBuffer } from "../mail/header.ts";
import { bareLineEndFlag, dotLineFlag, lineEndFlags } from "./line-end-scan.ts";

const CR = 13;
const LF = 10;
const DOT = 46;
const dot = Buffer.from(".");
const lineThenDot = Buffer.from("\n.");
const endOfData = Buffer.from(".\r\n");
const lineEndAndEndOfData = Buffer.from("\r\n.\r\n");

/** Dot lines of one chunk that get views of their own. Each costs two objects and two writes: more are copied. */
const fewDotLines = 16;

/** Content held a CR or LF of its own. A next hop may take that for the end of a line, or of the mail: nothing is sent. */
export class BareLineEndError extends Error {
  override readonly name = "BareLineEndError";
  constructor() {
    super("content with a bare CR or LF must not leave");
  }
}

/** Stuffs one message, chunk by chunk; a CRLF or a CRLF and its dot may be split between chunks. */
export class DotStuffer {
  #lineStart = true;
  #pendingCr = false;

  /** Appends the views that make up `chunk` on the wire to `out`, at most 36 of them. Throws BareLineEndError. */
  push(chunk: Uint8Array, out: Uint8Array[]): void {
    if (chunk.length === 0) return;
    const octets = asBuffer(chunk);
    const { from, dotAtFrom, dotLines } = this.#look(octets);
    let sent = 0;
    if (dotAtFrom) {
      if (from > 0) out.push(octets.subarray(0, from));
      out.push(dot);
      sent = from;
    }
    if (dotLines) {
      let count = 0;
      for (let at = octets.indexOf(lineThenDot, from); at !== -1; at = octets.indexOf(lineThenDot, at + 2)) {
        count += 1;
        if (count > fewDotLines) {
          out.push(stuffedCopy(octets, sent));
          return;
        }
        out.push(octets.subarray(sent, at + 1), dot);
        sent = at + 1;
      }
    }
    out.push(sent === 0 ? octets : octets.subarray(sent));
  }

  /** Goes over `chunk` as `push` does. Returns whether that would add a dot. Throws BareLineEndError. */
  pass(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return false;
    const { dotAtFrom, dotLines } = this.#look(asBuffer(chunk));
    return dotAtFrom || dotLines;
  }

  /** `from` is 1 when the first octet ends a line of the chunk before. */
  #look(octets: Buffer): { readonly from: number; readonly dotAtFrom: boolean; readonly dotLines: boolean } {
    let from = 0;
    if (this.#pendingCr) {
      if (octets[0] !== LF) throw new BareLineEndError();
      from = 1;
      this.#lineStart = true;
    }
    const last = octets[octets.length - 1];
    this.#pendingCr = last === CR;
    const checkedTo = this.#pendingCr ? octets.length - 1 : octets.length;
    // Looked at here whatever the receiving side has seen: this is the last place where it can be stopped.
    const flags = lineEndFlags(octets, from, checkedTo);
    if ((flags & bareLineEndFlag) !== 0) throw new BareLineEndError();
    const dotAtFrom = this.#lineStart && octets[from] === DOT;
    this.#lineStart = from < octets.length ? last === LF : this.#lineStart;
    return { from, dotAtFrom, dotLines: (flags & dotLineFlag) !== 0 };
  }

  /** Appends the end of data; a message that ends within a line gets its CRLF. Throws BareLineEndError. */
  end(out: Uint8Array[]): void {
    if (this.#pendingCr) throw new BareLineEndError();
    out.push(this.#lineStart ? endOfData : lineEndAndEndOfData);
  }
}

/** The octets from `from` on, whose own dot was added already, with a dot before each dot at a line's start. */
function stuffedCopy(octets: Buffer, from: number): Buffer {
  // A line that grows has three octets at least: CR, LF and its dot.
  const copy = Buffer.allocUnsafe(Math.ceil(((octets.length - from) * 4) / 3) + 1);
  let length = 0;
  let before = 0;
  for (let i = from; i < octets.length; i += 1) {
    const octet = octets[i] ?? 0;
    if (octet === DOT && before === LF) copy[length++] = DOT;
    copy[length++] = octet;
    before = octet;
  }
  return copy.subarray(0, length);
}

/** Whether there is a CR without its LF or a LF without its CR. */
export function hasBareLineEnd(octets: Uint8Array): boolean {
  return (lineEndFlags(asBuffer(octets), 0, octets.length) & bareLineEndFlag) !== 0;
}
