// Key records in the DNS (RFC 6376 section 3.6.1, RFC 8463 section 3): from a TXT record's text to a key that
// can be used, and whether it may be used for a given signature.

import { createPublicKey, type KeyObject } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { HashAlgorithm } from "../mail/digest.ts";
import type { TxtRecord } from "../rr/answer.ts";
import type { Failure } from "./failure.ts";
import { parseColonList, parseTagList, tagValue, toBase64 } from "./tag-list.ts";

/** A record above this is not looked into (a 4096-bit key takes some 750 octets). */
export const maxRecordOctets = 4096;
/** A longer key would only cost us time; OpenSSL takes none either. */
const maxKeyBits = 16_384;

export interface KeyRecord {
  readonly type: "rsa" | "ed25519";
  readonly publicKey: KeyObject;
  readonly bits: number;
  /** h=: absent = all. */
  readonly hashes: readonly string[] | undefined;
  /** s=: absent = all. */
  readonly services: readonly string[] | undefined;
  /** t=s: the domain of i= must be d= itself. */
  readonly strictIdentity: boolean;
  /** t=y. */
  readonly testing: boolean;
  /** g=: for DomainKeys alone; RFC 6376 dropped it. "" where absent. */
  readonly granularity: string;
}

export type ParsedKey = KeyRecord | { readonly failure: Failure };

/** Keeps parsed keys by record text, so that a busy domain's key is parsed once. */
export interface KeyCache {
  get(text: string): ParsedKey | undefined;
  set(text: string, key: ParsedKey): void;
}

/** What a parsed key costs beside the text of its record, which its octets are as base64. */
const keyOverheadOctets = 1000;

/** A cache of at most so many records and octets, the longest unused leaving first. */
export function createKeyCache(maxRecords = 1000, maxOctets = 4 * 1024 * 1024): KeyCache {
  const records = new LRUCache<string, ParsedKey>({
    max: maxRecords,
    maxSize: maxOctets,
    sizeCalculation: (_key, text) => 2 * text.length + keyOverheadOctets,
  });
  return {
    get: (text) => records.get(text),
    set: (text, key) => void records.set(text, key),
  };
}

/** Reads one TXT record; several strings are one text (RFC 6376 section 3.6.2.2). Never throws. */
export function readKeyRecord(record: TxtRecord, cache?: KeyCache): ParsedKey {
  const text = record.length === 1 ? (record[0] ?? "") : record.join("");
  if (text.length > maxRecordOctets) return { failure: "key-record-too-large" };
  const known = cache?.get(text);
  if (known !== undefined) return known;
  const key = parseKeyRecord(text);
  cache?.set(text, key);
  return key;
}

/** Whether a key allows a DKIM signature of this kind (RFC 6376 section 6.1.2), or why not. */
export function forbids(
  key: KeyRecord,
  use: { readonly type: "rsa" | "ed25519"; readonly hash: HashAlgorithm; readonly subdomainIdentity: boolean },
): Failure | undefined {
  if (key.services !== undefined && !key.services.includes("*") && !key.services.includes("email")) {
    return "key-service-not-allowed";
  }
  if (key.type !== use.type) return "key-type-mismatch";
  if (key.hashes !== undefined && !key.hashes.includes(use.hash)) return "key-hash-not-allowed";
  return key.strictIdentity && use.subdomainIdentity ? "key-identity-not-allowed" : undefined;
}

function parseKeyRecord(text: string): ParsedKey {
  const { tags, fault } = parseTagList(text);
  if (fault !== undefined) return { failure: "key-record-syntax" };
  const version = tags.get("v");
  if (version !== undefined && version.value !== "DKIM1") return { failure: "key-version" };
  const data = tags.get("p");
  if (data === undefined) return { failure: "key-record-syntax" };
  // An empty p= revokes the key.
  if (data.value === "") return { failure: "key-revoked" };
  const type = tags.get("k")?.value ?? "rsa";
  if (type !== "rsa" && type !== "ed25519") return { failure: "key-type-mismatch" };
  const base64 = toBase64(data.value);
  if (base64 === undefined) return { failure: "key-syntax" };
  const publicKey = toPublicKey(type, Buffer.from(base64, "base64"));
  if (publicKey === undefined) return { failure: "key-syntax" };
  const bits = type === "rsa" ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) : 256;
  if (bits > maxKeyBits) return { failure: "key-syntax" };
  const list = (name: string) => (tags.has(name) ? parseColonList(tagValue(tags, name)) : undefined);
  const flags = list("t") ?? [];
  return {
    type,
    publicKey,
    bits,
    hashes: list("h"),
    services: list("s"),
    strictIdentity: flags.includes("s"),
    testing: flags.includes("y"),
    granularity: tagValue(tags, "g"),
  };
}

/** SubjectPublicKeyInfo of an Ed25519 key up to the 32 octets of the key itself (RFC 8410 section 4). */
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

function toPublicKey(type: KeyRecord["type"], data: Buffer): KeyObject | undefined {
  if (type === "ed25519") {
    // p= holds the bare key (RFC 8463 section 3); a SubjectPublicKeyInfo there is not a key.
    return data.length === 32 ? importKey(Buffer.concat([ed25519Prefix, data]), "spki", "ed25519") : undefined;
  }
  // Common use is SubjectPublicKeyInfo, the letter of RFC 6376 section 3.6.1 RSAPublicKey.
  return isWholeSequence(data) ? (importKey(data, "spki", "rsa") ?? importKey(data, "pkcs1", "rsa")) : undefined;
}

function importKey(key: Buffer, type: "spki" | "pkcs1", wanted: KeyRecord["type"]): KeyObject | undefined {
  try {
    const publicKey = createPublicKey({ key, format: "der", type });
    return publicKey.asymmetricKeyType === wanted && hasUsableExponent(publicKey) ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

/** An exponent of 1 lets everybody sign, an even one nobody, a giant one makes each verification slow. */
function hasUsableExponent(key: KeyObject): boolean {
  const exponent = key.asymmetricKeyDetails?.publicExponent;
  return exponent === undefined || (exponent > 1n && exponent % 2n === 1n && exponent < 1n << 64n);
}

/** DER: one SEQUENCE that fills the data to its end, nothing behind it. */
function isWholeSequence(der: Buffer): boolean {
  const first = der[1] ?? 0;
  if (der[0] !== 0x30) return false;
  if (first < 0x80) return der.length === 2 + first;
  const lengthOctets = first & 0x7f;
  if (lengthOctets === 0 || lengthOctets > 3 || der.length < 2 + lengthOctets) return false;
  return der.length === 2 + lengthOctets + der.readUIntBE(2, lengthOctets);
}
