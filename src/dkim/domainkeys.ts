// DomainKey-Signature fields (RFC 4870 section 3.3): what they claim, which octets they sign, who the sender is.
// DomainKeys has no body hash: header and body are hashed as one. Verified only; nothing here signs.

import { parseAddressList } from "../mail/address.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";
import { writeField } from "./canonical-header.ts";
import { isWithin, toDomain, toKeyName, toSelector } from "./domain-name.ts";
import type { Failure, TagName } from "./failure.ts";
import { type ParsedSignature, readFacts } from "./signature.ts";
import { parseColonList, parseTagList, type TagList, tagValue, toBase64 } from "./tag-list.ts";

export interface DomainKeysSignature {
  readonly domain: string;
  readonly selector: string;
  readonly keyName: string;
  readonly canonicalization: "simple" | "nofws";
  /** h=, lower case; undefined = all fields below the signature. */
  readonly signedFields: readonly string[] | undefined;
  readonly value: string;
}

/** Reads the body of a DomainKey-Signature field. Never throws; linear. */
export function parseDomainKeysSignature(body: string): ParsedSignature<DomainKeysSignature> {
  const list = parseTagList(body);
  const signature = readSignature(list);
  const read = readFacts(list, typeof signature === "string" ? undefined : signature);
  // a= may be left out; rsa-sha1 is the only one there is.
  const facts = { ...read, algorithm: read.algorithm || "rsa-sha1" };
  if (typeof signature !== "string") return { facts, signature };
  return {
    facts: signature === "missing-tag" ? { ...facts, missingTag: missingTag(list) ?? "b" } : facts,
    failure: signature,
  };
}

const requiredTags: readonly TagName[] = ["b", "d", "s"];

function missingTag({ tags }: TagList): TagName | undefined {
  return requiredTags.find((name) => !tags.get(name)?.value);
}

function readSignature(list: TagList): DomainKeysSignature | Failure {
  const { tags, fault } = list;
  if (fault !== undefined) return fault;
  if (missingTag(list) !== undefined) return "missing-tag";
  if ((tags.get("a")?.value ?? "rsa-sha1") !== "rsa-sha1") return "unsupported-algorithm";
  const canonicalization = tags.get("c")?.value ?? "simple";
  if (canonicalization !== "simple" && canonicalization !== "nofws") return "unsupported-canonicalization";
  // Many signers left q= out, though section 3.3 demands it.
  if ((tags.get("q")?.value ?? "dns") !== "dns") return "unsupported-query-method";
  const domain = toDomain(tagValue(tags, "d"));
  if (domain === undefined) return "invalid-domain";
  const selector = toSelector(tagValue(tags, "s"));
  const keyName = selector && toKeyName(selector, domain);
  if (selector === undefined || keyName === undefined) return "invalid-selector";
  const names = tags.get("h");
  const signedFields = names && parseColonList(names.value.toLowerCase());
  if (signedFields?.includes("")) return "invalid-field-list";
  const value = toBase64(tagValue(tags, "b"));
  return value === undefined
    ? "signature-syntax"
    : { domain, selector, keyName, canonicalization, signedFields, value };
}

/**
 * The fields a signature at `index` covers, in the order they are hashed. Only fields below it count. A name in h=
 * stands for all of its fields; where it is listed several times, each but the first for one, from the bottom.
 */
export function signedFieldsBelow(
  fields: readonly HeaderField[],
  index: number,
  { signedFields }: DomainKeysSignature,
): readonly HeaderField[] {
  const below = fields.slice(index + 1);
  if (signedFields === undefined) return below;
  const byName = new Map<string, HeaderField[]>();
  for (const name of signedFields) byName.set(name, []);
  for (const field of below) byName.get(field.name)?.push(field);
  const listed = new Map<string, number>();
  for (const name of signedFields) listed.set(name, (listed.get(name) ?? 0) + 1);
  const picked: HeaderField[] = [];
  for (const name of signedFields.toReversed()) {
    const ofName = byName.get(name) ?? [];
    const times = listed.get(name) ?? 1;
    listed.set(name, times - 1);
    const taken = times > 1 ? ofName.splice(-1) : ofName.splice(0);
    picked.push(...taken.reverse());
  }
  return picked.reverse();
}

/** The digest a DomainKeys signature needs: its fields, then the body, as one. */
export function domainKeysDigest(
  covered: readonly HeaderField[],
  { canonicalization }: DomainKeysSignature,
): BodyDigestSpec {
  const prefix = Buffer.alloc(covered.reduce((octets, { raw }) => octets + raw.length + 3, 0));
  let at = 0;
  for (const { raw } of covered) {
    at = writeField(raw, canonicalization, prefix, at);
    at += prefix.write("\r\n", at, "latin1");
  }
  return { canonicalization, hash: "sha1", prefix: prefix.subarray(0, at) };
}

/**
 * The local part of the sending address, Sender before From (section 3.2.1), or why d= does not speak for it: the
 * address must be signed, and lie in d= or below it. A Sender that is not signed was added later and is not asked.
 */
export function senderLocalPart(
  covered: readonly HeaderField[],
  { domain }: DomainKeysSignature,
): { readonly localPart: string } | { readonly failure: Failure } {
  const name = covered.some((field) => field.name === "sender") ? "sender" : "from";
  const [field, ...more] = covered.filter((candidate) => candidate.name === name);
  if (field === undefined || more.length > 0) return { failure: "sender-not-signed" };
  // The first of several addresses counts (section 3.2.1).
  const [sender] = parseAddressList(fieldBody(field.raw)).mailboxes;
  if (sender?.domain === undefined || !isWithin(sender.domain, domain)) return { failure: "sender-domain-mismatch" };
  return { localPart: sender.localPart };
}

/** g= of a key: one "*" stands for anything, an empty one for all (RFC 4870 section 3.2.3, RFC 4871 section 3.6.1). */
export function matchesGranularity(granularity: string, localPart: string): boolean {
  if (granularity === "") return true;
  const star = granularity.indexOf("*");
  if (star === -1) return granularity === localPart;
  const tail = granularity.slice(star + 1);
  return (
    localPart.length >= star + tail.length &&
    localPart.startsWith(granularity.slice(0, star)) &&
    localPart.endsWith(tail)
  );
}
