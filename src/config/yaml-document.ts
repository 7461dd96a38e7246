// One YAML file as a document whose settings can be read: what cannot be taken is reported with its place.
import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { errorText } from "../mail/error-text.ts";
import type { Place, Problem } from "./source.ts";
import { depthFault, encodingFault, foreignBlank, maxDepth, parserFault } from "./yaml-faults.ts";
import { offsetOf, type ParsedYaml, placeAt } from "./yaml-places.ts";

/** A file that is not YAML at all would give hundreds of them. */
const maxSyntaxErrors = 10;

type Report = (severity: Problem["severity"], place: Place, message: string) => void;

/** The document; undefined where an error was reported. */
export function parseYaml(file: string, text: string, report: Report): ParsedYaml | undefined {
  const fault = textFault(text);
  if (fault !== undefined) {
    report("error", { file, line: fault.line, column: fault.column ?? 1 }, fault.message);
    return undefined;
  }
  let hasErrors = false;
  const reported: Report = (severity, place, message) => {
    hasErrors ||= severity === "error";
    report(severity, place, message);
  };
  const start = { file, line: 1, column: 1 };
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    report("error", start, `this is no YAML: ${errorText(error)}`);
    return undefined;
  }
  const parsed = { file, document, lines };
  // Such a blank is right inside of a text; where it parts nothing, the parser's complaints only puzzle.
  const noSettings = isScalar(document.contents) && document.contents.value !== null;
  const blank = document.errors.length > 0 || noSettings ? foreignBlank(text) : undefined;
  if (blank !== undefined) {
    const code = text.charCodeAt(blank).toString(16).toUpperCase().padStart(4, "0");
    const message = `the blank here is U+${code}${code === "00A0" ? " (no-break space)" : ""}, which YAML takes for a letter: write a plain one`;
    report("error", placeAt(parsed, blank), message);
    return undefined;
  }
  // One fault often has the parser complain twice.
  const faults = new Map(
    document.errors.map((error) => {
      const { message, offset } = parserFault(error, document);
      return [`${offset} ${message}`, { message, offset }] as const;
    }),
  );
  for (const { message, offset } of [...faults.values()].slice(0, maxSyntaxErrors)) {
    reported("error", placeAt(parsed, offset), message);
  }
  if (faults.size > maxSyntaxErrors) {
    reported("error", start, `${faults.size - maxSyntaxErrors} more errors: is this YAML?`);
  }
  keepSpelling(document);
  reportDuplicates(parsed, reported);
  for (const warning of document.warnings) {
    const { message, offset } = parserFault(warning, document);
    reported("warning", placeAt(parsed, offset), message);
  }
  return hasErrors ? undefined : parsed;
}

interface TextFault {
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

/** Why this text is not given to the parser. */
function textFault(text: string): TextFault | undefined {
  const encoding = encodingFault(text);
  if (encoding !== undefined) return { line: 1, message: encoding };
  // What is not UTF-8 was read as this, and would be taken for a letter.
  const foreign = text.indexOf("\ufffd");
  if (foreign !== -1) {
    const before = text.slice(0, foreign).split("\n");
    const column = (before.at(-1)?.length ?? 0) + 1;
    return { line: before.length, column, message: "an octet here is not UTF-8: save the file as UTF-8" };
  }
  const tooDeep = depthFault(text);
  if (tooDeep === undefined) return undefined;
  return { line: tooDeep, message: `more than ${maxDepth} lists and mappings in each other` };
}

/** The parser's own test for names that stand twice takes quadratic time. */
function reportDuplicates(parsed: ParsedYaml, report: Report): void {
  visit(parsed.document, {
    Map: (_, map) => {
      const names = new Set<string>();
      for (const { key: name } of map.items) {
        if (!isScalar(name)) {
          report("error", placeAt(parsed, offsetOf(name)), "expected a name before the colon");
          continue;
        }
        const text = String(name.value);
        if (names.has(text)) report("error", placeAt(parsed, offsetOf(name)), `"${text}" stands twice here`);
        names.add(text);
      }
    },
  });
}

/**
 * A number that is written otherwise than it is shown ("172.20", "2024.10", "0660", "6e8", more digits than a number
 * keeps) stays the text it is: it may be a network, a selector or a mode. Where a number is wanted, such a text is
 * taken for one.
 */
function keepSpelling(document: Document.Parsed): void {
  visit(document, {
    Scalar: (_, node) => {
      const { value, source, type } = node;
      if (typeof value !== "number" || source === undefined || type !== "PLAIN") return;
      if (String(value) !== source) node.value = source;
    },
  });
}
