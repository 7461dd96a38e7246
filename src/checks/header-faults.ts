// Faults of a header section (RFC 5322 sections 2.2, 3.6), in amavisd's words (amavis.md 7.5). By all tests: which of
// them count for whom is a matter of policy.
import { isUtf8 } from "node:buffer";
import type { HeaderFault, HeaderTest } from "../mail/content.ts";
import { asBuffer, type HeaderField, isUnread, maxLineOctets } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";

/** Of each test; more say nothing new. */
const maxFaults = 100;

/** RFC 5322 section 3.6, RFC 2045, RFC 2183, RFC 3834: fields that may stand there once. */
const single = [
  "Date",
  "From",
  "Sender",
  "Reply-To",
  "To",
  "Cc",
  "Bcc",
  "Subject",
  "Message-ID",
  "References",
  "In-Reply-To",
  "MIME-Version",
  "Content-Type",
  "Content-Transfer-Encoding",
  "Content-ID",
  "Content-Description",
  "Content-Disposition",
  "Auto-Submitted",
];
const placeOf: ReadonlyMap<string, number> = new Map(single.map((shown, place) => [shown.toLowerCase(), place]));
/** So many of them, the first ones, must stand there. */
const required = 2;

/**
 * What is wrong with the fields, in their order, those of one field in the order of the tests; then what is missing or
 * there twice. Linear in the octets. Fields beyond the limits of a header are not looked at, and none is missing then.
 */
export function headerFaults({ header, fields, cut }: MessageHead): readonly HeaderFault[] {
  const faults: HeaderFault[] = [];
  const occurrences = single.map(() => 0);
  const allPlain = !isUnread(cut) && isPlain(header);
  let counts: Map<HeaderTest, number> | undefined;
  const add = (test: HeaderTest, text: string, field?: number) => {
    counts ??= new Map();
    const count = counts.get(test) ?? 0;
    counts.set(test, count + 1);
    if (count < maxFaults) faults.push(field === undefined ? { test, text } : { test, text, field });
  };
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index];
    if (field === undefined) continue;
    const place = placeOf.get(field.name);
    if (place !== undefined) occurrences[place] = (occurrences[place] ?? 0) + 1;
    if (isNamedAndShort(field) && (allPlain || isPlain(field.raw))) continue;
    for (const { test, text } of faultsOf(field)) add(test, text, index);
  }
  for (let place = 0; place < single.length; place += 1) {
    const count = occurrences[place] ?? 0;
    const shown = single[place] ?? "";
    if (count === 1) continue;
    if (count === 0) {
      if (place < required && !isUnread(cut)) add("missing", `Missing required header field: "${shown}"`);
    } else if (count === 2) add("multiple", `Duplicate header field: "${shown}"`);
    else add("multiple", `Header field occurs more than once: "${shown}" occurs ${count} times`);
  }
  return faults;
}

/** Lines of printable ASCII that each end with CRLF and have some text. Each octet has one place in it: a search is linear. */
const plainLines = /^(?:[\t ]*[!-~][\t -~]*\r\n)*$/;

/** Of every mail, so not octet by octet: that takes half as long again. */
function isPlain(octets: Uint8Array): boolean {
  return plainLines.test(asBuffer(octets).toString("latin1"));
}

/** Nothing is wrong with such a field where its lines are plain. */
function isNamedAndShort({ name, raw }: HeaderField): boolean {
  return name !== "" && !name.startsWith("--") && raw.length <= maxLineOctets;
}

