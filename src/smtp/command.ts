// One command line of a client as it stands on the wire (RFC 5321 section 2.4): the verb and what follows it.
// What a command means, and its replies, are decided in receive.

export interface SmtpCommand {
  /** In upper case. */
  readonly verb: string;
  /** What follows the verb, blanks around it left out; one character per octet. */
  readonly argument: string;
}

const NUL = 0;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DEL = 127;

/**
 * Takes a line (one character per octet, without CRLF) apart. Undefined where it is no command: no verb of letters at
 * its start, or a control octet anywhere. In MAIL and RCPT only NUL, CR and LF count as such: Postfix takes addresses
 * with the others, hands them on in quoted strings, and bounces what is refused here.
 */
export function parseCommand(line: string): SmtpCommand | undefined {
  let end = line.length;
  while (end > 0 && isBlank(line.charCodeAt(end - 1))) end -= 1;
  let controls = false;
  for (let i = 0; i < end; i += 1) {
    const octet = line.charCodeAt(i);
    if (octet === NUL || octet === LF || octet === CR) return undefined;
    if ((octet < SPACE && octet !== TAB) || octet === DEL) controls = true;
  }
  let verbEnd = 0;
  while (verbEnd < end && isLetter(line.charCodeAt(verbEnd))) verbEnd += 1;
  if (verbEnd === 0) return undefined;
  let start = verbEnd;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  if (start === verbEnd && start < end) return undefined;
  const verb = line.slice(0, verbEnd).toUpperCase();
  if (controls && verb !== "MAIL" && verb !== "RCPT") return undefined;
  return { verb, argument: line.slice(start, end) };
}

export interface PathArgument {
  /** Verbatim, without the angle brackets. */
  readonly address: string;
  /** "KEY" or "KEY=VALUE" as they came. */
  readonly parameters: readonly string[];
}

/**
 * The argument of MAIL ("FROM:<...> ...") or RCPT ("TO:<...> ..."). The path is taken as it stands, quoted strings,
 * source routes, 8-bit octets and odd domains included: whether it can be delivered is for the next hop to say.
 * Undefined where there is no path in angle brackets.
 */
export function parsePathArgument(argument: string, keyword: "FROM" | "TO"): PathArgument | undefined {
  let at = keyword.length;
  if (argument.slice(0, at).toUpperCase() !== keyword) return undefined;
  at = skipBlanks(argument, at);
  if (argument[at] !== ":") return undefined;
  at = skipBlanks(argument, at + 1);
  if (argument[at] !== "<") return undefined;
  const close = endOfPath(argument, at + 1);
  if (close === -1) return undefined;
  const rest = argument.slice(close + 1);
  if (rest !== "" && !isBlank(rest.charCodeAt(0))) return undefined;
  return { address: argument.slice(at + 1, close), parameters: splitBlanks(rest) };
}

/** The pieces of a text between blanks. */
export function splitBlanks(text: string): string[] {
  if (text === "") return [];
  const pieces: string[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    let end = at;
    while (end < text.length && !isBlank(text.charCodeAt(end))) end += 1;
    pieces.push(text.slice(at, end));
    at = skipBlanks(text, end);
  }
  return pieces;
}

/** Index of the ">" that ends the path; one in a quoted string or behind a backslash does not (RFC 5321 4.1.2). */
function endOfPath(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i += 1) {
    const char = text[i];
    if (char === "\\") i += 1;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === ">") return i;
    else if (char === "<" || char === " " || char === "\t") return -1;
  }
  return -1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}

function isLetter(octet: number): boolean {
  return (octet >= 65 && octet <= 90) || (octet >= 97 && octet <= 122);
}
