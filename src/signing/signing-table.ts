// OpenDKIM's SigningTable (opendkim.conf(5)): who signs for which sender, "pattern keyname[:signer]". Searched by the
// rules of its two forms: "refile" has wildcards and the first line that matches counts, "file" is asked for ever
// wider names. Patterns without a wildcard, or with "*@" alone, are found by themselves, so that size does not matter.

import { decodeUtf8, encodeUtf8, lowerOctets, toAscii } from "../mail/domain.ts";
import { matchesGlob } from "./glob.ts";
import type { TableLine } from "./key-table.ts";

export interface SigningTableEntry {
  readonly line: number;
  readonly pattern: string;
  /** Name in the key table; "%" stands for the domain of the sender. */
  readonly keyName: string;
  /** The signer for i=, "%" as above; undefined for none. */
  readonly signer?: string;
}

/** What a line says. One without a key name stays in force: mail that it speaks of must not leave unsigned. */
export function readSigningLine({ line, key, value }: TableLine): SigningTableEntry {
  const colon = value.indexOf(":");
  const keyName = (colon === -1 ? value : value.slice(0, colon)).trim();
  const signer = colon === -1 ? "" : value.slice(colon + 1).trim();
  return { line, pattern: folded(key), keyName, ...(signer === "" ? {} : { signer }) };
}

export type SigningTableSearch = (localPart: string, domain: string) => readonly SigningTableEntry[];

/** The entries of a table, numbered in order. */
export interface SigningTableLines {
  /** Those with exactly this pattern, in order. */
  find(pattern: string): readonly number[];
  at(index: number): SigningTableEntry;
  /** Those of a "refile:" whose patterns are to be tried one by one. */
  readonly wildcards: readonly (readonly [index: number, pattern: string])[];
}

/** Whether a pattern of a "refile:" has to be tried: one that is "*@domain" is found like one without a wildcard. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes("*") && !(pattern.startsWith("*@") && pattern.indexOf("*", 1) === -1);
}

/** "refile:": lines in order, "*" stands for anything. */
export function createWildcardSearch(lines: SigningTableLines, matches: "first" | "all"): SigningTableSearch {
  return (localPart, domain) => {
    const address = `${textOf(localPart)}@${domain}`;
    // An asterisk in an address is one; in a pattern it stands for anything.
    const found = [...(address.includes("*") ? [] : lines.find(address)), ...lines.find(`*@${domain}`)];
    for (const [index, pattern] of lines.wildcards) if (matchesGlob(pattern, address)) found.push(index);
    found.sort((a, b) => a - b);
    return pick(lines, found, matches);
  };
}

/** "file:": user@host, host, user@.domain and .domain for each parent, user@*, *. */
export function createNameSearch(lines: SigningTableLines, matches: "first" | "all"): SigningTableSearch {
  return (localPart, domain) => {
    const user = textOf(localPart);
    const names = [`${user}@${domain}`, domain];
    const parents: string[] = [];
    for (let dot = domain.indexOf("."); dot !== -1; dot = domain.indexOf(".", dot + 1)) parents.push(domain.slice(dot));
    names.push(...parents.map((parent) => `${user}@${parent}`), ...parents, `${user}@*`, "*");
    const found: number[] = [];
    for (const name of names) {
      const here = lines.find(name);
      if (here.length === 0) continue;
      found.push(...here);
      if (matches === "first") break;
    }
    return pick(lines, found, matches);
  };
}

/** A local part as patterns are written: the text of its octets, in lower case. */
function textOf(localPart: string): string {
  const octets = lowerOctets(localPart);
  return decodeUtf8(octets) ?? octets;
}

/** A pattern in lower case; a domain that is written in Unicode becomes the A-labels that senders are asked for by. */
function folded(pattern: string): string {
  const lower = pattern.toLowerCase();
  const [, before = "", domain = ""] = /^(.*@\.?|\.?)([^@]*)$/.exec(lower) ?? [];
  return domain === encodeUtf8(domain) ? lower : before + (toAscii(domain) ?? domain);
}

function pick(
  lines: SigningTableLines,
  found: readonly number[],
  matches: "first" | "all",
): readonly SigningTableEntry[] {
  return (matches === "first" ? found.slice(0, 1) : found).map((index) => lines.at(index));
}
