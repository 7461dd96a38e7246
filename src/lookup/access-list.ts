// Access lists (amavisd: @acl tables): addresses and domains, "!" negates, the first element that matches decides.
import { createEntries, type Entry, stepsBelow } from "./entry.ts";
import { foldKey, type LookupKeys } from "./keys.ts";
import type { LookupSettings, Match, Table, TableContext, TablePath } from "./table.ts";
import type { ValueType } from "./value.ts";

/**
 * An element is found by Map lookups of the address and its domains; of those found the one that stands first counts,
 * so a long list costs what a short one does.
 */
export function compileAccessList<V>(
  raw: readonly string[],
  type: ValueType<V>,
  settings: LookupSettings,
  context: TableContext,
  path: TablePath,
): Table<LookupKeys, V> {
  const entries = createEntries(type, context, stepsBelow(context, path));
  const elements: Entry<V>[] = [];
  const places = new Map<string, number>();
  for (const [index, element] of raw.entries()) {
    if (typeof element !== "string") {
      context.problem({ severity: "error", path: [...path, index], message: "expected an address or a domain" });
      continue;
    }
    const bare = element.replace(/^!+/, "");
    const folded = foldKey(bare, settings);
    if (folded === undefined) {
      const message = `${JSON.stringify(element)} has no host name: it never matches`;
      context.problem({ severity: "warning", path: [...path, index], message });
      continue;
    }
    if (!places.has(folded)) places.set(folded, elements.length);
    // Each "!" flips; a list yields 1 or 0, whatever type the map has.
    elements.push(entries.make((element.length - bare.length) % 2 === 0 ? 1 : 0, element, index));
  }

  function find(keys: LookupKeys, suffix: string): Match<V> | undefined {
    let best: number | undefined;
    for (const key of keys.accessList()) {
      const place = places.get(suffix === "" ? key : key + suffix);
      if (place !== undefined && (best === undefined || place < best)) best = place;
    }
    const element = best === undefined ? undefined : elements[best];
    return element === undefined ? undefined : entries.match(element, noReplacements);
  }

  return {
    find,
    findAll(keys, suffix, found) {
      const match = find(keys, suffix);
      if (match !== undefined) found.push(match);
    },
  };
}

const noReplacements = (): readonly string[] => [];
