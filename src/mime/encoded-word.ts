// RFC 2047 the way readers take it apart: encoded words anywhere, also within quotes or with text around them.
import { decodeCharset, hexOctet } from "./octet-text.ts";

/** The text with its encoded words decoded; itself when it has none. One character per octet in, text out. */
export function decodeWords(text: string): string {
  let decoded = "";
  let kept = 0;
  /** Octets of neighbours in one charset: a character may be cut between two words. */
  let pending: { charset: string; octets: string } | undefined;
  const flush = () => {
    if (pending !== undefined) decoded += decodeCharset(pending.octets, pending.charset);
    pending = undefined;
  };
  for (let at = text.indexOf("=?"); at >= 0; ) {
    const word = readWord(text, at);
    if (word === undefined) {
      at = text.indexOf("=?", at + 2);
      continue;
    }
    const between = text.slice(kept, at);
    // White space between two words is not shown (RFC 2047 section 6.2).
    if (pending === undefined || between.trim() !== "") {
      flush();
      decoded += between;
    }
    if (pending?.charset === word.charset) pending.octets += word.octets;
    else {
      flush();
      pending = { charset: word.charset, octets: word.octets };
    }
    kept = word.end;
    at = text.indexOf("=?", kept);
  }
  flush();
  return decoded + text.slice(kept);
}

function readWord(text: string, at: number): { charset: string; octets: string; end: number } | undefined {
  const charsetEnd = text.indexOf("?", at + 2);
  // No charset's name is that long, with its language (RFC 2231 section 5).
  if (charsetEnd < 0 || charsetEnd - at > 80 || text[charsetEnd + 2] !== "?") return undefined;
  const encoding = text[charsetEnd + 1]?.toLowerCase();
  if (encoding !== "b" && encoding !== "q") return undefined;
  const start = charsetEnd + 3;
  const stop = text.indexOf("?=", start);
  const content = stop < 0 ? text.slice(start) : text.slice(start, stop);
  const charset = text.slice(at + 2, charsetEnd).split("*", 1)[0] ?? "";
  return {
    charset: charset.toLowerCase(),
    octets: encoding === "b" ? Buffer.from(content, "base64").toString("latin1") : decodeQ(content),
    end: stop < 0 ? text.length : stop + 2,
  };
}

function decodeQ(content: string): string {
  let octets = "";
  for (let i = 0; i < content.length; i += 1) {
    const char = content[i];
    const octet = char === "=" ? hexOctet(content, i + 1) : -1;
    if (octet >= 0) {
      octets += String.fromCharCode(octet);
      i += 2;
    } else octets += char === "_" ? " " : char;
  }
  return octets;
}
