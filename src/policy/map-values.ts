// What each lookup map of a bank yields, and by which address it is asked: by the kind that its row says.
import { contextBelow } from "../lookup/context.ts";
import type { MapCompiler } from "../lookup/map.ts";
import type { LookupMap, RawTable, TableContext } from "../lookup/table.ts";
import {
  anyValue,
  booleanValue,
  nameListValue,
  numberValue,
  type Options,
  optionsValue,
  textListValue,
  textValue,
  type ValueType,
} from "../lookup/value.ts";
import { isMapShape, type MapKey, type MapShape, type YieldKind } from "../settings/map-shape.ts";
import { bankSettings } from "../settings/registry.ts";
import { type BannedRule, bannedRulesValue } from "./banned-table.ts";

type Table = typeof bankSettings;

/** Settings of a bank that are lists of networks and not maps by address. */
export type NetworkMapName = {
  [Name in keyof Table]: Table[Name]["shape"] extends MapShape<YieldKind, "client address"> ? Name : never;
}[keyof Table];

/** Every other map. */
export type MapName = Exclude<
  { [Name in keyof Table]: Table[Name]["shape"] extends MapShape ? Name : never }[keyof Table],
  NetworkMapName
>;

/** The type of value by what a map's row says that it yields. */
interface Yielded {
  readonly truth: boolean;
  readonly number: number;
  readonly text: string;
  readonly methods: readonly string[];
  readonly banks: readonly string[];
  readonly "signature-options": readonly Options[];
  /** The second level, by sender: one map per table. */
  readonly "scores-by-sender": readonly LookupMap<number>[];
  readonly "truths-by-sender": readonly LookupMap<boolean>[];
  readonly "banned-rules": readonly BannedRule[];
  /** true: the author's own domain has to have signed; else one of these. */
  readonly "signing-domains": boolean | readonly string[];
  /** What it means is for the part that asks to say. */
  readonly any: unknown;
}

type KindOf<Name extends MapName> = Table[Name]["shape"] extends MapShape<infer Kind> ? Kind : never;

export type CompiledMaps = { readonly [Name in MapName]: LookupMap<Yielded[KindOf<Name>]> };

/** Who a map is asked about. */
export type AskedBy = "recipient" | "sender" | "author" | "signer" | "virus";

const askedByKey: Readonly<Record<Exclude<MapKey, "client address">, AskedBy>> = {
  recipient: "recipient",
  sender: "sender",
  author: "author",
  "signing domain": "signer",
  "virus name": "virus",
};

interface Asked {
  readonly by: AskedBy;
  readonly kind: YieldKind;
}

const maps: ReadonlyMap<string, Asked> = new Map(
  Object.entries(bankSettings).flatMap(([name, { shape }]): [string, Asked][] =>
    isMapShape(shape) && shape.by !== "client address"
      ? [[name, { by: askedByKey[shape.by], kind: shape.yields.kind }]]
      : [],
  ),
);

/** The names of all maps by address. */
export const allMapNames: readonly MapName[] = [...maps.keys()].filter((name): name is MapName => maps.has(name));

export function askedBy(name: MapName): AskedBy {
  return maps.get(name)?.by ?? "recipient";
}

/** The bank that the value 1 of author_to_policy_bank_maps stands for. */
const approvedBank = "AUTHOR_APPROVED";
const virusBank = "VIRUS";
/** Loaded by rule wherever they are defined: naming them without a definition is no mistake. */
const impliedBanks: readonly string[] = ["MYNETS", "MYUSERS", approvedBank, virusBank];

/** What names in maps stand for. */
export interface NamedInMaps {
  readonly banks: ReadonlySet<string>;
  readonly rules: ReadonlyMap<string, BannedRule>;
}

/** How the values of one map are read. `compiler` and `context` are for tables within tables, the others what names stand for. */
export function mapType(
  name: MapName,
  compiler: MapCompiler,
  context: TableContext,
  { banks, rules }: NamedInMaps,
): ValueType<unknown> {
  const { kind, by } = maps.get(name) ?? { kind: "any", by: "recipient" };
  const types: { readonly [Kind in YieldKind]: () => ValueType<Yielded[Kind]> } = {
    truth: () => booleanValue,
    number: () => numberValue,
    text: () => textValue,
    methods: () => textListValue,
    banks: () => existingBanks(by === "virus" ? virusBank : approvedBank, banks),
    "signature-options": () => optionsValue,
    "scores-by-sender": () => scoresBySender(compiler, context),
    "truths-by-sender": () => truthsBySender(compiler, context),
    "banned-rules": () => bannedRulesValue(rules, context),
    "signing-domains": () => signersValue,
    any: () => anyValue,
  };
  return types[kind]();
}

function existingBanks(whenTrue: string, banks: ReadonlySet<string>): ValueType<readonly string[]> {
  return {
    ...nameListValue(whenTrue),
    fault(names) {
      const unknown = names.filter((name) => !banks.has(name) && !impliedBanks.includes(name));
      return unknown.length === 0 ? undefined : `there is no policy bank ${unknown.join(", ")}`;
    },
  };
}

/** Truth, or signing domains in lower case. */
const signersValue: ValueType<boolean | readonly string[]> = {
  expected: "true, false, or signing domains",
  read(raw, path) {
    const truth = booleanValue.read(raw, path);
    if (truth !== undefined) return truth;
    const list: readonly unknown[] = typeof raw === "string" ? raw.split(/[,\s]+/) : Array.isArray(raw) ? raw : [];
    const domains = list.filter((domain) => typeof domain === "string").filter((domain) => domain !== "");
    if (domains.length === 0 || list.some((domain) => typeof domain !== "string")) return undefined;
    return domains.map((domain) => domain.toLowerCase().replace(/^@/, ""));
  },
};

// A nested table is compiled as a map of one table: the leading index of its paths is not in the settings.
function truthsBySender(compiler: MapCompiler, context: TableContext): ValueType<readonly LookupMap<boolean>[]> {
  return {
    expected: "a table by sender, or a list of tables",
    read(raw, path) {
      // A list of addresses is one access list; a list that holds other tables is a list of tables.
      const tables = Array.isArray(raw) && !raw.every((element) => typeof element === "string") ? raw : [raw];
      return secondLevel(tables, (table, index) =>
        compiler.compile([table], booleanValue, contextBelow(context, tables === raw ? [...path, index] : path, 1)),
      );
    },
  };
}

function scoresBySender(compiler: MapCompiler, context: TableContext): ValueType<readonly LookupMap<number>[]> {
  return {
    expected: "a list of tables by sender",
    read(raw, path) {
      if (!Array.isArray(raw)) return undefined;
      return secondLevel(raw, (table, index) =>
        compiler.compile([table], numberValue, contextBelow(context, [...path, index], 1)),
      );
    },
  };
}

function secondLevel<V>(
  tables: readonly unknown[],
  compile: (table: RawTable, index: number) => LookupMap<V>,
): readonly LookupMap<V>[] | undefined {
  return tables.every(isTable) ? tables.map(compile) : undefined;
}

function isTable(raw: unknown): raw is RawTable {
  return raw !== undefined && typeof raw !== "function";
}
