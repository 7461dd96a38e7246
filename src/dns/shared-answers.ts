// DNS answers as octets, for a cache that filters share. What is read from it is checked as strictly as a packet: whoever
// can write there decides which signatures verify, as a resolver does.
import { isIPv4, isIPv6 } from "node:net";
import type { Answer, MxRecord, RecordData, RecordType, TxtRecord } from "../rr/answer.ts";
import { isQueryName } from "./name.ts";

/** The shared cache as this file needs it: octets under a key, for a time. */
export interface OctetCache {
  /** Undefined at once where the cache is away; never rejects, and never waits for long. */
  get<T>(key: string, read: (octets: Uint8Array, ttlMs: number) => T | undefined): Promise<T | undefined> | undefined;
  set(key: string, octets: Uint8Array, ttlMs: number): void;
}

export interface SharedAnswers {
  get<T extends RecordType>(name: string, type: T): Promise<Answer<T> | undefined> | undefined;
  /** Trouble is not shared: others may have none. */
  keep(name: string, type: RecordType, answer: Answer): void;
}

export function createSharedAnswers(cache: OctetCache): SharedAnswers {
  return {
    get: (name, type) => cache.get(sharedKey(name, type), (octets, ttlMs) => decodeAnswer(octets, type, ttlMs / 1000)),
    keep(name, type, answer) {
      if (answer.status === "trouble") return;
      cache.set(sharedKey(name, type), encodeAnswer(answer), answer.ttlSeconds * 1000);
    },
  };
}

/** The 1 is the version of the octets: filters of different versions may share a cache. */
export function sharedKey(name: string, type: RecordType): string {
  return `dns:1:${type}:${name}`;
}

/**
 * The TTL is not among the octets but the cache's to count, and the AD bit stays here: it is the word of a resolver on
 * the machine that asked (RFC 6840 section 5.8).
 */
export function encodeAnswer(answer: Exclude<Answer, { status: "trouble" }>): Uint8Array {
  return Buffer.from(JSON.stringify(answer.status === "found" ? answer.records : answer.status));
}

/** Undefined for anything that `encodeAnswer` does not make of an answer for this type. */
export function decodeAnswer<T extends RecordType>(
  octets: Uint8Array,
  type: T,
  ttlSeconds: number,
): Answer<T> | undefined {
  const value = parse(octets);
  if (value === "nxdomain" || value === "nodata") return { status: value, ttlSeconds, secure: false };
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const read = readers[type];
  const records: RecordData[T][] = [];
  for (const item of value) {
    const record = read(item);
    if (record === undefined) return undefined;
    records.push(record);
  }
  return { status: "found", records, ttlSeconds, secure: false };
}

function parse(octets: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(octets));
  } catch {
    return undefined;
  }
}

const readers: { readonly [T in RecordType]: (item: unknown) => RecordData[T] | undefined } = {
  A: (item) => (typeof item === "string" && isIPv4(item) ? item : undefined),
  AAAA: (item) => (typeof item === "string" && isIPv6(item) ? item : undefined),
  CNAME: readName,
  MX: readMx,
  NS: readName,
  PTR: readName,
  SOA: (item) => (typeof item === "string" && item.length <= maxSoaLength ? item : undefined),
  TXT: readTxt,
};

/** Two names and five numbers. */
const maxSoaLength = 2 * 255 + 5 * 11;

/** "" is the root. */
function readName(item: unknown): string | undefined {
  return typeof item === "string" && (item === "" || isQueryName(item)) ? item : undefined;
}

function readTxt(item: unknown): TxtRecord | undefined {
  return Array.isArray(item) && item.length > 0 && item.every(isCharacterString) ? item : undefined;
}

/** At most 255 octets, one character each (RFC 1035 section 3.3). */
function isCharacterString(item: unknown): item is string {
  if (typeof item !== "string" || item.length > 255) return false;
  for (let i = 0; i < item.length; i += 1) if (item.charCodeAt(i) > 0xff) return false;
  return true;
}

function readMx(item: unknown): MxRecord | undefined {
  if (typeof item !== "object" || item === null || !("preference" in item) || !("exchange" in item)) return undefined;
  const { preference } = item;
  const exchange = readName(item.exchange);
  if (typeof preference !== "number" || !Number.isInteger(preference) || preference < 0 || preference > 0xffff) {
    return undefined;
  }
  return exchange === undefined ? undefined : { preference, exchange };
}
