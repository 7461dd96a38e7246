// What a reader is shown of an unstructured field: encoded words undone (RFC 2047). For lists and log lines, never for a
// decision: what cannot be decoded is shown as it stands.
import { decodeUtf8 } from "./domain.ts";
import { withoutControls } from "./json-text.ts";

/** Octets of a field that are looked at. */
const maxOctets = 2000;

const encodedWord = /=\?([\w.:-]{1,40})(?:\*[\w-]{1,40})?\?([bq])\?([^?\s]*)\?=/gi;
/** White space between two encoded words is not shown (RFC 2047 section 6.2). */
const betweenWords = /(\?=)\s+(?==\?)/g;

/**
 * @param octets the body of the field, one character per octet
 * @param maxChars what is longer is cut
 */
export function decodedText(octets: string, maxChars: number): string {
  const text = octets.slice(0, maxOctets).replace(/\r?\n/g, "").trim();
  const words = text.replace(betweenWords, "$1").replace(encodedWord, decodeWord);
  const shown = words === text ? (decodeUtf8(text) ?? text) : words;
  const characters = [...withoutControls(shown)];
  return characters.length <= maxChars ? characters.join("") : `${characters.slice(0, maxChars - 1).join("")}…`;
}

function decodeWord(word: string, charset: string, encoding: string, text: string): string {
  const octets = encoding.toLowerCase() === "b" ? Buffer.from(text, "base64") : quotedOctets(text);
  try {
    return new TextDecoder(charset).decode(octets);
  } catch {
    // No such character set.
    return word;
  }
}

function quotedOctets(text: string): Buffer {
  const plain = text
    .replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
  return Buffer.from(plain, "latin1");
}
