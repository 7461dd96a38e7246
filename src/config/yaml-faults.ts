// What the YAML parser complains of, in words an administrator can use, and texts it had better not be given.
import { type Document, isMap, isScalar, isSeq, visit, type YAMLError } from "yaml";

/** Lists and mappings in each other. */
export const maxDepth = 100;

/** What the parser says, in our words where they help, and at the place that needs a change. */
export function parserFault(
  error: YAMLError,
  document: Document.Parsed,
): { readonly message: string; readonly offset: number } {
  const [offset] = error.pos;
  if (error.code === "TAB_AS_INDENT") return { message: "YAML takes no tabs to indent with", offset };
  if (/closing .?quote/.test(error.message)) {
    return { message: "this quote is not closed", offset: lastStart(document, offset, (node) => isScalar(node)) };
  }
  if (error.message.startsWith("Flow ")) {
    const start = lastStart(document, offset, (node) => (isMap(node) || isSeq(node)) && node.flow === true);
    return { message: "this bracket is not closed", offset: start };
  }
  if (/^Nested mappings|^Implicit keys? need|^A block sequence may not/.test(error.message)) {
    return {
      message: 'a second ": " on one line: put the value into quotes, or begin a new line and indent it',
      offset,
    };
  }
  if (/Implicit map keys need to be followed/.test(error.message)) {
    return { message: 'a name without its value: "name: value" is expected here', offset };
  }
  if (/^Unexpected block-seq-ind/.test(error.message)) {
    return { message: 'a list begins here, beside a setting: put its "- " below the name it belongs to', offset };
  }
  if (/same column/.test(error.message)) {
    return { message: "this line is indented otherwise than those it belongs to", offset };
  }
  const message = error.message.replace(/\s+/g, " ");
  return { message: message.length > 160 ? `${message.slice(0, 157)}...` : message, offset };
}

/** Where the last node of a kind starts that starts before an offset; the offset where there is none. */
function lastStart(document: Document.Parsed, before: number, isWanted: (node: unknown) => boolean): number {
  let start: number | undefined;
  visit(document, {
    Node: (_, node) => {
      const at = node.range?.[0];
      if (at !== undefined && at < before && (start === undefined || at > start) && isWanted(node)) start = at;
    },
  });
  return start ?? before;
}

/** What the parser takes its time for: a line, an entry, a bracket. A million of them is ten seconds. */
export function countMarks(text: string): number {
  let marks = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x2c || code === 0x5b || code === 0x7b) marks += 1;
  }
  return marks;
}

/** The line on which more than `maxDepth` brackets (or "- - -") open in each other: the parser takes seconds for such. */
export function depthFault(text: string): number | undefined {
  const dashes = /^ *(?:[-?] ){20}/m.exec(text);
  if (dashes !== null) return lineOf(text, dashes.index);
  let row = 0;
  // Brackets in quotes are counted as well, so the sum may be off by some; a new setting starts it afresh.
  let sum = 0;
  for (const { 0: found, index } of text.matchAll(/[[\]{}]|^\w/gm)) {
    const opens = found === "[" || found === "{";
    row = opens ? row + 1 : 0;
    if (found === "]" || found === "}") sum = Math.max(0, sum - 1);
    else sum = opens ? sum + 1 : 0;
    if (row > maxDepth || sum > 10 * maxDepth) return lineOf(text, index);
  }
  return undefined;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Why a text that was read as UTF-8 is none that a configuration can have. */
export function encodingFault(text: string): string | undefined {
  const at = text.indexOf("\0");
  if (at < 0) return undefined;
  return at < 4 ? "the file is UTF-16 or UTF-32: save it as UTF-8" : "the file holds a NUL octet: it is no text";
}

const foreignBlanks = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000";
const firstForeignBlank = new RegExp(`^[^\\n${foreignBlanks}]*[${foreignBlanks}]`, "gm");

/** Offset of the first blank that YAML takes for a letter, where one may be meant to part: before a name, behind ":" or "-". */
export function foreignBlank(text: string): number | undefined {
  for (const { 0: found, index } of text.matchAll(firstForeignBlank)) {
    const before = found.slice(0, -1).trim();
    if (before === "" || before === "-" || /^[\w."'-]{1,100}:$/.test(before)) return index + found.length - 1;
  }
  return undefined;
}
