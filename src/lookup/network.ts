// Lists of networks (amavisd: IP lookup tables): "10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.", "[fe80::]/10", "!net".
// The first match decides. IPv4 is held as IPv6 does (::ffff:0:0/96), so that one rule serves both.

import { isIPv4, isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";
import { errorText } from "../mail/error-text.ts";
import { contextBelow } from "./context.ts";
import { withOrigin } from "./entry.ts";
import { parseHashFile } from "./hash-file.ts";
import { isFileTable, isRegexpTable } from "./map.ts";
import { compileRegexp, type Regexp, RegexpError } from "./regexp.ts";
import type { Match, NetworkList, Origin, RawTable, TableContext, TablePath } from "./table.ts";
import { booleanValue } from "./value.ts";

/** An address or network: eight groups of 16 bits, and how many leading bits count. */
interface Network {
  readonly groups: readonly number[];
  readonly bits: number;
}

interface Rule {
  readonly network: Network;
  /** undefined: the value is undef, the next table is asked. */
  readonly match: () => Match<boolean> | undefined;
}

/** Compiles a map of network tables: the first table that yields a value decides. */
export function compileNetworks(tables: readonly RawTable[], context: TableContext): NetworkList {
  const compiled = tables.flatMap((raw, index) => compileTable(raw, context, [index]) ?? []);
  return {
    contains(address) {
      const groups = parseAddress(address);
      for (const table of compiled) {
        const match = table(groups, address);
        if (match !== undefined) return match;
      }
      return undefined;
    },
  };
}

/** Compiles one plain list of networks, such as mynetworks or inet_acl. */
export function compileNetworkList(list: readonly string[], context: TableContext): NetworkList {
  return compileNetworks([list], contextBelow(context, [], 1));
}

type Table = (groups: readonly number[] | undefined, address: string) => Match<boolean> | undefined;

function compileTable(raw: RawTable, context: TableContext, path: TablePath): Table | undefined {
  if (raw === null) return undefined;
  if (Array.isArray(raw))
    return firstMatch(raw.flatMap((element, index) => listRule(element, context, [...path, index]) ?? []));
  if (typeof raw !== "object") return constant(raw, context, path);
  if (isRegexpTable(raw)) return regexps(raw.regexp, context, path);
  if (isFileTable(raw)) return fileTable(raw.file, context, path);
  return hashTable(
    Object.entries(raw).map(([key, value]) => ({
      key,
      value,
      path: [...path, key],
      origin: () => context.origin?.([...path, key]),
    })),
    context,
  );
}

function listRule(element: unknown, context: TableContext, path: TablePath): Rule | undefined {
  const text = typeof element === "number" ? String(element) : element;
  if (typeof text !== "string") {
    context.problem({ severity: "error", path, message: "expected a network" });
    return undefined;
  }
  const bare = text.replace(/^!+/, "");
  const value = (text.length - bare.length) % 2 === 0;
  return rule(bare, value, text, context, path, () => context.origin?.(path));
}

function rule(
  written: string,
  value: boolean | undefined,
  key: string,
  context: TableContext,
  path: TablePath,
  origin: () => Origin | undefined,
): Rule | undefined {
  const network = parseNetwork(written);
  if (network === undefined) {
    const message = `expected a network such as 10.0.0.0/8 or [fe80::]/10, found ${JSON.stringify(key)}`;
    context.problem({ severity: "error", path, message });
    return undefined;
  }
  if (value === undefined) return { network, match: () => undefined };
  let match: Match<boolean> | undefined;
  return {
    network,
    match: () => {
      match ??= withOrigin({ value, key }, origin());
      return match;
    },
  };
}

interface HashMember {
  readonly key: string;
  readonly value: unknown;
  readonly path: TablePath;
  readonly origin: () => Origin | undefined;
}

/** A hash has no order: its longest prefix counts, as amavisd chops octets off the address. */
function hashTable(members: readonly HashMember[], context: TableContext): Table {
  const rules = members.flatMap(({ key, value, path, origin }) => {
    const read = value === null ? undefined : booleanValue.read(value, path);
    if (value !== null && read === undefined) {
      const message = `expected ${booleanValue.expected}, found ${JSON.stringify(value)}`;
      context.problem({ severity: "error", path, message });
      return [];
    }
    return rule(key, read, key, context, path, origin) ?? [];
  });
  return firstMatch(rules.toSorted((a, b) => b.network.bits - a.network.bits));
}

function fileTable(file: string, context: TableContext, path: TablePath): Table | undefined {
  try {
    const { entries, bad } = parseHashFile(context.readFile(file));
    for (const line of bad) context.problem({ severity: "error", path, message: `${file}:${line}: not "key value"` });
    // A problem of an entry is reported with its line in the file; the place in the settings is that of the file's name.
    const inFile: TableContext = {
      ...context,
      problem: ({ severity, path: [line = 0], message }) =>
        context.problem({ severity, path, message: `${file}:${line}: ${message}` }),
    };
    return hashTable(
      entries.map(({ key, value, line }) => ({
        key,
        value: booleanValue.read(value, [line]) ?? booleanValue.readLine?.(value) ?? value,
        path: [line],
        origin: () => `${file}:${line}`,
      })),
      inFile,
    );
  } catch (error) {
    const reason = errorText(error);
    context.problem({ severity: "error", path, message: `cannot read the table ${file}: ${reason}` });
    return undefined;
  }
}

function constant(raw: string | number | boolean, context: TableContext, path: TablePath): Table | undefined {
  const value = booleanValue.read(raw, path);
  if (value === undefined) {
    const message = `expected a list of networks, found ${JSON.stringify(raw)} (a list of its own needs brackets)`;
    context.problem({ severity: "error", path, message });
    return undefined;
  }
  const match = withOrigin({ value, key: "(constant)" }, context.origin?.(path));
  return () => match;
}

function regexps(list: readonly unknown[], context: TableContext, path: TablePath): Table {
  const rules: { readonly regexp: Regexp; readonly match: Match<boolean> | undefined }[] = [];
  for (const [index, entry] of list.entries()) {
    const at = [...path, "regexp", index];
    const [pattern, raw]: readonly unknown[] = Array.isArray(entry) ? entry : [entry, true];
    const value = raw === null ? undefined : booleanValue.read(raw, at);
    if (typeof pattern !== "string" || (value === undefined && raw !== null)) {
      context.problem({ severity: "error", path: at, message: "expected a pattern, or [pattern, true or false]" });
      continue;
    }
    try {
      const match = value === undefined ? undefined : withOrigin({ value, key: pattern }, context.origin?.(at));
      rules.push({ regexp: compileRegexp(pattern), match });
    } catch (error) {
      if (!(error instanceof RegexpError)) throw error;
      context.problem({ severity: "error", path: at, message: error.message });
    }
  }
  return (_groups, address) => rules.find(({ regexp }) => regexp.test(address))?.match;
}

/**
 * The first rule that holds an address, found by one Map lookup per prefix length that the list uses: the masked
 * address gives the lowest rule index of that length.
 */
function firstMatch(rules: readonly Rule[]): Table {
  const byBits = new Map<number, Map<string, number>>();
  for (const [index, { network }] of rules.entries()) {
    const places = byBits.get(network.bits) ?? new Map<string, number>();
    byBits.set(network.bits, places);
    const key = maskedKey(network.groups, network.bits);
    if (!places.has(key)) places.set(key, index);
  }
  const lengths = [...byBits];
  return (groups) => {
    if (groups === undefined) return undefined;
    let best: number | undefined;
    for (const [bits, places] of lengths) {
      const place = places.get(maskedKey(groups, bits));
      if (place !== undefined && (best === undefined || place < best)) best = place;
    }
    return best === undefined ? undefined : rules[best]?.match();
  };
}

/** The leading bits of an address as a string of at most eight characters. */
function maskedKey(groups: readonly number[], bits: number): string {
  const whole = bits >> 4;
  const rest = bits & 15;
  let key = "";
  for (let i = 0; i < whole; i += 1) key += String.fromCharCode(groups[i] ?? 0);
  if (rest > 0) key += String.fromCharCode((groups[whole] ?? 0) & (0xffff << (16 - rest)) & 0xffff);
  return key;
}

const rememberedAddresses = 256;
const notAnAddress: readonly number[] = [];
const remembered = new LRUCache<string, readonly number[]>({ max: rememberedAddresses });

/** `readAddress`, for the few addresses that ask again and again: each mail asks several lists for the same one. */
function parseAddress(text: string): readonly number[] | undefined {
  const known = remembered.get(text);
  if (known !== undefined) return known === notAnAddress ? undefined : known;
  const groups = readAddress(text);
  remembered.set(text, groups ?? notAnAddress);
  return groups;
}

/** An address as eight groups; "IPv6:" and brackets of XFORWARD and literals, and a zone, are left out. */
function readAddress(text: string): readonly number[] | undefined {
  const bare = text.replace(/^\[|\]$/g, "").replace(/^ipv6:/i, "");
  if (isIPv4(bare)) return mapped(bare.split(".").map(Number));
  const [address = ""] = bare.split("%", 1);
  return isIPv6(address) ? parseIPv6(address) : undefined;
}

function mapped(octets: readonly number[]): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d];
}

