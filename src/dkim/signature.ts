// DKIM-Signature fields as values (RFC 6376 section 3.5): what a signature claims, or why it cannot be used.
// Whether the claim holds is verify.ts' question.
import type { BodyDigestSpec, Canonicalization, HashAlgorithm } from "../mail/digest.ts";
import { isWithin, toDomain, toKeyName, toSelector } from "./domain-name.ts";
import type { Algorithm } from "./engine.ts";
import type { Failure, TagName } from "./failure.ts";
import { parseColonList, parseTagList, removeBlanks, type Tag, type TagList, tagValue, toBase64 } from "./tag-list.ts";

/** What is reported of any signature, readable or not; printable ASCII. */
export interface SignatureFacts {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly identity: string;
  readonly b: string;
  readonly signedAt?: number;
  readonly expiresAt?: number;
  /** Of a signature that fails as "missing-tag": the first that is missing or empty. */
  readonly missingTag?: TagName;
}

export interface DkimSignature {
  readonly algorithm: Algorithm;
  readonly domain: string;
  readonly selector: string;
  readonly keyName: string;
  /** Domain of i=, or d=. */
  readonly identityDomain: string;
  readonly headerCanonicalization: Canonicalization;
  readonly digest: BodyDigestSpec;
  /** h=, lower case, in order, repeats kept. */
  readonly signedFields: readonly string[];
  /** bh=, base64 without white space; undefined in the oldest drafts, which had none. Such a signature never passes. */
  readonly bodyHash: string | undefined;
  /** b=, base64 without white space. */
  readonly value: string;
  /** Where b='s value stands in the field's body, to be cut out before hashing. */
  readonly valueTag: Tag;
  readonly signedAt: number | undefined;
  readonly expiresAt: number | undefined;
  /** Why the signature does not pass even if it holds. */
  readonly reservation: Failure | undefined;
}

export type ParsedSignature<S> = { readonly facts: SignatureFacts } & (
  | { readonly signature: S; readonly failure?: undefined }
  | { readonly failure: Failure; readonly signature?: undefined }
);

type NamedAlgorithm = { readonly name: Algorithm; readonly hash: HashAlgorithm };
/** A Map: names come from mail. */
const algorithms: ReadonlyMap<string, NamedAlgorithm> = new Map([
  ["rsa-sha256", { name: "rsa-sha256", hash: "sha256" }],
  ["ed25519-sha256", { name: "ed25519-sha256", hash: "sha256" }],
  ["rsa-sha1", { name: "rsa-sha1", hash: "sha1" }],
]);

const requiredTags: readonly TagName[] = ["a", "bh", "d", "h", "s"];
const requiredTagsOfDrafts: readonly TagName[] = ["a", "d", "h", "s"];

/** Reads the body of a DKIM-Signature field (folding kept, no final CRLF). Never throws; linear. */
export function parseDkimSignature(body: string): ParsedSignature<DkimSignature> {
  const list = parseTagList(body);
  const signature = readSignature(list);
  const facts = readFacts(list, typeof signature === "string" ? undefined : signature);
  if (typeof signature !== "string") return { facts, signature };
  return {
    facts: signature === "missing-tag" ? { ...facts, missingTag: missingTag(list) ?? "b" } : facts,
    failure: signature,
  };
}

// Drafts before RFC 4871 had neither v= nor, the oldest of them, bh=. Such a signature never passes, but is looked
// into, to distinguish an altered mail from one that is merely old.
// "dns/txt" came with v=1, so there its absence is an error and no sign of age.
function isDraft({ tags }: TagList): boolean {
  return !tags.has("v") && !tags.get("q")?.value.includes("/");
}

/** The first required tag that is missing or empty; b= is checked last, alone. */
function missingTag(list: TagList): TagName | undefined {
  const required = isDraft(list) ? requiredTagsOfDrafts : requiredTags;
  if (required === requiredTags && !list.tags.has("v")) return "v";
  return required.find((name) => !list.tags.get(name)?.value);
}

