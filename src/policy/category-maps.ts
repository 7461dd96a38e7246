// amavisd's *_by_ccat settings: maps and values by contents category, laid over what the plain settings say.
import { contextBelow } from "../lookup/context.ts";
import { readValue, withOrigin } from "../lookup/entry.ts";
import { emptyMap, type MapCompiler } from "../lookup/map.ts";
import type { LookupMap, RawTable, TableContext } from "../lookup/table.ts";
import { booleanValue, isMapping, textListValue, textValue, type ValueType } from "../lookup/value.ts";
import { isEnvelopeSender, readSenderName } from "../mail/sender-name.ts";
import type { BankSettings } from "../settings/bank-settings.ts";
import type { Destiny, TemplateSource } from "../settings/values.ts";
import type { Contents } from "./decision.ts";

const destinyNumbers: Readonly<Record<string, Destiny>> = {
  "1": "D_PASS",
  "0": "D_DISCARD",
  "-2": "D_BOUNCE",
  "-3": "D_REJECT",
  "-4": "D_TEMPFAIL",
};
const destinies: readonly Destiny[] = ["D_PASS", "D_DISCARD", "D_BOUNCE", "D_REJECT", "D_TEMPFAIL"];

const destinyValue: ValueType<Destiny> = {
  expected: `one of ${destinies.join(", ")}`,
  read: (raw) => destinies.find((name) => name === raw) ?? destinyNumbers[String(raw)],
};

const mailboxValue: ValueType<string> = {
  expected: 'a mailbox such as "Content filter <postmaster@example.com>"',
  read: (raw) => (typeof raw === "string" && readSenderName(raw, "host.example") !== undefined ? raw : undefined),
};

const senderValue: ValueType<string> = {
  expected: "an address, or nothing for the null sender",
  read: (raw) => (typeof raw === "string" && isEnvelopeSender(raw) ? raw : undefined),
};

const templateValue: ValueType<NonNullable<TemplateSource>> = {
  expected: "the text of a template, or { file: name }",
  read(raw) {
    if (typeof raw === "string") return raw;
    return isMapping(raw) && typeof raw["file"] === "string" && Object.keys(raw).length === 1
      ? { file: raw["file"] }
      : undefined;
  },
};

/** Values by recipient of each of the settings that are read. */
interface CategoryValues {
  readonly final_destiny_maps_by_ccat: Destiny;
  readonly forward_method_maps_by_ccat: readonly string[];
  readonly lovers_maps_by_ccat: boolean;
  readonly defang_maps_by_ccat: boolean;
  readonly subject_tag_maps_by_ccat: string;
  readonly quarantine_method_by_ccat: string;
  readonly quarantine_to_maps_by_ccat: string;
  readonly admin_maps_by_ccat: string;
  readonly warnrecip_maps_by_ccat: boolean;
  readonly warnsender_by_ccat: boolean;
  readonly addr_extension_maps_by_ccat: string;
  readonly smtp_reason_by_ccat: string;
  readonly notify_admin_templ_by_ccat: NonNullable<TemplateSource>;
  readonly notify_recips_templ_by_ccat: NonNullable<TemplateSource>;
  readonly notify_sender_templ_by_ccat: NonNullable<TemplateSource>;
  readonly hdrfrom_notify_admin_by_ccat: string;
  readonly hdrfrom_notify_recip_by_ccat: string;
  readonly hdrfrom_notify_sender_by_ccat: string;
  readonly mailfrom_notify_admin_by_ccat: string;
  readonly mailfrom_notify_recip_by_ccat: string;
}

export type CategorySetting = keyof CategoryValues;

/** By "CC_SPAM" or "CC_SPAM,1". A category that is set to nothing has an empty map: its plain setting is not asked. */
export type CategoryMap<V> = ReadonlyMap<string, LookupMap<V>>;
export type CategoryMaps = { readonly [Name in CategorySetting]: CategoryMap<CategoryValues[Name]> };

const valueTypes: { readonly [Name in CategorySetting]: ValueType<CategoryValues[Name]> } = {
  final_destiny_maps_by_ccat: destinyValue,
  forward_method_maps_by_ccat: textListValue,
  lovers_maps_by_ccat: booleanValue,
  defang_maps_by_ccat: booleanValue,
  subject_tag_maps_by_ccat: textValue,
  quarantine_method_by_ccat: textValue,
  quarantine_to_maps_by_ccat: textValue,
  admin_maps_by_ccat: textValue,
  warnrecip_maps_by_ccat: booleanValue,
  warnsender_by_ccat: booleanValue,
  addr_extension_maps_by_ccat: textValue,
  smtp_reason_by_ccat: textValue,
  notify_admin_templ_by_ccat: templateValue,
  notify_recips_templ_by_ccat: templateValue,
  notify_sender_templ_by_ccat: templateValue,
  hdrfrom_notify_admin_by_ccat: mailboxValue,
  hdrfrom_notify_recip_by_ccat: mailboxValue,
  hdrfrom_notify_sender_by_ccat: mailboxValue,
  mailfrom_notify_admin_by_ccat: senderValue,
  mailfrom_notify_recip_by_ccat: senderValue,
};

