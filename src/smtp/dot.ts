// Content on its way out: dot-stuffing (RFC 5321 section 4.5.2) and the assertion that only CRLF leaves us.
// Octets are never copied: what goes out is views on the message with dots put between them.
import { asBuffer } from "../mail/header.ts";
import { bareLineEndFlag, dotLineFlag, lineEndFlags } from "./line-end-scan.ts";

const CR = 13;
const LF = 10;
const DOT = 46;
const dot = Buffer.from(".");
const lineThenDot = Buffer.from("\n.");
const endOfData = Buffer.from(".\r\n");
const lineEndAndEndOfData = Buffer.from("\r\n.\r\n");

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
    // Looked at here whatever the receiving side has seen: this is the last place where it can be stopped.
    const flags = lineEndFlags(octets, from, checkedTo);
    if ((flags & bareLineEndFlag) !== 0) throw new BareLineEndError();

    let sent = 0;
    if (this.#lineStart && octets[from] === DOT) {
      if (from > 0) out.push(octets.subarray(0, from));
      out.push(dot);
      sent = from;
    }
    if ((flags & dotLineFlag) !== 0) {
      for (let at = octets.indexOf(lineThenDot, from); at !== -1; at = octets.indexOf(lineThenDot, at + 2)) {
        out.push(octets.subarray(sent, at + 1), dot);
        sent = at + 1;
      }
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
  return (lineEndFlags(asBuffer(octets), 0, octets.length) & bareLineEndFlag) !== 0;
}