function parseIPv6(address: string): readonly number[] {
  const [head = "", tail] = address.split("::", 2);
  const front = groupsOf(head);
  if (tail === undefined) return front;
  const back = groupsOf(tail);
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** A network as written, or undefined. Host bits below the mask are ignored, as amavisd does. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.lastIndexOf("/");
  const host = (slash === -1 ? text : text.slice(0, slash)).trim();
  const mask = slash === -1 ? undefined : text.slice(slash + 1).trim();
  const dotted = /^(\d{1,3})((?:\.\d{1,3}){0,3})\.?$/.exec(host);
  if (dotted !== null) {
    const octets = host
      .split(".")
      .filter((octet) => octet !== "")
      .map(Number);
    if (octets.some((octet) => octet > 255)) return undefined;
    const bits = mask === undefined ? octets.length * 8 : maskBits(mask);
    return bits === undefined ? undefined : { groups: mapped(octets), bits: 96 + bits };
  }
  const groups = parseAddress(host);
  const bits = mask === undefined ? 128 : /^\d{1,3}$/.test(mask) && Number(mask) <= 128 ? Number(mask) : undefined;
  return groups === undefined || bits === undefined ? undefined : { groups, bits };
}

function maskBits(mask: string): number | undefined {
  if (/^\d{1,2}$/.test(mask)) return Number(mask) <= 32 ? Number(mask) : undefined;
  if (!isIPv4(mask)) return undefined;
  const value = mask.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const ones = Math.clz32(~value >>> 0);
  // Only masks of leading ones are networks.
  return value === (ones === 0 ? 0 : (0xffffffff << (32 - ones)) >>> 0) ? ones : undefined;
}
