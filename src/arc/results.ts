// What an ARC set says of DMARC (RFC 8617 section 4.1.1). HELO and MAIL FROM stand in such a field in the words of the
// sender, so what cannot be read, or only looks like a failure, is reported too.
import { parseAuthenticationResults } from "../authres/parse.ts";
import { readUntil, skipCfws } from "../authres/syntax.ts";

export interface ArcResults {
  /** The field has the form of the RFC. What has not may say anything, or hide it. */
  readonly isReadable: boolean;
  /** "fail" where any of its words say so, quoted or in a comment; else the first result; absent when it says nothing. */
  readonly dmarc?: string;
}

const failure = /dmarc[ \t\r\n]*(?:\/[ \t\r\n]*[0-9]+[ \t\r\n]*)?=[ \t\r\n]*"?fail/i;

/** Reads the body of an ARC-Authentication-Results field. Never throws; linear. */
export function readArcResults(body: string): ArcResults {
  const payload = payloadOf(body);
  const results = payload === undefined ? undefined : parseAuthenticationResults(payload)?.results;
  const words = (results ?? []).flatMap(({ method, result }) => (method === "dmarc" ? result : []));
  const dmarc = words.includes("fail") || failure.test(body) ? "fail" : words[0];
  return { isReadable: results !== undefined, ...(dmarc === undefined ? {} : { dmarc }) };
}

/** What follows "i=1;", undefined where that does not stand first. */
function payloadOf(body: string): string | undefined {
  const tag = readUntil(body, skipCfws(body, 0), "=;");
  const equals = tag === undefined ? -1 : skipCfws(body, tag.end);
  if (tag?.text !== "i" || body[equals] !== "=") return undefined;
  const instance = readUntil(body, skipCfws(body, equals + 1), ";");
  const end = instance === undefined ? -1 : skipCfws(body, instance.end);
  return body[end] === ";" ? body.slice(end + 1) : undefined;
}
