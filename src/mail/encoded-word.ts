// Unstructured text and display names for header fields (RFC 2047, RFC 5322 section 3.2.5).

/** RFC 2047 section 2: an encoded-word has at most 75 characters; this many octets fit in base64. */
const octetsPerWord = 45;

/** Text as it may stand in an unstructured field: as it is if printable ASCII, else as UTF-8 encoded-words. */
export function encodeUnstructured(text: string): string {
  const line = text.replace(/[\x00-\x1f\x7f]+/g, " ");
  return /^[\x20-\x7e]*$/.test(line) && !line.includes("=?") ? line : encodedWords(line);
}

/** A display name: a quoted-string if printable ASCII, else UTF-8 encoded-words. */
export function encodeDisplayName(name: string): string {
  const line = name.replace(/[\x00-\x1f\x7f]+/g, " ");
  if (!/^[\x20-\x7e]*$/.test(line) || line.includes("=?")) return encodedWords(line);
  return `"${line.replace(/["\\]/g, "\\$&")}"`;
}

function encodedWords(text: string): string {
  const words: string[] = [];
  let word = "";
  let bytes = 0;
  // By code point: an encoded-word must not end within a character (RFC 2047 section 5).
  for (const char of text) {
    const size = Buffer.byteLength(char);
    if (bytes + size > octetsPerWord) {
      words.push(word);
      word = "";
      bytes = 0;
    }
    word += char;
    bytes += size;
  }
  if (word !== "") words.push(word);
  return words.map((part) => `=?UTF-8?B?${Buffer.from(part).toString("base64")}?=`).join("\r\n ");
}
