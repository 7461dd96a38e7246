// Reads an Authentication-Results field (RFC 8601 section 2.2), lenient where the field's meaning stays clear.
// Whether such a field is believed, removed or passed on is decided by others.
import { readQuotedString, readUntil, skipCfws, type Word } from "./syntax.ts";

export interface ParsedProperty {
  /** Lower case: "smtp", "header", "body", "policy" or whatever stood there. */
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

export interface ParsedResult {
  /** Lower case, as is `result`. */
  readonly method: string;
  /** Digits of "method/version"; absent = 1. */
  readonly version?: string;
  readonly result: string;
  readonly reason?: string;
  readonly properties: readonly ParsedProperty[];
}

export interface ParsedAuthenticationResults {
  /** As written, quotes undone. */
  readonly authservId: string;
  readonly version?: string;
  /** Empty for "none". */
  readonly results: readonly ParsedResult[];
}

/** A field longer than this is not read. */
export const maxFieldOctets = 16 * 1024;

interface Identity {
  readonly authservId: string;
  readonly version?: string;
  /** Where the first ";" stands, or the end of the text. */
  readonly end: number;
}

/**
 * Reads what goes before the first ";": authserv-id and version. Undefined when no identity can be made out, and
 * when something else follows it: then nobody can say whose field it is.
 */
export function readIdentity(body: string): Identity | undefined {
  const start = skipCfws(body, 0);
  if (start === -1) return undefined;
  const id = readQuotedString(body, start) ?? readUntil(body, start, ";=");
  if (id === undefined || id.text.trim() === "") return undefined;
  let at = skipCfws(body, id.end);
  if (at === -1) return undefined;
  const version = readUntil(body, at, ";=");
  if (version !== undefined) {
    if (!/^[0-9]{1,10}$/.test(version.text)) return undefined;
    at = skipCfws(body, version.end);
  }
  if (at === -1 || (at < body.length && body[at] !== ";")) return undefined;
  return { authservId: id.text, end: at, ...(version === undefined ? {} : { version: version.text }) };
}

/** Reads a field's body (what follows the colon, folded or not); undefined when it is not of the RFC's form. */
export function parseAuthenticationResults(body: string): ParsedAuthenticationResults | undefined {
  if (body.length > maxFieldOctets) return undefined;
  const identity = readIdentity(body);
  if (identity === undefined) return undefined;
  const { authservId, version } = identity;
  const results: ParsedResult[] = [];
  let at = identity.end;
  while (at < body.length) {
    // Past the ";"; a last one with nothing after it is common and harmless.
    at = skipCfws(body, at + 1);
    if (at === -1) return undefined;
    if (at === body.length) break;
    const parsed = readResult(body, at);
    if (parsed === undefined) return undefined;
    if (parsed !== "none") results.push(parsed.result);
    at = parsed === "none" ? skipCfws(body, at + 4) : parsed.end;
    if (at === -1 || (at < body.length && body[at] !== ";")) return undefined;
  }
  return { authservId, results, ...(version === undefined ? {} : { version }) };
}

function readResult(
  body: string,
  from: number,
): "none" | { readonly result: ParsedResult; readonly end: number } | undefined {
  const method = readUntil(body, from, ";=/");
  if (method === undefined) return undefined;
  let at = skipCfws(body, method.end);
  let version: string | undefined;
  if (body[at] === "/") {
    const digits = readUntil(body, skipCfws(body, at + 1), ";=");
    if (digits === undefined || !/^[0-9]{1,10}$/.test(digits.text)) return undefined;
    version = digits.text;
    at = skipCfws(body, digits.end);
  }
  if (body[at] !== "=") return method.text.toLowerCase() === "none" && version === undefined ? "none" : undefined;
  const word = readUntil(body, skipCfws(body, at + 1), ";=");
  if (word === undefined) return undefined;
  at = skipCfws(body, word.end);

  let reason: string | undefined;
  const properties: ParsedProperty[] = [];
  while (at !== -1 && at < body.length && body[at] !== ";") {
    const name = readUntil(body, at, ";=.");
    if (name === undefined) return undefined;
    at = skipCfws(body, name.end);
    let property: Word | undefined;
    if (body[at] === ".") {
      property = readUntil(body, skipCfws(body, at + 1), ";=");
      if (property === undefined) return undefined;
      at = skipCfws(body, property.end);
    }
    if (body[at] !== "=") return undefined;
    const value = readValue(body, skipCfws(body, at + 1));
    if (value === undefined) return undefined;
    if (property !== undefined) {
      const type = name.text.toLowerCase();
      properties.push({ type, name: property.text.toLowerCase(), value: value.text });
    } else if (name.text.toLowerCase() === "reason") {
      reason = value.text;
    }
    at = skipCfws(body, value.end);
  }
  if (at === -1) return undefined;
  const result: ParsedResult = {
    method: method.text.toLowerCase(),
    result: word.text.toLowerCase(),
    properties,
    ...(version === undefined ? {} : { version }),
    ...(reason === undefined ? {} : { reason }),
  };
  return { result, end: at };
}

/** A token, a quoted string, or an address whose local part may be quoted: `"a b"@example.com`. */
function readValue(body: string, from: number): Word | undefined {
  if (from === -1) return undefined;
  const quoted = readQuotedString(body, from);
  if (quoted === undefined) return readUntil(body, from, ";");
  if (body[quoted.end] !== "@") return quoted;
  const domain = readUntil(body, quoted.end, ";");
  return domain === undefined ? quoted : { text: quoted.text + domain.text, end: domain.end };
}