/** Whose members are one value for all recipients: a mapping among them is no lookup table. */
const plainSettings: ReadonlySet<CategorySetting> = new Set<CategorySetting>([
  "notify_admin_templ_by_ccat",
  "notify_recips_templ_by_ccat",
  "notify_sender_templ_by_ccat",
]);
/** All of them, in the order of the table. */
export const categorySettingNames = Object.keys(valueTypes).filter(
  (name): name is CategorySetting => name in valueTypes,
);

/** Compiles members where they stand, then puts together those that a bank has in the end. */
export interface CategoryCompiler {
  /** Compiles what one layer sets, and says what is wrong with it. */
  add(layer: Partial<BankSettings>, at: (setting: string) => TableContext): void;
  /** The maps of merged settings, whose members are those of the layers. */
  take(settings: BankSettings): CategoryMaps;
}

export function createCategoryCompiler(compiler: MapCompiler): CategoryCompiler {
  /** By setting, then by the member's own identity. */
  const compiled = new Map<CategorySetting, Map<unknown, LookupMap<unknown>>>();
  const taken = new WeakMap<object, CategoryMap<unknown>>();

  function compileMember(name: CategorySetting, member: unknown, context: TableContext): LookupMap<unknown> {
    const known = compiled.get(name) ?? new Map<unknown, LookupMap<unknown>>();
    compiled.set(name, known);
    const ready = known.get(member);
    if (ready !== undefined) return ready;
    if (plainSettings.has(name)) {
      const plain = compilePlain(member, valueTypes[name], context);
      known.set(member, plain);
      return plain;
    }
    const isList = Array.isArray(member);
    // A value alone is a map of one constant: its place is the member's own.
    const tables: readonly RawTable[] = isList ? member.filter(isTable) : isTable(member) ? [member] : [];
    const type: ValueType<unknown> = valueTypes[name];
    const map = compiler.compile(tables, type, isList ? context : contextBelow(context, [], 1));
    known.set(member, map);
    return map;
  }

  function take(name: CategorySetting, settings: BankSettings): CategoryMap<unknown> {
    const members = settings[name];
    const ready = taken.get(members);
    if (ready !== undefined) return ready;
    const entries = Object.entries(members).map(([key, member]) => [key, compileMember(name, member, silent)] as const);
    const map = new Map(entries);
    taken.set(members, map);
    return map;
  }

  return {
    add(layer, at) {
      for (const name of categorySettingNames) {
        for (const [key, member] of Object.entries(layer[name] ?? {})) {
          if (key !== "REPLACE") compileMember(name, member, contextBelow(at(name), [key]));
        }
      }
    },
    take(settings) {
      const maps = Object.fromEntries(categorySettingNames.map((name) => [name, take(name, settings)]));
      if (!isWhole(maps)) throw new Error("a map by category is missing");
      return maps;
    },
  };
}

function compilePlain(member: unknown, type: ValueType<unknown>, context: TableContext): LookupMap<unknown> {
  if (member === null || member === undefined) return emptyMap;
  const value = readValue(member, type, context, []);
  if (value === undefined) return emptyMap;
  const match = withOrigin({ value, key: "(constant)" }, context.origin?.([]));
  return { first: () => match, all: () => [match] };
}

const silent: TableContext = {
  readFile: () => {
    throw new Error("not read yet");
  },
  problem: () => {},
};

function isTable(raw: unknown): raw is RawTable {
  return raw !== undefined && typeof raw !== "function";
}

function isWhole(maps: Readonly<Record<string, CategoryMap<unknown>>>): maps is CategoryMaps {
  return categorySettingNames.every((name) => name in maps);
}

/**
 * What a setting says for contents and a recipient: by their minor category, else by the major one. "unset": no entry, so
 * that the plain setting holds, or CC_CATCHALL where there is none.
 */
export function categoryValue<V>(
  map: CategoryMap<V>,
  { category, minor }: Contents,
  recipient: string,
): V | "unset" | undefined {
  if (map.size === 0) return "unset";
  const entry = (minor > 0 ? map.get(`${category},${minor}`) : undefined) ?? map.get(category);
  return entry === undefined ? "unset" : entry.first(recipient)?.value;
}

/**
 * What a setting says for the most important contents that it has a word on, CC_CATCHALL last (amavisd:
 * setting_by_contents_category). undefined: nothing, or an entry without a value for the recipient.
 */
export function contentsValue<V>(map: CategoryMap<V>, all: readonly Contents[], recipient: string): V | undefined {
  if (map.size === 0) return undefined;
  for (const contents of all) {
    const value = categoryValue(map, contents, recipient);
    if (value !== "unset") return value;
  }
  return catchAllValue(map, recipient);
}

/** The entry for contents that decides what a setting says of a recipient, as it is written; undefined where there is none. */
export function categoryEntry<V>(
  map: CategoryMap<V>,
  { category, minor }: Contents,
): { readonly name: string; readonly entry: LookupMap<V> } | undefined {
  for (const name of minor > 0 ? [`${category},${minor}`, category] : [category]) {
    const entry = map.get(name);
    if (entry !== undefined) return { name, entry };
  }
  return undefined;
}

/** What holds for categories without an entry and without a plain setting. */
export function catchAllValue<V>(map: CategoryMap<V>, recipient: string): V | undefined {
  return map.size === 0 ? undefined : map.get("CC_CATCHALL")?.first(recipient)?.value;
}
