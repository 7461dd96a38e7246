// Banned names and types (amavis.md 7.4): each leaf of the part tree is looked up with all containers it lies in, table by
// table. What a table says of a part is worked out once, for all recipients that have it.
import type { MailPart, PartsFound } from "../mail/content.ts";
import type { PolicyBank } from "./bank.ts";
import type { BannedPattern, BannedTable } from "./banned-table.ts";
import type { BannedFound } from "./decision.ts";
import { createFirstFit } from "./first-fit.ts";

export interface BannedParts {
  readonly found: BannedFound;
  /** A rule of a banned part asks that the sender gets no notice: its value starts with DISCARD. */
  readonly discards: boolean;
}

/** What is banned for one recipient; undefined where nothing is. */
export type FindBanned = (recipient: string) => BannedParts | undefined;

/** Banned parts that are named. */
const maxNamed = 20;

type BannedSettings = Pick<PolicyBank, "banned_filename_maps" | "banned_namepath_re">;

/** Whether a recipient has any rule, so that a mail has to be taken apart. */
export function bansNames(bank: BannedSettings, recipient: string): boolean {
  return bank.banned_namepath_re !== undefined || tablesOf(bank, recipient).length > 0;
}

/** What was worked out for parts that are kept for equal mails: for each mail's own it would cost more than all rules of most. */
const knownFinds = new WeakMap<PartsFound, { readonly bank: BannedSettings; readonly find: FindBanned }>();

/** Looks a mail's parts up; of equal mails, whose parts are one object, once for each bank in turn. */
export function createFindBanned(bank: BannedSettings, found: PartsFound): FindBanned {
  if (found.isKept !== true) return findBanned(bank, found);
  const known = knownFinds.get(found);
  const isSame =
    known?.bank.banned_filename_maps === bank.banned_filename_maps &&
    known.bank.banned_namepath_re === bank.banned_namepath_re;
  if (isSame) return known.find;
  const { banned_filename_maps, banned_namepath_re } = bank;
  const find = findBanned({ banned_filename_maps, banned_namepath_re }, found);
  knownFinds.set(found, { bank: { banned_filename_maps, banned_namepath_re }, find });
  return find;
}

const noPaths: ReadonlySet<string> = new Set();

function findBanned(bank: BannedSettings, { parts, unchecked }: PartsFound): FindBanned {
  const opaque = unchecked.length === 0 ? noPaths : new Set(unchecked.flatMap(({ path }) => path ?? []));
  const described = parts.map((part) => textsOf(part, opaque));
  const leaves = leavesOf(parts);
  const byTable = new Map<BannedTable, readonly (BannedPattern | undefined)[]>();
  let byPath: readonly (BannedPattern | undefined)[] | undefined;

  /** For each part, the first pattern that fits it or what it lies in. */
  function verdictsOf(table: BannedTable): readonly (BannedPattern | undefined)[] {
    const ready = byTable.get(table);
    if (ready !== undefined) return ready;
    const firstFit = createFirstFit(table);
    const firsts: number[] = [];
    for (const [index, texts] of described.entries()) {
      // Containers stand before what they hold.
      let first = firsts[parts[index]?.parent ?? -1] ?? table.patterns.length;
      for (const text of texts) first = Math.min(first, firstFit(text));
      firsts.push(first);
    }
    const verdicts = firsts.map((first) => table.patterns[first]);
    byTable.set(table, verdicts);
    return verdicts;
  }

  function pathVerdicts(table: BannedTable): readonly (BannedPattern | undefined)[] {
    if (byPath !== undefined) return byPath;
    const verdicts: (BannedPattern | undefined)[] = [];
    for (const leaf of leaves)
      verdicts[leaf] = table.patterns.find((pattern) => pattern.test(pathText(parts, leaf, opaque)));
    byPath = verdicts;
    return verdicts;
  }

  function find(tables: readonly BannedTable[]): BannedParts | undefined {
    const names: string[] = [];
    let first: BannedPattern | undefined;
    let discards = false;
    const verdicts = tables.map(verdictsOf);
    const { banned_namepath_re: pathTable } = bank;
    const further = pathTable === undefined ? undefined : pathVerdicts(pathTable);
    for (const leaf of leaves) {
      let pattern = verdicts.find((each) => each[leaf]?.value !== undefined)?.[leaf];
      if (pattern === undefined && further?.[leaf]?.value !== undefined) pattern = further[leaf];
      // No rule, or one that allows it.
      if (pattern?.value === undefined || pattern.value === "") continue;
      discards ||= pattern.value.startsWith("DISCARD");
      first ??= pattern;
      if (names.length < maxNamed) names.push(shownName(described[leaf] ?? [], pattern));
    }
    if (first === undefined) return undefined;
    const { key, origin } = first;
    return { found: { names, key, ...(origin !== undefined && { origin }) }, discards };
  }

  // Recipients with the same tables have the same answer, and tables are few.
  const known = new Map<string, BannedParts | undefined>();
  const identities = new Map<BannedTable, number>();
  function identityOf(tables: readonly BannedTable[]): string {
    return tables
      .map((table) => {
        const number = identities.get(table) ?? identities.size;
        identities.set(table, number);
        return number;
      })
      .join(",");
  }

  return (recipient) => {
    const tables = tablesOf(bank, recipient);
    if (tables.length === 0 && bank.banned_namepath_re === undefined) return undefined;
    const identity = identityOf(tables);
    if (!known.has(identity)) known.set(identity, find(tables));
    return known.get(identity);
  };
}