function* faultsOf({ name, raw }: HeaderField): Generator<HeaderFault> {
  // One character per octet, and lines end as they do in amavisd's texts.
  const text = asBuffer(raw).toString("latin1").replaceAll("\r\n", "\n");
  const shown = fieldNameIn(text);
  const at = (test: HeaderTest, words: string, start: number, length: number): HeaderFault => ({
    test,
    text: pointed(words, text, shown, start, length),
  });

  if (shown === "" || name.startsWith("--")) {
    yield { test: "syntax", text: printable(`Invalid header field syntax: ${cutOff(text, 200)}`) };
  } else {
    const foreign = /[^\x00-\x7f]/.exec(shown);
    if (foreign !== null) {
      yield at("syntax", "Invalid header field name, contains non-ASCII char", foreign.index, 1);
    }
  }
  for (const { start, end } of lines(text)) {
    if (end === start || !isBlank(text, start, end)) continue;
    yield at("empty", "Improper folded header field made up entirely of whitespace", start, end - start);
    break;
  }
  for (const { start, end } of lines(text)) {
    if (end - start <= maxLineOctets) continue;
    const line = cutOff(text.slice(start, end), 50);
    yield { test: "long", text: printable(`Header line longer than 998 characters: ${line}`) };
    break;
  }
  const control = /[\x00\r]/.exec(text);
  if (control !== null) yield at("control", "Improper use of control character", control.index, 1);
  const foreign = /[^\x00-\x7f]/.exec(text);
  if (foreign === null) return;
  if (!isUtf8(raw)) {
    yield at("8bit", "Non-encoded non-ASCII data (and not UTF-8)", foreign.index, 1);
    return;
  }
  const c0 = /[\x00-\x08\x0b-\x1f\x7f]/.exec(text);
  const c1 = /\xc2[\x80-\x9f]/.exec(text);
  // RFC 5198 section 2: C1 controls have no place in text that is interchanged.
  if (c0 !== null) yield at("8bit", "UTF-8 string contains C0 Controls", c0.index, 1);
  else if (c1 !== null) yield at("8bit", "UTF-8 string contains C1 Controls", c1.index, 2);
  else yield at("utf8", "Non-encoded UTF-8 string in non-EAI mail", foreign.index, utf8Length(text, foreign.index));
}

/** As amavisd has it: octets above ASCII make a name, if a bad one. */
function fieldNameIn(text: string): string {
  return /^([!-9;-~\x80-\xff]{1,998})[ \t]*:/.exec(text)?.[1] ?? "";
}

interface Line {
  readonly start: number;
  readonly end: number;
}

function* lines(text: string): Generator<Line> {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    yield { start, end };
    start = end + 1;
  }
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const char = text[at];
    if (char !== " " && char !== "\t") return false;
  }
  return true;
}

/** "words (char E9 hex): Subject: caf\x{E9}": what stands around the fault, cut as amavisd cuts it. */
function pointed(words: string, text: string, name: string, start: number, length: number): string {
  const middle = text.slice(start, start + length);
  const before = text.slice(0, start);
  const after = shortened(text.slice(start + length).replace(/\n$/, ""));
  const room = 50 - after.length;
  const context =
    before.length - name.length - 2 > room
      ? `${name}: ...${before.slice(before.length - Math.max(room - 5, 0))}`
      : before;
  const octets = Array.from(middle, hex).join(" ");
  const which = middle !== "" && middle.length <= 4 ? ` (char ${octets} hex)` : "";
  return printable(`${words}${which}: ${context}${shortened(middle)}${after}`);
}

function shortened(text: string): string {
  return text.length > 20 ? `${wholeCharacters(text, 15)}[...]` : text;
}

/** The first octets, without half a UTF-8 character at the end. */
function wholeCharacters(text: string, octets: number): string {
  let end = octets;
  while (end > 0 && /[\x80-\xbf]/.test(text[end] ?? "")) end -= 1;
  return text.slice(0, end === 0 ? octets : end);
}

function cutOff(text: string, octets: number): string {
  return text.length > octets + 5 ? `${text.slice(0, octets)}[...]` : text.replace(/\n$/, "");
}

function utf8Length(text: string, index: number): number {
  const first = text.charCodeAt(index);
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/** What is not printable ASCII as "\x{0A}", so that a text is one line and shows what is there. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]|\\(?=x\{)/g, (char) => `\\x{${hex(char)}}`);
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}
