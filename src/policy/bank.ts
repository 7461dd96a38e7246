// A policy bank ready for use: settings laid over one another, maps and networks compiled. Snapshots are made once
// per combination of banks and shared by all mails that load it.
import { contextBelow } from "../lookup/context.ts";
import { createMapCompiler, type MapCompiler } from "../lookup/map.ts";
import { compileNetworkList, compileNetworks } from "../lookup/network.ts";
import type { LookupMap, LookupSettings, NetworkList, Origin, TableContext } from "../lookup/table.ts";
import { type BankOverlay, type BankSettings, mergedSettings } from "../settings/bank-settings.ts";
import { type BannedSource, type BannedTable, compileBannedRules, compileBannedTable } from "./banned-table.ts";
import { type CategoryMaps, type CategorySetting, createCategoryCompiler } from "./category-maps.ts";
import {
  allMapNames,
  type CompiledMaps,
  type MapName,
  mapType,
  type NamedInMaps,
  type NetworkMapName,
} from "./map-values.ts";

/**
 * Why a bank was loaded:
 * - "port", "address-port", "socket": interface_policy, by where the mail came in;
 * - "client-network": client_ipaddr_policy or mynetworks, by the client that XFORWARD names;
 * - "local-sender": MYUSERS, for originating mail with a local envelope sender;
 * - "author": author_to_policy_bank_maps, by a valid signature;
 * - "virus": virus_name_to_policy_bank_maps;
 * - "daemon-name": a milter's MTA names the daemon that took the mail as the bank is called;
 * - "authenticated": a milter's MTA says that the client has logged in;
 * - "command": named on a command line.
 */
export type LoadReason =
  | "port"
  | "address-port"
  | "socket"
  | "client-network"
  | "local-sender"
  | "author"
  | "virus"
  | "daemon-name"
  | "authenticated"
  | "command";

export interface LoadedBank {
  readonly bank: string;
  readonly why: LoadReason;
  /** The key or network that matched, as configured, and where it stands. */
  readonly key?: string;
  readonly origin?: Origin;
}

export interface CompiledClientPolicy {
  readonly networks: NetworkList;
  readonly banks: readonly string[];
}

type PlainSettings = Omit<
  BankSettings,
  MapName | NetworkMapName | CategorySetting | "inet_acl" | "client_ipaddr_policy" | "banned_namepath_re"
>;

export interface PolicyBank extends PlainSettings, CompiledMaps, CategoryMaps {
  /** "ORIGINATING/MYNETS"; "" for the base bank alone. */
  readonly path: string;
  readonly loaded: readonly LoadedBank[];
  readonly inet_acl: NetworkList;
  readonly mynetworks_maps: NetworkList;
  readonly client_ipaddr_policy: readonly CompiledClientPolicy[] | null;
  /** Absent where there is none. */
  readonly banned_namepath_re: BannedTable | undefined;
}

/** The part of a Config that banks are made of. */
export interface BankSource extends BannedSource {
  readonly base: BankSettings;
  readonly policy_bank: ReadonlyMap<string, BankOverlay>;
}

/** As TableContext, but with paths from the top of the settings. */
export type BankContext = TableContext;

/** Settings laid over one another, and which bank's layer each comes from ("" = base). */
export interface Layered {
  readonly settings: BankSettings;
  readonly from: ReadonlyMap<string, string>;
}

/** Lays a bank's keys over settings by the rules of amavisd: hashes merge by key, all else replaces. */
export function overlay({ settings, from }: Layered, name: string, bank: BankOverlay): Layered {
  const over: Record<string, unknown> = { ...bank };
  const origins = new Map(from);
  for (const key of Object.keys(bank)) origins.set(key, name);
  for (const key of mergedSettings) {
    const members = bank[key];
    if (isMembers(members)) over[key] = merge(settings[key], members);
  }
  return { settings: { ...settings, ...over }, from: origins };
}

type Members = Readonly<Record<string, unknown>>;

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Member by member; a true REPLACE discards the old ones and is itself no member. */
function merge(under: unknown, over: Members): Members {
  const { REPLACE, ...members } = over;
  return REPLACE === true || REPLACE === 1 || REPLACE === "1" || !isMembers(under) ? members : { ...under, ...members };
}

export interface BankCompiler {
  /** A bank from settings: everything compiled before is looked up, nothing is compiled anew. */
  snapshot(layered: Layered, loaded: readonly LoadedBank[]): PolicyBank;
}

