// Tables of regexps (amavisd: new_RE): tried in order on the address as it came, values may take "$1" of the match.
import { createEntries, type Entry, hasReplacement, type Steps } from "./entry.ts";
import type { LookupKeys } from "./keys.ts";
import { compileRegexp, type Regexp, RegexpError } from "./regexp.ts";
import type { RegexpTable, Table, TableContext, TablePath } from "./table.ts";
import type { ValueType } from "./value.ts";

interface Rule<V> {
  readonly regexp: Regexp;
  readonly entry: Entry<V>;
}

export function compileRegexpTable<V>(
  raw: RegexpTable,
  type: ValueType<V>,
  context: TableContext,
  path: TablePath,
): Table<LookupKeys, V> {
  const steps: Steps = {
    path: (index) => [...path, "regexp", index],
    origin: (index) => context.origin?.([...path, "regexp", index]),
  };
  const entries = createEntries(type, context, steps);
  const rules = raw.regexp.flatMap((rule: unknown, index): Rule<V>[] => {
    const [pattern, member]: readonly unknown[] = Array.isArray(rule) ? rule : [rule, 1];
    if (typeof pattern !== "string") {
      context.problem({ severity: "error", path: steps.path(index), message: "expected [pattern, value]" });
      return [];
    }
    try {
      return [{ regexp: compileRegexp(pattern), entry: entries.make(member, pattern, index) }];
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      context.problem({ severity: "error", path: steps.path(index), message: error.message });
      return [];
    }
  });

  /** The groups where the value needs them, which is dear; else none. */
  function groupsOf({ regexp, entry }: Rule<V>, subject: string): readonly string[] | undefined {
    if (hasReplacement(entry.template)) return regexp.groups(subject);
    return regexp.test(subject) ? [] : undefined;
  }

  return {
    find(keys, suffix) {
      const subject = keys.text() + suffix;
      for (const rule of rules) {
        const groups = groupsOf(rule, subject);
        if (groups !== undefined) return entries.match(rule.entry, () => groups);
      }
      return undefined;
    },
    findAll(keys, suffix, found) {
      const subject = keys.text() + suffix;
      for (const rule of rules) {
        const groups = groupsOf(rule, subject);
        const match = groups === undefined ? undefined : entries.match(rule.entry, () => groups);
        if (match !== undefined) found.push(match);
      }
    },
  };
}
