// Takes what follows DATA apart: finds the end of data, removes dot-stuffing and rules out bare line ends
// (RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2). The caller decides what becomes of the content.

import { bareLineEndFlag, dotLineFlag, lineEndFlags } from "./line-end-scan.ts";

/** Content octets `from` up to `to` of `octets`; to be copied or used before the call returns. */
export type TakeContent = (octets: Buffer, from: number, to: number) => void;

const CR = 13;
const LF = 10;
const DOT = 46;
const SPACE = 32;

const crlf = Buffer.from("\r\n");
const space = Buffer.from(" ");

/** Dot lines of one chunk whose content is handed on line by line. With more, the rest is moved together first. */
const fewDotLines = 8;

/** What the end of the last chunk left open: a CR whose LF may follow, the start of a line, a dot there, dot and CR. */
type Open = "text" | "cr" | "line" | "dot" | "dot-cr";

/** One message's content. Only CRLF.CRLF ends it, however the octets are cut into chunks. */
export class DataScanner {
  /** A bare CR or LF was met; each was handed on as one space. */
  bareLineEnds = false;
  #open: Open = "line";

  /**
   * Scans `chunk` from `from` on and hands its content on in order. Returns where the octets after the end of data
   * start, or -1 when the end is not there yet. `chunk` itself is changed: bare line ends are overwritten, and where
   * there are many dot lines content moves over their dots. `take` is called a few times at most, whatever is in it.
   */
  scan(chunk: Buffer, from: number, take: TakeContent): number {
    const end = chunk.length;
    let at = from;
    let flags: number | undefined;
    let dotLines = 0;
    while (at < end) {
      switch (this.#open) {
        case "cr":
          if (chunk[at] === LF) {
            take(crlf, 0, 2);
            this.#open = "line";
            at += 1;
          } else {
            this.#bareCarriageReturn(take);
          }
          break;
        case "line":
          if (chunk[at] === DOT) {
            this.#open = "dot";
            at += 1;
          } else {
            this.#open = "text";
          }
          break;
        case "dot":
          // RFC 5321 section 4.5.2: the dot goes whatever follows, unless CRLF does.
          if (chunk[at] === CR) {
            this.#open = "dot-cr";
            at += 1;
          } else {
            this.#open = "text";
          }
          break;
        case "dot-cr":
          if (chunk[at] === LF) return at + 1;
          this.#bareCarriageReturn(take);
          break;
        case "text": {
          // A CR at the end is judged when the next octet is there.
          const stop = chunk[end - 1] === CR ? end - 1 : end;
          // Nearly always a chunk that holds the end of data ends with it; then one look at the rest may do.
          const ends = endsWithEndOfData(chunk, at);
          // Looks beyond an end of data in this chunk too: at worst the repair then finds nothing to do.
          flags ??= lineEndFlags(chunk, at, ends ? end - 3 : stop);
          if (ends && flags === 0) {
            take(chunk, at, end - 3);
            return end;
          }
          const bare = (flags & bareLineEndFlag) !== 0;
          const dotLine = ends || (flags & dotLineFlag) !== 0 ? chunk.indexOf("\r\n.", at, "latin1") : -1;
          if (dotLine !== -1) {
            dotLines += 1;
            if (dotLines > fewDotLines) return this.#unstuff(chunk, at, dotLine + 2, bare, take);
            this.#emit(chunk, at, dotLine + 2, bare, take);
            this.#open = "dot";
            at = dotLine + 3;
            break;
          }
          if (stop < end) this.#open = "cr";
          else if (end - at >= 2 && chunk[end - 1] === LF && chunk[end - 2] === CR) this.#open = "line";
          this.#emit(chunk, at, stop, bare, take);
          return -1;
        }
      }
    }
    return -1;
  }

  /** The rest of a chunk, from `at` on, in one piece; `dotAt` is its first dot at a line's start. Returns as `scan`. */
  #unstuff(chunk: Buffer, at: number, dotAt: number, bare: boolean, take: TakeContent): number {
    // Asked before anything moves.
    const left = openAtEnd(chunk);
    const stop = chunk[chunk.length - 1] === CR ? chunk.length - 1 : chunk.length;
    let to = dotAt;
    // The two octets before, as they came: in the chunk others may have moved there.
    let second = CR;
    let first = LF;
    for (let i = dotAt; i < stop; i += 1) {
      const octet = chunk[i] ?? 0;
      if (octet === DOT && first === LF && second === CR) {
        if (chunk[i + 1] === CR && chunk[i + 2] === LF) {
          this.#emit(chunk, at, to, bare, take);
          return i + 3;
        }
      } else {
        chunk[to] = octet;
        to += 1;
      }
      second = first;
      first = octet;
    }
    this.#open = left;
    this.#emit(chunk, at, to, bare, take);
    return -1;
  }

  #bareCarriageReturn(take: TakeContent): void {
    this.bareLineEnds = true;
    take(space, 0, 1);
    this.#open = "text";
  }

  #emit(chunk: Buffer, from: number, to: number, bare: boolean, take: TakeContent): void {
    if (to === from) return;
    if (bare && replaceBareLineEnds(chunk, from, to)) this.bareLineEnds = true;
    take(chunk, from, to);
  }
}

/** Whether CRLF.CRLF stands at the end, all of it from `from` on. */
function endsWithEndOfData(chunk: Buffer, from: number): boolean {
  const end = chunk.length;
  return (
    end - from >= 5 &&
    chunk[end - 1] === LF &&
    chunk[end - 2] === CR &&
    chunk[end - 3] === DOT &&
    chunk[end - 4] === LF &&
    chunk[end - 5] === CR
  );
}

/** What the end of a chunk leaves open that began before its last line. */
function openAtEnd(chunk: Buffer): Open {
  const end = chunk.length;
  const ends = (at: number, ...octets: readonly number[]) => octets.every((octet, i) => chunk[at + i] === octet);
  if (ends(end - 4, CR, LF, DOT, CR)) return "dot-cr";
  if (ends(end - 3, CR, LF, DOT)) return "dot";
  if (ends(end - 2, CR, LF)) return "line";
  return ends(end - 1, CR) ? "cr" : "text";
}

/** Octet by octet, for the rare chunk that holds one: its cost does not grow with how many there are. */
function replaceBareLineEnds(chunk: Buffer, from: number, to: number): boolean {
  let found = false;
  for (let i = from; i < to; i += 1) {
    const octet = chunk[i];
    if (octet === CR) {
      if (i + 1 < to && chunk[i + 1] === LF) {
        i += 1;
        continue;
      }
    } else if (octet !== LF) {
      continue;
    }
    chunk[i] = SPACE;
    found = true;
  }
  return found;
}