/** Compiles the maps of the base and of every bank, once, and reports what is wrong with them. */
export function createBankCompiler(source: BankSource, context: BankContext): BankCompiler {
  const names = new Set(source.policy_bank.keys());
  const compilations = new Map<string, Compilation>();
  const layers: readonly (readonly [string, BankOverlay])[] = [["", source.base], ...source.policy_bank];
  const delimiters = new Set(layers.flatMap(([, { recipient_delimiter: it }]) => (it === undefined ? [] : [it])));
  const cases = new Set(layers.flatMap(([, { localpart_is_case_sensitive: it }]) => (it === undefined ? [] : [it])));
  const rules = compileBannedRules(source, context);
  let reporting = context;
  for (const recipient_delimiter of delimiters) {
    for (const localpart_is_case_sensitive of cases) {
      const lookup = { recipient_delimiter, localpart_is_case_sensitive };
      const compilation = createCompilation(lookup, { banks: names, rules }, reporting);
      for (const [name, layer] of layers) compilation.add(name, layer);
      compilations.set(lookupKey(lookup), compilation);
      // The same maps again with other keys: their problems are known.
      reporting = { ...context, problem: () => {} };
    }
  }
  return {
    snapshot({ settings, from }, loaded) {
      const compilation = compilations.get(lookupKey(settings));
      if (compilation === undefined) throw new Error("a bank with lookup settings that no bank has");
      return {
        ...settings,
        ...compilation.take(from),
        ...compilation.byCategory(settings),
        path: loaded.map(({ bank }) => bank).join("/"),
        loaded,
      };
    },
  };
}

function lookupKey({ recipient_delimiter, localpart_is_case_sensitive }: LookupSettings): string {
  return `${localpart_is_case_sensitive}${recipient_delimiter ?? ""}`;
}

type Compiled = CompiledMaps &
  Pick<PolicyBank, "inet_acl" | NetworkMapName | "client_ipaddr_policy" | "banned_namepath_re">;

interface Compilation {
  add(name: string, layer: BankOverlay): void;
  /** The compiled settings, each from its layer. */
  take(from: ReadonlyMap<string, string>): Compiled;
  /** The maps by contents category, whose members come from several layers. */
  byCategory(settings: BankSettings): CategoryMaps;
}

function createCompilation(lookup: LookupSettings, named: NamedInMaps, context: BankContext): Compilation {
  const compiler = createMapCompiler(lookup);
  const categories = createCategoryCompiler(compiler);
  const layers = new Map<string, Partial<Compiled>>();
  return {
    add(name, layer) {
      layers.set(name, compileLayer(name, layer, compiler, named, context));
      categories.add(layer, (setting) =>
        contextBelow(context, name === "" ? [setting] : ["policy_bank", name, setting]),
      );
    },
    byCategory: (settings) => categories.take(settings),
    take(from) {
      const taken: Partial<Compiled> = { ...layers.get("") };
      for (const [key, name] of from) {
        if (name !== "" && isCompiledKey(key)) Object.assign(taken, pick(layers.get(name), key));
      }
      if (!isComplete(taken)) throw new Error("the base bank lacks a map");
      return taken;
    },
  };
}

const otherKeys: readonly (keyof Compiled)[] = [
  "inet_acl",
  "mynetworks_maps",
  "client_ipaddr_policy",
  "banned_namepath_re",
];
const compiledKeys: ReadonlySet<string> = new Set<keyof Compiled>([...allMapNames, ...otherKeys]);

function isCompiledKey(key: string): key is keyof Compiled {
  return compiledKeys.has(key);
}

function isComplete(taken: Partial<Compiled>): taken is Compiled {
  return [...compiledKeys].every((key) => key in taken);
}

function pick(layer: Partial<Compiled> | undefined, key: keyof Compiled): Partial<Compiled> {
  return { [key]: layer?.[key] };
}

function compileLayer(
  name: string,
  layer: BankOverlay,
  compiler: MapCompiler,
  named: NamedInMaps,
  context: BankContext,
): Partial<Compiled> {
  const at = (key: string): TableContext => contextBelow(context, name === "" ? [key] : ["policy_bank", name, key]);
  const compiled: Partial<Compiled> = {};
  for (const key of allMapNames) Object.assign(compiled, compileMap(key, layer, compiler, named, at(key)));
  const { inet_acl, mynetworks_maps, client_ipaddr_policy, banned_namepath_re } = layer;
  return {
    ...compiled,
    ...(inet_acl !== undefined && { inet_acl: compileNetworkList(inet_acl, at("inet_acl")) }),
    ...(mynetworks_maps !== undefined && { mynetworks_maps: compileNetworks(mynetworks_maps, at("mynetworks_maps")) }),
    ...(client_ipaddr_policy !== undefined && {
      client_ipaddr_policy:
        client_ipaddr_policy?.map(({ networks, banks: names }, index) => ({
          networks: compileNetworks([networks], contextBelow(at("client_ipaddr_policy"), [index, "networks"], 1)),
          banks: names,
        })) ?? null,
    }),
    ...(banned_namepath_re !== undefined && {
      banned_namepath_re: compileBannedTable(banned_namepath_re, at("banned_namepath_re"), []),
    }),
  };
}

function compileMap(
  name: MapName,
  layer: BankOverlay,
  compiler: MapCompiler,
  named: NamedInMaps,
  context: TableContext,
): { readonly [key: string]: LookupMap<unknown> } {
  const tables = layer[name];
  if (tables === undefined) return {};
  return { [name]: compiler.compile(tables, mapType(name, compiler, context, named), context) };
}
