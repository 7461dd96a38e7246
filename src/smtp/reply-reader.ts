// A next hop's replies as they come off the wire (RFC 5321 section 4.2): lines in, `Reply` values out.
import { cleanReplyText, type Reply } from "./reply.ts";

/** What no server has reason to send; beyond it the peer talks garbage. */
const maxLineChars = 4096;
const maxReplyLines = 128;

export type ReadReply = Reply | { readonly garbage: string };

const noEnhanced = "";

const TAB = 9;
const BLANK = 32;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

export class ReplyReader {
  #pending = "";
  #at = 0;
  /** Lines of a reply whose last one is still to come. */
  #earlier: string[] = [];
  /** The lines of the reply that `next` gave last, without code and line end (EHLO keywords). */
  lines: readonly string[] = [];

  /** Nothing is left of what arrived. */
  get isEmpty(): boolean {
    return this.#at === this.#pending.length && this.#earlier.length === 0;
  }

  /** Takes what arrived, one character per octet. */
  push(text: string): void {
    this.#pending = this.#at === this.#pending.length ? text : this.#pending.slice(this.#at) + text;
    this.#at = 0;
  }

  /** The next complete reply, or undefined until more has arrived. After garbage the reader is of no more use. */
  next(): ReadReply | undefined {
    for (;;) {
      const lf = this.#pending.indexOf("\n", this.#at);
      if (lf === -1) {
        if (this.#pending.length - this.#at <= maxLineChars) return undefined;
        return { garbage: this.#pending.slice(this.#at, this.#at + 80) };
      }
      const end = lf > this.#at && this.#pending.charCodeAt(lf - 1) === 13 ? lf - 1 : lf;
      const line = this.#pending.slice(this.#at, end);
      this.#at = lf + 1;
      const code = replyCode(line);
      const mark = line.charCodeAt(3);
      // A bare code stands for an empty text; RFC 5321 section 4.2 lets clients take it.
      const final = line.length === 3 || mark === 32;
      if (code === 0 || (!final && mark !== 45) || line.length > maxLineChars) return { garbage: line.slice(0, 80) };
      const text = line.slice(4);
      if (final) {
        if (this.#earlier.length === 0) {
          this.lines = [text];
        } else {
          this.lines = [...this.#earlier, text];
          this.#earlier = [];
        }
        return replyFrom(code, this.lines);
      }
      this.#earlier.push(text);
      if (this.#earlier.length >= maxReplyLines) return { garbage: `${line.slice(0, 60)} (endless reply)` };
    }
  }
}

/** The three digits, or 0: 2yz to 5yz are all that SMTP knows. */
function replyCode(line: string): number {
  const hundreds = line.charCodeAt(0) - 48;
  const tens = line.charCodeAt(1) - 48;
  const ones = line.charCodeAt(2) - 48;
  if (!(hundreds >= 2 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) return 0;
  return hundreds * 100 + tens * 10 + ones;
}

function replyFrom(code: number, lines: readonly string[]): Reply {
  const first = lines[0] ?? "";
  const enhanced = enhancedCode(code, first);
  const text = lines.length === 1 ? withoutEnhanced(first, enhanced) : joined(lines, enhanced);
  return { code, enhanced, text: cleanReplyText(text) };
}

function joined(lines: readonly string[], enhanced: string): string {
  const texts = lines.map((line) => withoutEnhanced(line, enhanced));
  return texts.filter((text) => text !== "").join(" ");
}

function withoutEnhanced(line: string, enhanced: string): string {
  return enhanced !== noEnhanced && line.startsWith(enhanced) ? line.slice(enhanced.length).trimStart() : line;
}

/** "2.1.5" (RFC 2034 section 4), where its class is that of the reply; else "". By character: most replies have one. */
function enhancedCode(code: number, text: string): string {
  const kind = text.charCodeAt(0) - 48;
  if (kind !== Math.floor(code / 100) || kind === 3 || text.charCodeAt(1) !== DOT) return noEnhanced;
  const subjectEnd = digitsEnd(text, 2);
  const end = digitsEnd(text, subjectEnd + 1);
  if (subjectEnd === 2 || text.charCodeAt(subjectEnd) !== DOT || end === subjectEnd + 1) return noEnhanced;
  const after = text.charCodeAt(end);
  return end === text.length || after === BLANK || after === TAB ? text.slice(0, end) : noEnhanced;
}

/** Where the up to three digits end that begin at `from`. */
function digitsEnd(text: string, from: number): number {
  let end = from;
  while (end < from + 3 && text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end += 1;
  return end;
}