/** All matches count: the most specific first. */
function tablesOf({ banned_filename_maps }: BannedSettings, recipient: string): readonly BannedTable[] {
  const found: BannedTable[] = [];
  for (const { value: rules } of banned_filename_maps.all(recipient)) {
    for (const { tables } of rules) found.push(...tables);
  }
  return found;
}

/** Their indices. */
function leavesOf(parts: readonly MailPart[]): readonly number[] {
  const containers = new Set<number>();
  for (const { parent } of parts) containers.add(parent);
  const leaves: number[] = [];
  for (let index = 0; index < parts.length; index += 1) if (!containers.has(index)) leaves.push(index);
  return leaves;
}

/** The declared type, the types by content with a dot, the names, in amavisd's order. */
function textsOf(part: MailPart, opaque: ReadonlySet<string>): readonly string[] {
  const { declaredType, types, names, encrypted, path } = part;
  const texts = declaredType === undefined ? [] : [declaredType];
  for (const type of types) texts.push(`.${type}`);
  texts.push(...names);
  if (encrypted || opaque.has(path)) texts.push("UNDECIPHERABLE");
  return texts;
}

/** amavisd's %F: the leaf's own texts, the rule's comment in front. */
function shownName(texts: readonly string[], { comment }: BannedPattern): string {
  const name = texts.join(",").replace(/[ \t]{6,}/g, " ... ");
  return comment === undefined ? name : `${comment}:${name}`;
}

/** What banned_namepath_re sees: a line per container and part, `P=p001<tab>L=1/2<tab>M=text/plain<tab>T=asc<tab>N=x`. */
function pathText(parts: readonly MailPart[], leaf: number, opaque: ReadonlySet<string>): string {
  const lines: string[] = [];
  for (let index = leaf; ; ) {
    const part = parts[index];
    if (part === undefined) break;
    lines.unshift(lineOf(part, index, opaque));
    index = part.parent;
  }
  return lines.join("\n");
}

function lineOf({ path, declaredType, types, names, encrypted }: MailPart, index: number, opaque: ReadonlySet<string>) {
  const plain = (text: string) => text.replace(/[\t\n]/g, " ");
  return [
    `P=p${String(index + 1).padStart(3, "0")}`,
    `L=${path.replaceAll(".", "/")}`,
    ...(declaredType === undefined ? [] : [`M=${plain(declaredType)}`]),
    ...types.map((type) => `T=${plain(type)}`),
    ...names.map((name) => `N=${plain(name)}`),
    ...(encrypted ? ["A=C"] : []),
    ...(encrypted || opaque.has(path) ? ["A=U"] : []),
  ].join("\t");
}
