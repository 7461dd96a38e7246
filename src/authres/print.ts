// Prints findings as one Authentication-Results field (RFC 8601 section 2.2). Whatever a value holds, the field keeps
// its form: every value is a token, an address of plain characters, or a quoted string, and never leaves its line.
import type { Finding, FindingProperty } from "./finding.ts";
import { isToken } from "./syntax.ts";

/** Longer values are cut: a name of the DNS has at most 255 octets, and nobody needs more of the rest. */
const maxValueOctets = 255;
/** RFC 5322 section 2.1.1. */
const foldColumn = 78;

/**
 * The whole field with its CRLF; "none" stands for no findings at all. `value` octets outside printable ASCII are
 * removed (controls) or shown as "?" (8-bit): the mail may be one that no 8-bit header is allowed in.
 */
export function formatAuthenticationResults(authservId: string, findings: readonly Finding[]): string {
  return `Authentication-Results: ${formatResults(authservId, findings)}\r\n`;
}

/** What follows the field's name (or the "i=1; " of ARC-Authentication-Results), folded, without the final CRLF. */
export function formatResults(authservId: string, findings: readonly Finding[]): string {
  const id = formatValue(authservId);
  if (findings.length === 0) return `${id}; none`;
  return `${id};\r\n\t${findings.map((finding) => fold(words(finding))).join(";\r\n\t")}`;
}

function words(finding: Finding): string[] {
  const { method, result, comment, reason, properties } = finding;
  return [
    `${method}=${result}`,
    ...(comment === undefined ? [] : [`(${commentText(comment)})`]),
    ...(reason === undefined ? [] : [`reason=${formatValue(reason)}`]),
    ...properties.map(formatProperty),
  ];
}

function formatProperty({ type, name, value }: FindingProperty): string {
  return `${type}.${name}=${formatValue(value)}`;
}

function fold(items: readonly string[]): string {
  let text = "";
  // A folded line starts with a tab, which counts as one column.
  let column = 1;
  for (const item of items) {
    if (text === "") {
      text = item;
      column += item.length;
    } else if (column + 1 + item.length < foldColumn) {
      text += ` ${item}`;
      column += 1 + item.length;
    } else {
      text += `\r\n\t${item}`;
      column = 1 + item.length;
    }
  }
  return text;
}

/** RFC 8601's pvalue: `[[local-part] "@"] domain-name` may stand as it is, all else that is no token is quoted. */
const plainAddress =
  /^(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*)?@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

function formatValue(value: string): string {
  const text = printable(value);
  if (isToken(text) || plainAddress.test(text)) return text;
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** C0, DEL and C1 go away; what else is not ASCII becomes "?"; cut to the limit. */
function printable(value: string): string {
  const text = value.length > maxValueOctets ? value.slice(0, maxValueOctets) : value;
  return /^[\x20-\x7e]*$/.test(text) ? text : text.replace(/[\0-\x1f\x7f-\x9f]/g, "").replace(/[^\x20-\x7e]/g, "?");
}

/** Comments are ours; should one ever hold a bracket or backslash, the field survives it. */
function commentText(comment: string): string {
  return printable(comment).replace(/[()\\]/g, "");
}
