// Parts of a mail that stand in text as if pasted there: a line that begins with two dashes, fields behind it. No mail program takes
// them for parts, but programs that unpack mail do.
import type { PartSink } from "./part-sink.ts";

const LF = 10;
const DASH = 45;
const noOctets = Buffer.alloc(0);
const lineEnd = Buffer.from("\n");
const lineWithDashes = Buffer.from("\n--");
const maxLine = 1100;
/** Characters of a header section. */
const maxHeader = 16 * 1024;

/** "dashed": the line before begins with two dashes. "header": it is followed by fields that describe content. */
type State = "text" | "dashed" | "header";

/** Which fields make a header of what the text begins with: all, as in message/external-body, or such as describe content. */
export type PastedStart = "any fields" | "fields of content";

/**
 * `onPart`: the fields of each such part, with CRLF, one character per octet; it says who wants the content, up to the next line that
 * begins with two dashes. The text may begin with a header as well, behind empty lines: there are readers that pass over those.
 */
export function createPastedParts(
  onPart: (header: string) => PartSink | undefined,
  start: PastedStart = "fields of content",
): PartSink {
  let state: State = start === "any fields" ? "header" : "dashed";
  /** Nothing but empty lines so far. */
  let isTop = true;
  let carry = noOctets;
  let isStart = true;
  let header = "";
  let content: PartSink | undefined;

  function endHeader(): void {
    if (header !== "") content = onPart(header);
    header = "";
    state = "text";
  }

  function endContent(): void {
    content?.end();
    content = undefined;
  }

  function readLine(line: string): void {
    const begins = state === "dashed" && /^content-/i.test(line);
    if (begins || (state === "header" && line !== "" && header.length < maxHeader)) {
      state = "header";
      header += `${line}\r\n`;
      return;
    }
    // Behind the fields of a mail stand its own.
    const holdsMail = line === "" && /^content-type\s*:\s*message\b/im.test(header);
    endHeader();
    if (holdsMail && content === undefined) state = "header";
    else if (line.startsWith("--")) {
      endContent();
      state = "dashed";
    }
  }

  /** To the next line of dashes; what is before it is content. */
  function passOver(buffer: Buffer, from: number, final: boolean): { at: number; found: boolean } {
    const next = buffer.indexOf(lineWithDashes, from);
    const end = next >= 0 ? next : final ? buffer.length : endOfCertain(buffer, from);
    if (end > from) content?.write(buffer.subarray(from, end));
    return { at: end, found: next >= 0 };
  }

  /** Returns how far it read; in text the line end before what comes next is left. */
  function scan(buffer: Buffer, final: boolean): number {
    for (let at = 0; ; ) {
      let start = at;
      if (state === "text") {
        const next = passOver(buffer, at, final);
        if (!next.found) return next.at;
        at = next.at;
        start = at + 1;
      }
      const lf = buffer.indexOf(LF, start);
      const isOpen = lf < 0 && buffer.length - start < maxLine;
      if (isOpen && !final) return at;
      if (isTop && lf >= 0 && isBlank(buffer, start, lf)) {
        at = lf + 1;
        continue;
      }
      isTop = false;
      // Of a text full of such lines each would be made into a string for nothing.
      if (lf >= 0 && state === "text") {
        endContent();
        state = "dashed";
      } else if (lf >= 0 && state === "dashed" && !mayMatter(buffer[start])) state = "text";
      else if (lf >= 0 || start < buffer.length) readLine(textOf(buffer, start, lf < 0 ? buffer.length : lf));
      if (lf < 0) {
        // What is left of so long a line is no line of its own.
        endHeader();
        return buffer.length;
      }
      at = nextAt(lf);
    }
  }

  /** Text goes on with the line end, everything else behind it. */
  function nextAt(lf: number): number {
    return state === "text" ? lf : lf + 1;
  }

  return {
    write(octets) {
      if (octets.length === 0) return;
      // As if a line had ended before the first.
      if (isStart && octets[0] === DASH) carry = lineEnd;
      isStart = false;
      const buffer = carry.length === 0 ? octets : Buffer.concat([carry, octets]);
      const end = scan(buffer, false);
      carry = end === buffer.length ? noOctets : Buffer.from(buffer.subarray(end));
    },
    end() {
      scan(carry, true);
      endHeader();
      endContent();
    },
  };
}

function isBlank(buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && (buffer[at] === 32 || buffer[at] === 9 || buffer[at] === 13)) at += 1;
  return at === end;
}

/** How a line behind a line of dashes begins that describes content, or that is a line of dashes itself. */
function mayMatter(octet: number | undefined): boolean {
  return octet === DASH || octet === 0x43 || octet === 0x63;
}

/** The start of a line of dashes may be at the end. */
function endOfCertain(buffer: Buffer, from: number): number {
  const { length } = buffer;
  if (length - from >= 1 && buffer[length - 1] === LF) return length - 1;
  return length - from >= 2 && buffer[length - 1] === DASH && buffer[length - 2] === LF ? length - 2 : length;
}

function textOf(buffer: Buffer, start: number, end: number): string {
  return buffer.toString("latin1", start, Math.min(end, start + maxLine)).replace(/\r$/, "");
}
