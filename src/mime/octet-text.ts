// From octets to text, by the charset that mail names or by what fits. Octets are strings with one character each.
import { LRUCache } from "lru-cache";

/** Charsets remembered; mail can name any. */
const maxDecoders = 64;
const decoders = new LRUCache<string, TextDecoder | "unknown">({ max: maxDecoders });

/** As UTF-8 where that is what it is, else as Windows-1252. */
export function textOf8Bit(octets: string): string {
  if (isAscii(octets)) return octets;
  const bytes = Buffer.from(octets, "latin1");
  return strict(bytes) ?? decoderOf("windows-1252")?.decode(bytes) ?? octets;
}

/** By the named charset; where nobody knows it, as `textOf8Bit`. */
export function decodeCharset(octets: string, charset: string): string {
  const name = charset.trim().toLowerCase();
  if (utf7.test(name)) return decodeUtf7(octets);
  const decoder = likeAscii.test(name) ? undefined : decoderOf(name);
  return decoder === undefined ? textOf8Bit(octets) : decoder.decode(Buffer.from(octets, "latin1"));
}

/** By all its names. */
const utf7 = /utf[-_]?7$|^cp65000$/;
/** Without a name, and names of charsets that the platform does not know and in which ASCII is ASCII. */
const likeAscii =
  /^$|^(?:us-)?ascii$|^(?:x-)?unknown(?:-8bit)?$|^default$|^(?:cp|ibm)-?(?:437|720|737|775|85\d|86\d|874|932|936|949|950)$/;

/** Whether a name in this charset is read as its sender wrote it, or at least the ASCII in it. */
export function isKnownCharset(charset: string): boolean {
  const name = charset.trim().toLowerCase();
  return utf7.test(name) || likeAscii.test(name) || decoderOf(name) !== undefined;
}

/** RFC 2152, which no decoder of the platform knows and some mail programs do. */
function decodeUtf7(octets: string): string {
  let text = "";
  for (let at = 0; at < octets.length; ) {
    if (octets[at] !== "+") {
      text += octets[at];
      at += 1;
      continue;
    }
    let end = at + 1;
    while (end < octets.length && isBase64Digit(octets.charCodeAt(end))) end += 1;
    const units = Buffer.from(octets.slice(at + 1, end), "base64");
    text +=
      end === at + 1
        ? "+"
        : units
            .subarray(0, units.length & ~1)
            .swap16()
            .toString("utf16le");
    at = octets[end] === "-" ? end + 1 : end;
  }
  return text;
}

function isBase64Digit(octet: number): boolean {
  const letter = octet | 32;
  return (octet >= 48 && octet <= 57) || (letter >= 97 && letter <= 122) || octet === 43 || octet === 47;
}

/** `%41` becomes its octet; what does not fit stays. */
export function percentDecoded(text: string): string {
  if (!text.includes("%")) return text;
  let decoded = "";
  for (let i = 0; i < text.length; i += 1) {
    const octet = text[i] === "%" ? hexOctet(text, i + 1) : -1;
    if (octet < 0) decoded += text[i];
    else {
      decoded += String.fromCharCode(octet);
      i += 2;
    }
  }
  return decoded;
}

/** The octet of two hexadecimal digits; -1 where there are none. */
export function hexOctet(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at));
  const low = hexDigit(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** -1 for anything else, NaN (behind the end) too. */
export function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function strict(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function decoderOf(name: string): TextDecoder | undefined {
  const kept = decoders.get(name);
  if (kept !== undefined) return kept === "unknown" ? undefined : kept;
  let decoder: TextDecoder | undefined;
  try {
    decoder = new TextDecoder(name);
  } catch {
    // A charset that nobody knows.
  }
  decoders.set(name, decoder ?? "unknown");
  return decoder;
}

function isAscii(octets: string): boolean {
  for (let i = 0; i < octets.length; i += 1) if (octets.charCodeAt(i) > 127) return false;
  return true;
}
