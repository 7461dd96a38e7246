// ARC chains (RFC 8617) verified by mailauth's inner modules, with our header split, body digests, limits and resolver.

import { type ArcEntry, getARChain, verifyASChain } from "mailauth/lib/arc/index.js";
import { DkimVerifier, type HeaderRow, type SignatureRow } from "mailauth/lib/dkim/dkim-verifier.js";
import { readArcResults } from "../src/arc/results.ts";
import type { ArcJob, ArcReason, ArcReport, ArcSet } from "../src/authres/authenticator.ts";
import { findDigest, readDigests } from "../src/dkim/body-hash.ts";
import type { BodyDigest, BodyDigestSpec, BodySource } from "../src/mail/digest.ts";
import { errorCode } from "../src/mail/error-text.ts";
import { asBuffer, cutReason, fieldBody, type HeaderField, splitHeader } from "../src/mail/header.ts";
import type { Resolve } from "../src/rr/answer.ts";
import { createMailauthResolver, type MailauthResolver } from "./mailauth-resolver.ts";

const arcFields = new Set(["arc-seal", "arc-message-signature", "arc-authentication-results"]);
/** RFC 8617 section 4.2.1: 50 sets of three fields. */
const maxSets = 50;
/** A longer ARC field is not looked at. */
const maxFieldOctets = 32 * 1024;

/** mailauth's error codes in our words; what is not listed is the key's or the DNS's fault. */
const reasons: { readonly [code: string]: ArcReason | undefined } = {
  invalid_arc_count: "too-many-sets",
  invalid_arc_instance: "broken-sequence",
  multiple_arc_keys: "duplicate-field",
  missing_arc_header: "missing-field",
  invalid_arc_tags: "syntax",
  invalid_arc_seal: "syntax",
  invalid_a_value: "syntax",
  missing_a_value: "syntax",
  unexpected_as_h_value: "syntax",
  invalid_ams_h_value: "syntax",
  invalid_cv_value: "chain-failed",
  failing_arc_seal: "seal-mismatch",
  EINVALIDALGO: "unsupported-algorithm",
  ESHORTKEY: "weak-key",
};

/** Verifies the chain of a message. Never rejects. */
export async function verifyArc(job: ArcJob, resolve: Resolve): Promise<ArcReport> {
  const rows = readRows(job.header);
  if ("reason" in rows) return { result: rows.result, reason: rows.reason, sets: [] };
  if (!rows.fields.some(({ name }) => arcFields.has(name))) return { result: "none", sets: [] };
  const dns = createMailauthResolver(resolve);
  try {
    const headers = { parsed: rows.rows };
    const chain = getARChain(headers, { strict: true });
    if (chain === false) return { result: "none", sets: [] };
    const reason = await judge(chain, headers, job, dns);
    if (reason === "dns-error") return { result: "temperror", reason, sets: [] };
    if (reason !== undefined) return { result: "fail", reason, sets: [] };
    return { result: "pass", sets: readSets(chain) };
  } catch (error) {
    return failed(error, dns);
  }
}

interface Rows {
  readonly fields: readonly HeaderField[];
  readonly rows: readonly HeaderRow[];
}

/** The header as mailauth takes it: split by us, because its own split is quadratic in folded lines. */
function readRows(header: Uint8Array): Rows | { readonly result: "fail" | "permerror"; readonly reason: ArcReason } {
  const { fields, cut } = splitHeader(header);
  if (cut !== undefined) return { result: "permerror", reason: cutReason(cut) };
  const ofArc = fields.filter(({ name }) => arcFields.has(name));
  if (ofArc.length > maxSets * arcFields.size) return { result: "fail", reason: "too-many-sets" };
  if (ofArc.some(({ raw }) => raw.length > maxFieldOctets)) return { result: "permerror", reason: "header-too-large" };
  const rows = fields
    .filter(({ name }) => name !== "")
    .map(({ name, raw }) => {
      const line = asBuffer(raw);
      const end = line.length >= 2 && line[line.length - 2] === 13 ? line.length - 2 : line.length;
      return { key: name, casedKey: name, line: line.subarray(0, end) };
    });
  return { fields, rows };
}

