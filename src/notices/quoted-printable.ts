// Quoted-printable for text parts (RFC 2045 section 6.7): what a report quotes may hold any octets in any line length.

const maxLineChars = 76;
const CR = 13;
const LF = 10;

/** Encodes octets with CRLF line ends; linear. The result is ASCII and ends as the input does. */
export function encodeQuotedPrintable(octets: Uint8Array): string {
  const lines: string[] = [];
  let line = "";
  for (let i = 0; i < octets.length; i += 1) {
    const octet = octets[i] ?? 0;
    if (octet === CR && octets[i + 1] === LF) {
      lines.push(line);
      line = "";
      i += 1;
      continue;
    }
    const token = isPlain(octet, octets, i) ? String.fromCharCode(octet) : escaped(octet);
    if (line.length + token.length > maxLineChars - 1) {
      lines.push(`${line}=`);
      line = "";
    }
    line += token;
  }
  lines.push(line);
  return lines.join("\r\n");
}

function isPlain(octet: number, octets: Uint8Array, index: number): boolean {
  if (octet === 32 || octet === 9) {
    // Rule 3: no white space at the end of a line.
    const next = octets[index + 1];
    return next !== undefined && next !== CR;
  }
  return octet > 32 && octet < 127 && octet !== 61;
}

function escaped(octet: number): string {
  return `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
}
