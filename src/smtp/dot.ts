// Content on its way out: dot-stuffing (RFC 5321 section 4.5.2) and the assertion that only CRLF leaves us.
// Octets are never copied: what goes out is views on the message with dots put between them.
import { asBuffer } from "../mail/header.ts";

const CR = 13;
const LF = 10;
const DOT = 46;
const dot = Buffer.from(".");
const lineThenDot = Buffer.from("\n.");
const endOfData = Buffer.from(".\r\n");
const lineEndAndEndOfData = Buffer.from("\r\n.\r\n");

/** The line-end check turns octets into a string piece by piece; a piece is no longer than this. */
const checkedAtOnceBytes = 16 * 1024;
const bareLineEnd = /\r(?!\n)|(?<!\r)\n/;

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

  /** Appends the views that make up `chunk` on the wire to `out`. Throws BareLineEndError. */
  push(chunk: Uint8Array, out: Uint8Array[]): void {
    if (chunk.length === 0) return;
    const octets = asBuffer(chunk);
    let from = 0;
    if (this.#pendingCr) {
      if (octets[0] !== LF) throw new BareLineEndError();
      from = 1;
      this.#lineStart = true;
    }
    const last = octets[octets.length - 1];
    this.#pendingCr = last === CR;
    const checkedTo = this.#pendingCr ? octets.length - 1 : octets.length;
    if (findsBareLineEnd(octets, from, checkedTo)) throw new BareLineEndError();

    let sent = 0;
    if (this.#lineStart && octets[from] === DOT) {
      if (from > 0) out.push(octets.subarray(0, from));
      out.push(dot);
      sent = from;
    }
    for (let at = octets.indexOf(lineThenDot, from); at !== -1; at = octets.indexOf(lineThenDot, at + 2)) {
      out.push(octets.subarray(sent, at + 1), dot);
      sent = at + 1;
    }
    out.push(sent === 0 ? octets : octets.subarray(sent));
    this.#lineStart = from < octets.length ? last === LF : this.#lineStart;
  }

  /** Appends the end of data; a message that ends within a line gets its CRLF. Throws BareLineEndError. */
  end(out: Uint8Array[]): void {
    if (this.#pendingCr) throw new BareLineEndError();
    out.push(this.#lineStart ? endOfData : lineEndAndEndOfData);
  }
}

/** Whether there is a CR without its LF or a LF without its CR. */
export function hasBareLineEnd(octets: Uint8Array): boolean {
  return findsBareLineEnd(asBuffer(octets), 0, octets.length);
}

/** `from` stands after a complete line end or within a line; `to` does not cut a CRLF. */
function findsBareLineEnd(octets: Buffer, from: number, to: number): boolean {
  for (let start = from; start < to; ) {
    let end = Math.min(start + checkedAtOnceBytes, to);
    if (end < to && octets[end - 1] === CR) end += 1;
    // V8 runs this at about 2 GB/s; memchr from line to line costs twice as much on text.
    if (bareLineEnd.test(octets.toString("latin1", start, end))) return true;
    start = end;
  }
  return false;
}