/** RFC 8617 section 5.2 steps 4 to 6: the newest message signature, then every seal. */
async function judge(
  chain: ArcEntry[],
  headers: { parsed: readonly HeaderRow[] },
  { body, now, minimumKeyBits, driftSeconds }: ArcJob,
  dns: MailauthResolver,
): Promise<ArcReason | undefined> {
  const newest = chain.at(-1)?.["arc-message-signature"];
  if (newest === undefined) return "missing-field";
  const untimely = untimelyReason(chain, newest, now, driftSeconds);
  if (untimely !== undefined) return untimely;
  const verifier = new DkimVerifier({
    resolver: dns.resolver,
    minBitLength: minimumKeyBits,
    strict: true,
    // Whether it has expired is decided above, by the rule that DKIM has.
    curTime: new Date(Math.min(now, timeOf(newest, "x") ?? now) * 1000),
  });
  verifier.headers = headers;
  const signature = await judgeMessageSignature(newest, verifier, body);
  if (signature !== undefined) return dns.trouble === undefined ? signature : "dns-error";
  await verifyASChain(
    { chain },
    { resolver: dns.resolver, minBitLength: minimumKeyBits, strict: true, keyCache: verifier.keyCache },
  );
  return undefined;
}

/** The clock rules of DKIM (RFC 6376 section 3.5), for the signature that is judged and every seal. */
function untimelyReason(
  chain: readonly ArcEntry[],
  newest: SignatureRow,
  now: number,
  driftSeconds: number,
): ArcReason | undefined {
  const expiresAt = timeOf(newest, "x");
  if (expiresAt !== undefined && now > expiresAt + driftSeconds) return "expired";
  const signed = [newest, ...chain.map((entry) => entry["arc-seal"])];
  const isEarly = signed.some((row) => (timeOf(row, "t") ?? 0) > now + driftSeconds);
  return isEarly ? "signed-in-the-future" : undefined;
}

/** Epoch seconds; anything but digits mailauth has refused already. */
function timeOf({ parsed }: SignatureRow, tag: "t" | "x"): number | undefined {
  const value = parsed?.[tag]?.value;
  return typeof value === "number" ? value : undefined;
}

async function judgeMessageSignature(
  row: SignatureRow,
  verifier: DkimVerifier,
  body: BodySource,
): Promise<ArcReason | undefined> {
  row.type = "ARC";
  verifier.prepareSignature(row);
  if (row.skip !== undefined || row.invalid !== undefined) return "syntax";
  const spec = specOf(row, row.bodyCanon === "relaxed" ? "relaxed" : "simple");
  // Without c= it is simple/simple (RFC 6376 section 3.5), yet sealers that leave it out mean relaxed/relaxed, as
  // ARC's own test suite does. Either is a signature over the whole mail.
  const fallback = row.parsed?.["c"] === undefined ? specOf(row, "relaxed") : undefined;
  const digests = readDigests(body, fallback === undefined ? [spec] : [spec, fallback]);
  row.bodyHashKey = "declared";
  row.fallbackBodyHashKey = "fallback";
  row.fallbackCanonicalization = "relaxed/relaxed";
  let digest = findDigest(digests, spec);
  verifier.bodyHashes.set("declared", { hash: base64(digest) });
  let { status } = await verifier.verifySignature(row);
  if (status.result !== "pass" && fallback !== undefined) {
    digest = findDigest(digests, fallback);
    verifier.bodyHashes.set("fallback", { hash: base64(digest) });
    ({ status } = await verifier.verifySignature(row, true));
  }
  if (status.result === "policy") return "weak-key";
  if (status.result !== "pass") return "message-signature-mismatch";
  // l= leaves room for anything below what was signed (RFC 6376 section 8.2).
  return digest.length !== undefined && digest.canonicalBytes > digest.length ? "body-not-fully-signed" : undefined;
}

function specOf(row: SignatureRow, canonicalization: "relaxed" | "simple"): BodyDigestSpec {
  const { maxBodyLength } = row;
  return { canonicalization, hash: "sha256", ...(typeof maxBodyLength === "number" ? { length: maxBodyLength } : {}) };
}

function base64({ digest }: BodyDigest): string {
  return asBuffer(digest).toString("base64");
}

function failed(error: unknown, dns: MailauthResolver): ArcReport {
  const code = errorCode(error) ?? "";
  const reason = reasons[code];
  if (reason !== undefined) return { result: "fail", reason, sets: [] };
  // A chain is reported as broken only when the DNS did answer: cv=fail can never be taken back.
  if (dns.trouble !== undefined) return { result: "temperror", reason: "dns-error", sets: [] };
  return code === ""
    ? { result: "temperror", reason: "internal-error", sets: [] }
    : { result: "fail", reason: "key-error", sets: [] };
}

function readSets(chain: readonly ArcEntry[]): ArcSet[] {
  return chain.map((entry) => {
    const { isReadable, dmarc } = readArcResults(fieldBody(entry["arc-authentication-results"].original));
    const sealer = entry["arc-seal"].parsed?.["d"]?.value;
    return {
      instance: entry.i,
      sealer: typeof sealer === "string" ? sealer.toLowerCase() : "",
      ...(dmarc === undefined ? {} : { dmarc }),
      ...(isReadable ? {} : { isUnreadable: true }),
    };
  });
}
