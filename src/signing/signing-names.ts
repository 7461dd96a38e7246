// A signing table with what its key names stand for. Of a hundred thousand lines each would be an object: what is kept is the table's
// text and where each pattern stands in it; a line is read when a mail asks for it.
import { readTableLine, tableLines } from "./key-table.ts";
import type { NamedKey, SigningKey, SigningTable } from "./signing-key.ts";
import {
  createNameSearch,
  createWildcardSearch,
  hasWildcard,
  readSigningLine,
  type SigningTableEntry,
  type SigningTableLines,
} from "./signing-table.ts";

/** What a key name stands for: one key, a key per sender's domain, or a line that gave none. */
export type Named = SigningKey | Map<string, SigningKey> | { readonly fault: string };

/** How a signing table is read. */
export interface SigningTableForm {
  /** "refile" has wildcards. */
  readonly form: "file" | "refile";
  /** Every line that matches makes a signature. */
  readonly multiple: boolean;
}

/** A step for each line. `check` gets each entry once, in order. */
export function* createSigningTable(
  text: string,
  { form, multiple }: SigningTableForm,
  names: ReadonlyMap<string, Named>,
  check: (entry: SigningTableEntry) => void,
): Generator<void, SigningTable> {
  const matches = multiple ? "all" : "first";
  const search = form === "refile" ? createWildcardSearch : createNameSearch;
  const lines = yield* indexLines(text, form, check);

  function keyOf(name: string, domain: string): NamedKey {
    const named = names.get(name);
    if (named === undefined) return { missing: `the key table has no key "${name}"` };
    if ("fault" in named) return { missing: named.fault };
    if (!(named instanceof Map)) return { domain: named.pattern === undefined ? named.domain : domain, key: named };
    const key = named.get(domain);
    return key === undefined ? { missing: `there is no key file for ${domain}` } : { domain, key };
  }

  return {
    match: search(lines, matches),
    keyFor: ({ keyName }, domain) => keyOf(keyName === "%" ? domain : keyName, domain),
  };
}

function* indexLines(
  text: string,
  form: "file" | "refile",
  check: (entry: SigningTableEntry) => void,
): Generator<void, SigningTableLines> {
  /** By the number of the entry: where its line starts, and which line of the file it is. */
  const starts: number[] = [];
  const numbers: number[] = [];
  /** A list where a pattern stands on several lines, which is rare. */
  const byPattern = new Map<string, number | number[]>();
  const wildcards: (readonly [number, string])[] = [];
  for (const line of tableLines(text)) {
    yield;
    const entry = readSigningLine(line);
    check(entry);
    const index = starts.push(line.start) - 1;
    numbers.push(line.line);
    const { pattern } = entry;
    if (form === "refile" && hasWildcard(pattern)) wildcards.push([index, pattern]);
    const others = byPattern.get(pattern);
    if (others === undefined) byPattern.set(pattern, index);
    else if (typeof others === "number") byPattern.set(pattern, [others, index]);
    else others.push(index);
  }
  return {
    wildcards,
    find(pattern) {
      const found = byPattern.get(pattern) ?? none;
      return typeof found === "number" ? [found] : found;
    },
    at(index) {
      const [start, number] = [starts[index], numbers[index]];
      const line = start === undefined || number === undefined ? undefined : readTableLine(text, start, number);
      if (line === undefined) throw new RangeError(`there is no entry ${index}`);
      return readSigningLine(line);
    },
  };
}

const none: readonly number[] = [];
