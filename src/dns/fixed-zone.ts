// Answers from a table instead of the network: `check --dns`, the demo and tests. What is not listed does not exist.
import type { Answer, RecordData, RecordType, Resolve } from "../rr/answer.ts";
import { canonicalName, maxAliases } from "./name.ts";

/** The records of one name, or what asking for it ends in. */
export interface FixedName {
  readonly rcode?: "NOERROR" | "NXDOMAIN" | "SERVFAIL" | "REFUSED" | "TIMEOUT";
  readonly records: { readonly [T in RecordType]?: readonly RecordData[T][] };
}

/** By name in lower case, without the final dot. */
export type FixedZone = ReadonlyMap<string, FixedName>;

const ttlSeconds = 300;

/**
 * Reads `{name: {TYPE: […]} | {rcode: …}}`: TXT as lists of strings (or one string), A, AAAA, CNAME, NS, PTR, SOA as
 * strings, MX as `[preference, host]`. Throws an Error that names the place where something else stands.
 */
export function parseFixedZone(json: unknown): FixedZone {
  const zone = new Map<string, FixedName>();
  for (const [name, value] of entriesOf(json, "the zone")) {
    const records: { [T in RecordType]?: RecordData[T][] } = {};
    let rcode: FixedName["rcode"];
    for (const [key, list] of entriesOf(value, name)) {
      if (key === "rcode") rcode = readRcode(list, name);
      else if (key === "TXT") records.TXT = readList(list, name, key, readTxt);
      else if (key === "MX") records.MX = readList(list, name, key, readMx);
      else if (isTextType(key)) records[key] = readList(list, name, key, readText);
      else throw new Error(`${name}: expected a record type or "rcode", found "${key}"`);
    }
    zone.set(canonicalName(name), rcode === undefined ? { records } : { rcode, records });
  }
  return zone;
}

/** A `Resolve` that answers from the zone; aliases are followed, and names above a listed one exist (RFC 8020). */
export function createFixedResolver(zone: FixedZone): Resolve {
  const above = new Set<string>();
  for (const name of zone.keys()) {
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) above.add(name.slice(dot + 1));
  }
  return async (name, type) => answerFrom(zone, above, canonicalName(name), type);
}

function answerFrom<T extends RecordType>(
  zone: FixedZone,
  above: ReadonlySet<string>,
  name: string,
  type: T,
): Answer<T> {
  let owner = name;
  for (let aliases = 0; aliases <= maxAliases; aliases += 1) {
    const entry = zone.get(owner);
    if (entry === undefined) {
      return { status: above.has(owner) ? "nodata" : "nxdomain", ttlSeconds, secure: false };
    }
    const records = entry.records[type];
    if (records !== undefined && records.length > 0) return { status: "found", records, ttlSeconds, secure: false };
    if (entry.rcode === "TIMEOUT") return { status: "trouble", trouble: "timeout" };
    if (entry.rcode === "SERVFAIL") return { status: "trouble", trouble: "servfail" };
    if (entry.rcode === "REFUSED") return { status: "trouble", trouble: "refused" };
    if (entry.rcode === "NXDOMAIN") return { status: "nxdomain", ttlSeconds, secure: false };
    const [target] = entry.records.CNAME ?? [];
    if (target === undefined) return { status: "nodata", ttlSeconds, secure: false };
    owner = canonicalName(target);
  }
  return { status: "trouble", trouble: "malformed" };
}

type TextType = "A" | "AAAA" | "CNAME" | "NS" | "PTR" | "SOA";

function isTextType(key: string): key is TextType {
  return ["A", "AAAA", "CNAME", "NS", "PTR", "SOA"].includes(key);
}

function entriesOf(value: unknown, place: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${place}: expected a mapping, found ${JSON.stringify(value)}`);
  }
  return Object.entries(value);
}

function readList<R>(value: unknown, name: string, type: string, read: (item: unknown) => R | undefined): R[] {
  // `A: "192.0.2.1"` is taken for a list of one.
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    const record = read(item);
    if (record === undefined) throw new Error(`${name} ${type}: no such record can be: ${JSON.stringify(item)}`);
    return record;
  });
}

function readTxt(item: unknown): readonly string[] | undefined {
  if (typeof item === "string") return [octets(item)];
  return Array.isArray(item) && item.every((text) => typeof text === "string") ? item.map(octets) : undefined;
}

function readMx(item: unknown): { preference: number; exchange: string } | undefined {
  if (!Array.isArray(item)) return undefined;
  const [preference, exchange]: unknown[] = item;
  return typeof preference === "number" && typeof exchange === "string" ? { preference, exchange } : undefined;
}

function readText(item: unknown): string | undefined {
  return typeof item === "string" ? item : undefined;
}

function readRcode(value: unknown, name: string): NonNullable<FixedName["rcode"]> {
  if (
    value === "NOERROR" ||
    value === "NXDOMAIN" ||
    value === "SERVFAIL" ||
    value === "REFUSED" ||
    value === "TIMEOUT"
  ) {
    return value;
  }
  throw new Error(
    `${name} rcode: expected NOERROR, NXDOMAIN, SERVFAIL, REFUSED or TIMEOUT, found ${JSON.stringify(value)}`,
  );
}

/** Text of a JSON file as the octets a server would send: one character per octet. */
function octets(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
