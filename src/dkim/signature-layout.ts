// How our DKIM-Signature fields look: tag order and folding. Lines stay below 78 columns (RFC 5322 section 2.1.1)
// wherever a name does not force more, and fold only where RFC 6376 section 3.5 allows white space.
import type { SignRequest } from "./engine.ts";

const maxColumns = 77;
/** A line starts with a tab; readers show it as eight columns. */
const fold = "\r\n\t";
const indentColumns = 8;

export interface SignatureLayout {
  /** The field as it is hashed: b= empty, no final CRLF. */
  readonly unsigned: string;
  /** The whole field with b=, folded, and its CRLF. */
  withValue(base64: string): string;
}

/**
 * Lays out v a c d s q i t x h bh b. b= comes last: some verifiers take what follows an emptied b= for a part of it.
 * `bodyHash`: base64.
 */
export function layOutSignature(
  request: Omit<SignRequest, "privateKey" | "signedFields">,
  signedFields: readonly string[],
  bodyHash: string,
): SignatureLayout {
  const line = new FoldedText("DKIM-Signature:");
  line.addWord(" v=1;");
  line.addWord(` a=${request.algorithm};`);
  line.addWord(` c=${request.headerCanonicalization}/${request.bodyCanonicalization};`);
  line.addWord(` d=${request.domain};`);
  line.addWord(` s=${request.selector};`);
  line.addWord(" q=dns/txt;");
  if (request.identity !== "") line.addWord(` i=${encodeIdentity(request.identity)};`);
  line.addWord(` t=${request.signedAt};`);
  if (request.expiresAt !== undefined) line.addWord(` x=${request.expiresAt};`);
  for (const [i, name] of signedFields.entries()) {
    const end = i === signedFields.length - 1 ? ";" : "";
    line.addWord(`${i === 0 ? " h=" : ":"}${name}${end}`);
  }
  line.addWord(` bh=${bodyHash};`);
  line.addWord(" b=");
  const unsigned = line.text;
  return {
    unsigned,
    withValue(base64) {
      line.addBroken(base64);
      return `${line.text}\r\n`;
    },
  };
}

/** dkim-quoted-printable (RFC 6376 section 2.11): all but printable ASCII, ";" and "=" as octets. */
function encodeIdentity(identity: string): string {
  return Buffer.from(identity, "utf8")
    .toString("latin1")
    .replace(/[^!-:<>-~]/g, (char) => `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

class FoldedText {
  text: string;
  #column: number;

  constructor(start: string) {
    this.text = start;
    this.#column = start.length;
  }

  /** Adds a word in one piece, on a new line if this one is full; a space in front of it becomes the fold. */
  addWord(word: string): void {
    if (this.#column + word.length <= maxColumns) {
      this.text += word;
      this.#column += word.length;
      return;
    }
    const rest = word.startsWith(" ") ? word.slice(1) : word;
    this.text += fold + rest;
    this.#column = indentColumns + rest.length;
  }

  /** Adds text that may be broken anywhere. */
  addBroken(word: string): void {
    let done = 0;
    while (done < word.length) {
      if (this.#column >= maxColumns) {
        this.text += fold;
        this.#column = indentColumns;
      }
      const piece = word.slice(done, done + maxColumns - this.#column);
      this.text += piece;
      this.#column += piece.length;
      done += piece.length;
    }
  }
}
