// Tag lists, "name=value; name=value" (RFC 6376 section 3.2), as signature fields and key records use them.
// What a tag means is left to others. One character stands for one octet.
import type { Failure } from "./failure.ts";

export interface Tag {
  /** Without the white space around it; folding inside is kept. */
  readonly value: string;
  /** Where the value stands in the text with all white space around it: what is cut out of b=. */
  readonly start: number;
  readonly end: number;
}

export interface TagList {
  readonly tags: ReadonlyMap<string, Tag>;
  /** What is wrong with the list; `tags` then holds what could be read, the first of each name. */
  readonly fault?: Extract<Failure, "signature-syntax" | "duplicate-tag">;
}

/** Reads a tag list. Never throws; linear in the text. */
export function parseTagList(text: string): TagList {
  const tags = new Map<string, Tag>();
  let fault: TagList["fault"];
  let start = 0;
  let equals = -1;
  while (start < text.length) {
    const semicolon = text.indexOf(";", start);
    const end = semicolon === -1 ? text.length : semicolon;
    // Searched for anew only once passed: for every tag it would be quadratic where there is none.
    if (equals < start) equals = indexOrEnd(text.indexOf("=", start), text);
    if (equals >= end) {
      // Only the end may be empty: "a=1;" is right, "a=1;;b=2" is not.
      if (semicolon !== -1 || trim(text, start, end) !== "") fault ??= "signature-syntax";
    } else {
      const name = trim(text, start, equals);
      if (!isTagName(name)) fault ??= "signature-syntax";
      else if (tags.has(name)) fault = "duplicate-tag";
      else tags.set(name, { value: trim(text, equals + 1, end), start: equals + 1, end });
    }
    start = end + 1;
  }
  return fault === undefined ? { tags } : { tags, fault };
}

function indexOrEnd(index: number, text: string): number {
  return index === -1 ? text.length : index;
}

/** A part of the text without the folding white space (SP, HT, CR, LF) at its ends. */
function trim(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Removes all folding white space: it may stand anywhere in base64 and in lists (RFC 6376 section 3.5). */
export function removeBlanks(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    if (isBlank(text.charCodeAt(i))) return text.replace(/[ \t\r\n]+/g, "");
  }
  return text;
}

/** A colon-separated list without white space: h=, q=, s=, t=. */
export function parseColonList(value: string): string[] {
  return removeBlanks(value).split(":");
}

/** The value of a tag, "" where it is not there. */
export function tagValue(tags: TagList["tags"], name: string): string {
  return tags.get(name)?.value ?? "";
}

/** Base64 with its white space removed, or undefined where it is none. Padding may be missing, but not be wrong. */
export function toBase64(value: string): string | undefined {
  const text = removeBlanks(value);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  return text.length % 4 === 0 || (!text.endsWith("=") && text.length % 4 !== 1) ? text : undefined;
}

/** tag-name = ALPHA *(ALPHA / DIGIT / "_"). */
function isTagName(name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
    if (!isLetter && (i === 0 || !((code >= 48 && code <= 57) || code === 95))) return false;
  }
  return name.length > 0;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}
