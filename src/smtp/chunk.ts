// Content as one chunk of BDAT (RFC 3030): the octets that would arrive by DATA, counted and not stuffed. Which mail goes
// so is left to the relay.
import { asBuffer } from "../mail/header.ts";
import { BareLineEndError } from "./dot.ts";
import { bareLineEndFlag, lineEndFlags } from "./line-end-scan.ts";

const TAB = 9;
const LF = 10;
const CR = 13;
const BLANK = 32;
const QUOTE = 62;
const lineEnd = Buffer.from("\r\n");
const fromLine = "From ";

export interface Chunk {
  /** Views on what was given; nothing is copied. */
  readonly views: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/**
 * A message, in pieces, as the chunk that brings the same octets as DATA: one that ends within a line gets its CRLF.
 * A CRLF may be split between pieces. Throws BareLineEndError.
 */
export function chunkOf(pieces: readonly Uint8Array[]): Chunk {
  const views: Uint8Array[] = [];
  let sizeBytes = 0;
  let last = LF;
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const octets = asBuffer(piece);
    const from = last === CR ? 1 : 0;
    if (from === 1 && octets[0] !== LF) throw new BareLineEndError();
    last = octets[octets.length - 1] ?? LF;
    // Looked at here whatever the receiving side has seen: a lone LF is the end of a line to many a next hop.
    const flags = lineEndFlags(octets, from, last === CR ? octets.length - 1 : octets.length);
    if ((flags & bareLineEndFlag) !== 0) throw new BareLineEndError();
    views.push(octets);
    sizeBytes += octets.length;
  }
  if (last === CR) throw new BareLineEndError();
  if (last !== LF) {
    views.push(lineEnd);
    sizeBytes += lineEnd.length;
  }
  return { views, sizeBytes };
}

/** "BDAT 1234 LAST", without line end. */
export function bdatCommand(chunk: Chunk): string {
  return `BDAT ${chunk.sizeBytes} LAST`;
}

/**
 * Whether a message that begins so arrives alike by DATA and by BDAT. Postfix mends a first line that a mailbox or a
 * continuation line would begin with when it came by DATA, and leaves it as it is when it came by BDAT.
 */
export function beginsAlike(header: Uint8Array): boolean {
  const first = header[0];
  if (first === undefined || first === BLANK || first === TAB || first === QUOTE) return false;
  return asBuffer(header).toString("latin1", 0, fromLine.length) !== fromLine;
}