/** The order of the checks is the order in which an administrator would ask. */
function readSignature(list: TagList): DkimSignature | Failure {
  const { tags, fault } = list;
  if (fault !== undefined) return fault;
  const version = tags.get("v")?.value;
  if (version !== undefined && version !== "1") return "unsupported-version";
  if (missingTag(list) !== undefined) return "missing-tag";

  const algorithm = algorithms.get(tagValue(tags, "a"));
  if (algorithm === undefined) return "unsupported-algorithm";
  const canonicalization = toCanonicalization(tags.get("c")?.value);
  if (canonicalization === undefined) return "unsupported-canonicalization";
  const methods = tags.get("q");
  if (methods !== undefined && !parseColonList(methods.value).some(isQueryMethod)) return "unsupported-query-method";

  const domain = toDomain(tagValue(tags, "d"));
  if (domain === undefined) return "invalid-domain";
  const selector = toSelector(tagValue(tags, "s"));
  const keyName = selector && toKeyName(selector, domain);
  if (selector === undefined || keyName === undefined) return "invalid-selector";
  const identity = tags.get("i");
  const identityDomain = identity === undefined ? domain : toIdentityDomain(identity.value);
  // i= MUST be the same as or below d= (RFC 6376 section 3.5).
  if (identityDomain === undefined || !isWithin(identityDomain, domain)) return "invalid-identity";

  const fieldList = removeBlanks(tagValue(tags, "h")).toLowerCase();
  if (!isFieldList(fieldList)) return "invalid-field-list";
  const signedFields = fieldList.split(":");
  // RFC 6376 sections 5.4 and 6.1.1.
  if (!signedFields.includes("from")) return "from-not-signed";

  const lengthTag = tags.get("l");
  const length = lengthTag && toNumber(lengthTag.value, 76);
  if (lengthTag !== undefined && length === undefined) return "invalid-body-length";
  const signedAt = readTime(tags, "t");
  const expiresAt = readTime(tags, "x");
  if (signedAt === "invalid" || expiresAt === "invalid") return "invalid-timestamp";
  // x= MUST be greater than t= (RFC 6376 section 3.5).
  if (signedAt !== undefined && expiresAt !== undefined && expiresAt <= signedAt) return "invalid-timestamp";

  const valueTag = tags.get("b");
  if (valueTag === undefined) return "missing-signature";
  if (valueTag.value === "") return "missing-tag";
  const value = toBase64(valueTag.value);
  const bodyHash = tags.has("bh") ? removeBlanks(tagValue(tags, "bh")) : undefined;
  if (value === undefined || /[^A-Za-z0-9+/=]/.test(bodyHash ?? "")) return "signature-syntax";

  const spec = { canonicalization: canonicalization.body, hash: algorithm.hash };
  return {
    algorithm: algorithm.name,
    domain,
    selector,
    keyName,
    identityDomain,
    headerCanonicalization: canonicalization.header,
    digest: length === undefined ? spec : { ...spec, length },
    signedFields,
    bodyHash,
    value,
    valueTag,
    signedAt,
    expiresAt,
    reservation: isDraft(list) ? "unsupported-version" : undefined,
  };
}

/** What can be said of a signature field of either kind, however broken; `names` where they are known to be good. */
export function readFacts(
  { tags }: TagList,
  names?: { readonly domain: string; readonly selector: string },
): SignatureFacts {
  const domain = names?.domain ?? factName(tags.get("d"), toDomain);
  const identity = tags.get("i");
  const signedAt = readTime(tags, "t");
  const expiresAt = readTime(tags, "x");
  const facts: { -readonly [K in keyof SignatureFacts]: SignatureFacts[K] } = {
    domain,
    selector: names?.selector ?? factName(tags.get("s"), toSelector),
    algorithm: printable(tags.get("a")?.value ?? "", 64),
    identity: identity === undefined ? `@${domain}` : printable(decodeIdentity(identity.value), 320),
    b: printable(removeBlanks((tags.get("b")?.value ?? "").slice(0, 64)).slice(0, 8), 8),
  };
  if (typeof signedAt === "number") facts.signedAt = signedAt;
  if (typeof expiresAt === "number") facts.expiresAt = expiresAt;
  return facts;
}

/** What never holds an octet that could end a line, a comment or a log word. */
export function printable(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(/[^!-~]/g, "?");
}

function factName(tag: Tag | undefined, normalize: (text: string) => string | undefined): string {
  const text = tag?.value ?? "";
  return normalize(text) ?? printable(text, 255);
}

/** c=: header "/" body; the body's is "simple" when left out (RFC 6376 section 3.5). */
function toCanonicalization(value = "simple"): { header: Canonicalization; body: Canonicalization } | undefined {
  const [header, body = "simple", ...rest] = value.split("/");
  return isCanonicalization(header) && isCanonicalization(body) && rest.length === 0 ? { header, body } : undefined;
}

function isCanonicalization(word: string | undefined): word is Canonicalization {
  return word === "simple" || word === "relaxed";
}

/** "dns" alone is how the drafts wrote it. */
function isQueryMethod(method: string): boolean {
  return method === "dns/txt" || method === "dns";
}

/** Names of RFC 5322 section 3.6.8 with colons between them. */
function isFieldList(list: string): boolean {
  return /^[!-~]+$/.test(list) && !list.includes("::") && !list.startsWith(":") && !list.endsWith(":");
}

function toIdentityDomain(value: string): string | undefined {
  const identity = decodeIdentity(value);
  const at = identity.lastIndexOf("@");
  return at === -1 ? undefined : toDomain(identity.slice(at + 1));
}

/** dkim-quoted-printable (RFC 6376 section 2.11); an "=" that starts no octet stays (RFC 2045 section 6.7). */
function decodeIdentity(value: string): string {
  const text = removeBlanks(value);
  if (!text.includes("=")) return text;
  return text.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function readTime(tags: TagList["tags"], name: string): number | undefined | "invalid" {
  const tag = tags.get(name);
  return tag === undefined ? undefined : (toNumber(tag.value, 24) ?? "invalid");
}

/** An unsigned decimal; what is beyond exact numbers is as good as the largest of them. */
function toNumber(value: string, maxDigits: number): number | undefined {
  if (value.length > maxDigits || !/^[0-9]+$/.test(value)) return undefined;
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}
