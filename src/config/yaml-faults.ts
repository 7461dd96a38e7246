// What the YAML parser complains of, in words an administrator can use, and texts it had better not be given.
import { type Document, isMap, isScalar, isSeq, visit, type YAMLError } from "yaml";

/** Lists and mappings in each other. */
export const maxDepth = 100;

/** What the parser says, in our words where they help, and at the place that needs a change. */
export function explain(
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

/** The line on which more than `maxDepth` brackets (or "- - -") open in each other: the parser takes seconds for such. */
export function depthFault(text: string): number | undefined {
  const dashes = /^ *(?:[-?] ){20}/m.exec(text);
  if (dashes !== null) return lineOf(text, dashes.index);
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open = bracket === "[" || bracket === "{" ? open + 1 : 0;
    if (open > maxDepth) return lineOf(text, index);
  }
  return undefined;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
