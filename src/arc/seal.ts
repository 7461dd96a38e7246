// Makes an ARC set (RFC 8617 section 5.1): results, message signature, seal. A pure function of the message and the
// key; whether a mail is sealed, and what its chain was worth on arrival, was decided before.
import { createHash, type KeyObject, sign as makeSignature } from "node:crypto";
import type { SealJob, SealRefusal, SealReport } from "../authres/authenticator.ts";
import { findDigest, readDigests } from "../dkim/body-hash.ts";
import { canonicalizeField } from "../dkim/canonical-header.ts";
import { FieldIndex } from "../dkim/field-index.ts";
import { defaultSignedHeaderFields, listSignedFields } from "../dkim/signed-fields.ts";
import type { BodySource } from "../mail/digest.ts";
import { asBuffer, cutReason, splitHeader } from "../mail/header.ts";
import { type ArcField, arcTag, maxArcSets, readArcFields, sealDigestSpec } from "./fields.ts";

/** What DKIM signs, and the signatures themselves; never ARC's fields or Authentication-Results (section 4.1.2). */
const signedFields: Readonly<Record<string, number>> = {
  ...defaultSignedHeaderFields,
  received: 0,
  "dkim-signature": 1,
  "authentication-results": 0,
};
const unsignable = new Set([
  "authentication-results",
  "arc-seal",
  "arc-message-signature",
  "arc-authentication-results",
]);

const maxColumns = 77;
/** A tab, as readers show it. */
const indentColumns = 8;

/** Makes the set, or says why there can be none. Throws only for a fault of ours: a digest that was not made. */
export function sealMessage(job: SealJob): SealReport {
  const { fields, cut } = splitHeader(job.header);
  if (cut !== undefined) return { result: "refused", reason: cutReason(cut) };
  if (!fields.some(({ name }) => name === "from")) return { result: "refused", reason: "no-author" };
  const arcFields = readArcFields(fields);
  const place = placeOf(arcFields, job.chain);
  if (typeof place === "string") return { result: "refused", reason: place };
  const algorithm = algorithmOf(job.privateKey);
  if (algorithm === undefined) return { result: "refused", reason: "key-error" };

  const common = { i: `${place}`, s: job.selector, t: `${job.signedAt}` };
  const results = `ARC-Authentication-Results: i=${place}; ${job.authenticationResults}`;
  const names = (job.signedFields ?? listSignedFields(fields, signedFields)).filter((name) => !unsignable.has(name));
  const signature = layOut("ARC-Message-Signature", {
    a: algorithm,
    b: "",
    bh: asBuffer(bodyHashOf(job.body)).toString("base64"),
    c: "relaxed/relaxed",
    d: job.domain,
    h: names.join(":"),
    ...common,
  });
  const signed = new FieldIndex(fields).signedOctets(names, "relaxed", Buffer.from(signature.unsigned, "latin1"));
  const messageSignature = signature.withValue(sign(signed, job.privateKey));

  const seal = layOut("ARC-Seal", { a: algorithm, b: "", cv: job.chain, d: job.domain, ...common });
  const sets = job.chain === "pass" ? earlierSets(arcFields) : "";
  const sealed = `${sets}${relaxed(results)}\r\n${relaxed(messageSignature)}\r\n${relaxed(seal.unsigned)}`;
  const arcSeal = seal.withValue(sign(Buffer.from(sealed, "latin1"), job.privateKey));
  return { result: "sealed", fields: [arcSeal, messageSignature, results].map((field) => `${field}\r\n`) };
}

/** The instance of the new set (section 5.1 steps 2 and 3), or why none can follow. */
function placeOf(arcFields: readonly ArcField[], chain: SealJob["chain"]): number | SealRefusal {
  const highest = arcFields.reduce((instance, arcField) => Math.max(instance, arcField.instance), 0);
  if (highest >= maxArcSets) return "too-many-sets";
  const newest = arcFields.find(({ name, instance }) => name === "arc-seal" && instance === highest);
  if (newest !== undefined && arcTag(newest, "cv").toLowerCase() === "fail") return "chain-failed";
  // A chain that nobody verified cannot be vouched for, and one that is not there did not pass.
  if ((arcFields.length === 0) !== (chain === "none")) return "chain-unknown";
  return highest + 1;
}

/** All sets, oldest first, each as results, message signature, seal (section 5.1.1). */
function earlierSets(arcFields: readonly ArcField[]): string {
  const order = ["arc-authentication-results", "arc-message-signature", "arc-seal"];
  return [...arcFields]
    .sort((a, b) => a.instance - b.instance || order.indexOf(a.name) - order.indexOf(b.name))
    .map(({ field }) => `${relaxed(asBuffer(field.raw).toString("latin1"))}\r\n`)
    .join("");
}

function relaxed(text: string): string {
  return canonicalizeField(text, "relaxed");
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (asymmetricKeyType === "ed25519") return "ed25519-sha256";
  // Verifiers do not take shorter ones (RFC 8301 section 3.2).
  return asymmetricKeyType === "rsa" && (asymmetricKeyDetails?.modulusLength ?? 0) >= 1024 ? "rsa-sha256" : undefined;
}

function sign(octets: Uint8Array, key: KeyObject): string {
  // Ed25519 signs the SHA-256 digest, not the octets themselves (RFC 8463 section 3).
  const value =
    key.asymmetricKeyType === "ed25519"
      ? makeSignature(null, createHash("sha256").update(octets).digest(), key)
      : makeSignature("sha256", octets, key);
  return value.toString("base64");
}

function bodyHashOf(body: BodySource): Uint8Array {
  return findDigest(readDigests(body, [sealDigestSpec]), sealDigestSpec).digest;
}

interface Layout {
  /** The field with b= empty, as it is hashed; no final CRLF. */
  readonly unsigned: string;
  withValue(base64: string): string;
}

/**
 * Tags in the order of the alphabet, as other sealers have them. What follows b= starts a line of its own, so that the
 * signature's length moves nothing that was hashed.
 */
function layOut(name: string, tags: Readonly<Record<string, string>>): Layout {
  const words = Object.keys(tags)
    .sort()
    .map((tag) => `${tag}=${tags[tag]}`);
  const at = words.indexOf("b=");
  const head = `${fold(`${name}:`, words.slice(0, at))};\r\n\tb=`;
  const tail = `;\r\n${fold("", words.slice(at + 1))}`;
  return {
    unsigned: head + tail,
    withValue: (base64) => `${head}${base64.match(/.{1,70}/g)?.join("\r\n\t") ?? ""}${tail}`,
  };
}

function fold(start: string, words: readonly string[]): string {
  let text = start;
  let column = start.length;
  for (const [index, word] of words.entries()) {
    const end = index === words.length - 1 ? "" : ";";
    // A list of names that is longer than a line is broken before a colon (RFC 6376 section 3.5 allows the blank).
    const pieces = indentColumns + word.length >= maxColumns ? word.split(/(?=:)/) : [word];
    for (const [place, piece] of pieces.entries()) {
      const item = place === pieces.length - 1 ? piece + end : piece;
      const gap = place === 0 ? " " : "";
      if (column === 0 || column + gap.length + item.length > maxColumns) {
        text += column === 0 ? `\t${item}` : `\r\n\t${item}`;
        column = indentColumns + item.length;
      } else {
        text += gap + item;
        column += gap.length + item.length;
      }
    }
  }
  return text;
}
