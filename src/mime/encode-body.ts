// Content written anew so that it passes any SMTP server (RFC 2045 section 6): quoted-printable or base64, in lines of up to 76
// octets. What is encoded already, but in lines that are too long, gets its lines anew.

const maxColumn = 76;
const CR = 13;
const LF = 10;
const EQUALS = 61;
const DOT = 46;
const hex = Buffer.from("0123456789ABCDEF");

/** Text with CRLF line ends, which stay; a lone CR or LF is encoded. */
export function encodeQuotedPrintable(octets: Buffer): Buffer {
  return writeQuotedPrintable(octets, () => false);
}

/** Quoted-printable whose lines are too long, or that has octets above 127: what stands for something stays. */
export function mendQuotedPrintable(octets: Buffer): Buffer {
  return writeQuotedPrintable(octets, (at) => {
    const next = octets[at + 1];
    if (next === CR || next === LF || next === undefined) return true;
    return isHex(next) && isHex(octets[at + 2] ?? 0);
  });
}

/** @param stands whether the "=" at this place stands for something already */
function writeQuotedPrintable(octets: Buffer, stands: (at: number) => boolean): Buffer {
  // Three for each octet, and a soft line break of three for each 73 of these.
  const out = Buffer.allocUnsafe(Math.ceil(octets.length * 3 * 1.05) + 16);
  let size = 0;
  let column = 0;

  function put(first: number, second = -1, third = -1): void {
    const width = second === -1 ? 1 : 3;
    // One column is left for the "=" of a soft line break.
    if (column + width > maxColumn - 1) {
      out[size++] = EQUALS;
      out[size++] = CR;
      out[size++] = LF;
      column = 0;
    }
    out[size++] = first;
    if (second !== -1) {
      out[size++] = second;
      out[size++] = third;
    }
    column += width;
  }

  for (let at = 0; at < octets.length; at += 1) {
    const octet = octets[at] ?? 0;
    if (octet === CR && octets[at + 1] === LF) {
      out[size++] = CR;
      out[size++] = LF;
      column = 0;
      at += 1;
    } else if (octet === EQUALS && stands(at)) {
      const next = octets[at + 1];
      if (next === CR || next === LF || next === undefined) {
        out[size++] = EQUALS;
      } else {
        put(EQUALS, next, octets[at + 2] ?? 0);
        at += 2;
      }
    } else if (isPlain(octets, at, octet, column)) put(octet);
    else put(EQUALS, hex[octet >> 4] ?? 0, hex[octet & 15] ?? 0);
  }
  return out.subarray(0, size);
}

/** Blanks at line ends are lost on the way; a dot or "From " at the start of a line makes trouble for others. */
function isPlain(octets: Buffer, at: number, octet: number, column: number): boolean {
  if (octet === 32 || octet === 9) {
    const next = octets[at + 1];
    return next !== undefined && next !== CR && next !== LF;
  }
  if (octet < 33 || octet > 126 || octet === EQUALS) return false;
  if (column > 0) return true;
  return octet !== DOT && !(octet === 70 && octets.toString("latin1", at, at + 5) === "From ");
}

function isHex(octet: number): boolean {
  return (octet >= 48 && octet <= 57) || (octet >= 65 && octet <= 70) || (octet >= 97 && octet <= 102);
}

/** `ends`: whether the last line has its CRLF; within a multipart that of the last line belongs to the delimiter. */
export function encodeBase64(octets: Buffer, ends: boolean): Buffer {
  return inLines(octets.toString("base64"), ends);
}

/** Base64 in lines that are too long; undefined for what is no base64. */
export function mendBase64(octets: Buffer, ends: boolean): Buffer | undefined {
  const text = octets.toString("latin1").replace(/[\r\n \t]+/g, "");
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? inLines(text, ends) : undefined;
}

function inLines(text: string, ends: boolean): Buffer {
  const lines = Math.ceil(text.length / maxColumn);
  const breaks = Math.max(0, lines - 1) + (ends && lines > 0 ? 1 : 0);
  const out = Buffer.allocUnsafe(text.length + 2 * breaks);
  let size = 0;
  for (let line = 0; line < lines; line += 1) {
    size += out.write(text.slice(line * maxColumn, (line + 1) * maxColumn), size, "latin1");
    if (line < breaks) size += out.write("\r\n", size, "latin1");
  }
  return out.subarray(0, size);
}
