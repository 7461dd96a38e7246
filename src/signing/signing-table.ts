// OpenDKIM's SigningTable (opendkim.conf(5)): who signs for which sender, "pattern keyname[:signer]". Searched by the
// rules of its two forms: "refile" has wildcards and the first line that matches counts, "file" is asked for ever
// wider names. Patterns without a wildcard, or with "*@" alone, are found in a map, so that size does not matter.

import { matchesGlob } from "./glob.ts";
import { tableLines } from "./key-table.ts";

export interface SigningTableEntry {
  readonly line: number;
  readonly pattern: string;
  /** Name in the key table; "%" stands for the domain of the sender. */
  readonly keyName: string;
  /** The signer for i=, "%" as above; undefined for none. */
  readonly signer?: string;
}

export interface SigningTableFault {
  readonly line: number;
  readonly message: string;
}

/** Reads the text of a SigningTable. */
export function parseSigningTable(text: string): {
  readonly entries: readonly SigningTableEntry[];
  readonly faults: readonly SigningTableFault[];
} {
  const entries: SigningTableEntry[] = [];
  const faults: SigningTableFault[] = [];
  for (const { line, key, value } of tableLines(text)) {
    const colon = value.indexOf(":");
    const keyName = (colon === -1 ? value : value.slice(0, colon)).trim();
    const signer = colon === -1 ? "" : value.slice(colon + 1).trim();
    if (keyName === "") faults.push({ line, message: `"${key}" names no key` });
    // A line without a key name stays in force: mail that it speaks of must not leave unsigned.
    entries.push({ line, pattern: key.toLowerCase(), keyName, ...(signer === "" ? {} : { signer }) });
  }
  return { entries, faults };
}

export type SigningTableSearch = (localPart: string, domain: string) => readonly SigningTableEntry[];

/** "refile:": lines in order, "*" stands for anything. */
export function createWildcardSearch(
  entries: readonly SigningTableEntry[],
  matches: "first" | "all",
): SigningTableSearch {
  const byAddress = new Map<string, number[]>();
  const byDomain = new Map<string, number[]>();
  const others: number[] = [];
  entries.forEach(({ pattern }, index) => {
    if (!pattern.includes("*")) put(byAddress, pattern, index);
    else if (pattern.startsWith("*@") && pattern.indexOf("*", 1) === -1) put(byDomain, pattern.slice(2), index);
    else others.push(index);
  });

  return (localPart, domain) => {
    const address = `${localPart.toLowerCase()}@${domain}`;
    const found = [...(byAddress.get(address) ?? []), ...(byDomain.get(domain) ?? [])];
    for (const index of others) {
      if (matchesGlob(entries[index]?.pattern ?? "", address)) found.push(index);
    }
    found.sort((a, b) => a - b);
    return pick(entries, found, matches);
  };
}

/** "file:": user@host, host, user@.domain and .domain for each parent, user@*, *. */
export function createNameSearch(entries: readonly SigningTableEntry[], matches: "first" | "all"): SigningTableSearch {
  const byPattern = new Map<string, number[]>();
  entries.forEach(({ pattern }, index) => {
    put(byPattern, pattern, index);
  });

  return (localPart, domain) => {
    const user = localPart.toLowerCase();
    const names = [`${user}@${domain}`, domain];
    const parents: string[] = [];
    for (let dot = domain.indexOf("."); dot !== -1; dot = domain.indexOf(".", dot + 1)) parents.push(domain.slice(dot));
    names.push(...parents.map((parent) => `${user}@${parent}`), ...parents, `${user}@*`, "*");
    const found: number[] = [];
    for (const name of names) {
      const here = byPattern.get(name);
      if (here === undefined) continue;
      found.push(...here);
      if (matches === "first") break;
    }
    return pick(entries, found, matches);
  };
}

function put(map: Map<string, number[]>, key: string, index: number): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [index]);
  else there.push(index);
}

function pick(
  entries: readonly SigningTableEntry[],
  found: readonly number[],
  matches: "first" | "all",
): readonly SigningTableEntry[] {
  const wanted = matches === "first" ? found.slice(0, 1) : found;
  return wanted.flatMap((index) => entries[index] ?? []);
}
