// The lexical tokens of structured header fields that hold addresses (RFC 5322 section 3.2).

export interface AddressToken {
  /** "atom" is a run of anything that is not special, dots included; the others are what they look like. */
  readonly kind: "atom" | "quoted" | "literal" | "<" | ">" | "," | ";" | ":" | "@";
  /** The token's octets; a quoted string or literal with its delimiters. */
  readonly text: string;
  /** What stood before it: nothing, white space alone, or a comment. */
  readonly before: "nothing" | "blanks" | "comment";
  readonly start: number;
  readonly end: number;
}

export interface Tokens {
  readonly tokens: readonly AddressToken[];
  /** A quote, comment or literal that does not end, or a character that may not stand there. */
  readonly malformed: boolean;
  /** NUL, another control character, or a CR or LF that is not part of folding. */
  readonly control: boolean;
}

const maxCommentDepth = 50;
const special = /["()<>[\],;:@\\ \t\r\n]/g;
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n|\r\n(?![ \t])/;

/** Cuts a field body into tokens, comments and white space left out. Linear, never throws. */
export function tokenize(body: string): Tokens {
  const tokens: AddressToken[] = [];
  let malformed = false;
  let before: AddressToken["before"] = "nothing";
  let i = 0;
  const push = (kind: AddressToken["kind"], end: number) => {
    tokens.push({ kind, text: body.slice(i, end), before, start: i, end });
    before = "nothing";
    i = end;
  };
  while (i < body.length) {
    const char = body[i] ?? "";
    switch (char) {
      case " ":
      case "\t":
      case "\r":
      case "\n":
        if (before === "nothing") before = "blanks";
        i += 1;
        break;
      case "(": {
        const end = endOfComment(body, i);
        malformed ||= end === undefined;
        before = "comment";
        i = end ?? body.length;
        break;
      }
      case '"':
      case "[": {
        const end = endOfDelimited(body, i, char === '"' ? '"' : "]");
        malformed ||= end === undefined;
        push(char === '"' ? "quoted" : "literal", end ?? body.length);
        break;
      }
      case "<":
      case ">":
      case ",":
      case ";":
      case ":":
      case "@":
        push(char, i + 1);
        break;
      case ")":
      case "]":
      case "\\":
        malformed = true;
        i += 1;
        break;
      default:
        special.lastIndex = i;
        push("atom", special.exec(body)?.index ?? body.length);
    }
  }
  return { tokens, malformed, control: controls.test(body) };
}

/** The index after the comment's end, comments within it included (RFC 5322 section 3.2.2). */
function endOfComment(body: string, open: number): number | undefined {
  let depth = 0;
  for (let i = open; i < body.length; i += 1) {
    const char = body[i];
    if (char === "\\") i += 1;
    else if (char === "(") {
      depth += 1;
      if (depth > maxCommentDepth) return undefined;
    } else if (char === ")") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}

function endOfDelimited(body: string, open: number, close: string): number | undefined {
  for (let i = open + 1; i < body.length; i += 1) {
    if (body[i] === "\\") i += 1;
    else if (body[i] === close) return i + 1;
  }
  return undefined;
}
