// Hashes by address (amavisd: %hash tables and read_hash files): every key is found by one Map lookup.

import { encodeUtf8 } from "../mail/domain.ts";
import { errorText } from "../mail/error-text.ts";
import { createEntries, type Entries, type Entry, stepsBelow } from "./entry.ts";
import { parseHashFile } from "./hash-file.ts";
import { foldKey, type LookupKeys, shapeOf } from "./keys.ts";
import type { LookupSettings, Table, TableContext, TablePath } from "./table.ts";
import type { ValueType } from "./value.ts";

export function compileHash<V>(
  raw: Readonly<Record<string, unknown>>,
  type: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<LookupKeys, V> {
  const entries = createEntries(type, context, stepsBelow(context, path));
  const list = Object.entries(raw).map(([key, member]) => entries.make(member, key, key));
  return hashTable(list, entries, settings, (entry, message) =>
    context.problem({ severity: "warning", path: [...path, entry.step], message }),
  );
}

/** A hash whose keys and values are the lines of a file. */
export function compileHashFile<V>(
  file: string,
  type: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<LookupKeys, V> | undefined {
  let text: string;
  try {
    text = context.readFile(file);
  } catch (error) {
    const reason = errorText(error);
    context.problem({ severity: "error", path, message: `cannot read the table ${file}: ${reason}` });
    return undefined;
  }
  const { entries: lines, bad } = parseHashFile(text);
  for (const line of bad) context.problem({ severity: "error", path, message: `${file}:${line}: not "key value"` });
  // A problem of an entry is reported with its line in the file; the place in the settings is that of the file's name.
  const lineType: ValueType<V> = {
    ...type,
    read: (raw, at) => type.read(raw, at) ?? (typeof raw === "string" ? type.readLine?.(raw) : undefined),
  };
  const entries = createEntries(
    lineType,
    {
      ...context,
      problem: ({ severity, path: [line = 0], message }) =>
        context.problem({ severity, path, message: `${file}:${line}: ${message}` }),
    },
    { path: (line) => [line], origin: (line) => `${file}:${line}` },
  );
  return hashTable(
    lines.map(({ key, value, line }) => entries.make(value, key, line)),
    entries,
    settings,
    (entry, message) => context.problem({ severity: "warning", path, message: `${file}:${entry.step}: ${message}` }),
  );
}

function hashTable<V>(
  list: readonly Entry<V>[],
  entries: Entries<V>,
  settings: LookupSettings,
  warn: (entry: Entry<V>, message: string) => void,
): Table<LookupKeys, V> {
  const byKey = new Map<string, Entry<V>>();
  // A key counts as it is written first, for sites where "Joe@" is not "joe@", then in its folded form.
  for (const entry of list) byKey.set(encodeUtf8(entry.key), entry);
  for (const entry of list) {
    const folded = foldKey(entry.key, settings);
    if (folded === undefined) warn(entry, `the key ${JSON.stringify(entry.key)} has no host name: it never matches`);
    else if (!byKey.has(folded)) byKey.set(folded, entry);
  }
  let shapes = 0;
  for (const key of byKey.keys()) shapes |= shapeOf(key);

  function entryAt(keys: LookupKeys, place: number, suffix: string): Entry<V> | undefined {
    // A suffix changes what a key looks like: all of them are tried then.
    if (suffix === "" && ((keys.shapes[place] ?? 0) & shapes) === 0) return undefined;
    return byKey.get(keys.key(place) + suffix);
  }

  return {
    find(keys, suffix) {
      for (let place = 0; place < keys.shapes.length; place += 1) {
        const entry = entryAt(keys, place, suffix);
        if (entry !== undefined) return entries.match(entry, () => keys.replacements());
      }
      return undefined;
    },
    findAll(keys, suffix, found) {
      for (let place = 0; place < keys.shapes.length; place += 1) {
        const entry = entryAt(keys, place, suffix);
        const match = entry === undefined ? undefined : entries.match(entry, () => keys.replacements());
        if (match !== undefined) found.push(match);
      }
    },
  };
}
