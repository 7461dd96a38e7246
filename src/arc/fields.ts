// The header fields of ARC (RFC 8617 section 4.1) and what the main thread must know of them: their instances, and
// which body digests verifying needs. Whether a chain is valid is judged elsewhere.
import { parseTagList, removeBlanks } from "../dkim/tag-list.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";

export type ArcFieldName = "arc-seal" | "arc-message-signature" | "arc-authentication-results";

/** RFC 8617 section 4.2.1. */
export const maxArcSets = 50;

export interface ArcField {
  readonly name: ArcFieldName;
  /** i=; 0 where it cannot be read. */
  readonly instance: number;
  readonly field: HeaderField;
}

/** The ARC fields of a header, top to bottom. Never throws; linear. */
export function readArcFields(fields: readonly HeaderField[]): readonly ArcField[] {
  const found: ArcField[] = [];
  for (const field of fields) {
    if (isArcName(field.name)) found.push({ name: field.name, instance: instanceOf(field), field });
  }
  return found;
}

function isArcName(name: string): name is ArcFieldName {
  return name === "arc-seal" || name === "arc-message-signature" || name === "arc-authentication-results";
}

function instanceOf({ name, raw }: HeaderField): number {
  const body = fieldBody(raw);
  // In ARC-Authentication-Results only what goes before the first ";" is a tag.
  const text = name === "arc-authentication-results" ? body.slice(0, Math.max(body.indexOf(";"), 0)) : body;
  const value = parseTagList(text).tags.get("i")?.value ?? "";
  return /^[0-9]{1,2}$/.test(value) ? Number(value) : 0;
}

/** The value of a tag of an ARC-Seal or -Message-Signature, white space removed; "" where there is none. */
export function arcTag({ field }: ArcField, tag: string): string {
  return removeBlanks(parseTagList(fieldBody(field.raw)).tags.get(tag)?.value ?? "");
}

/** The digest that a seal of ours needs. */
export const sealDigestSpec: BodyDigestSpec = { canonicalization: "relaxed", hash: "sha256" };

/**
 * The body digests that verifying the chain needs: those of the newest message signature (RFC 8617 section 5.2
 * step 4). Without c= it is simple (RFC 6376 section 3.5), but the relaxed one is tried too.
 */
export function arcDigestSpecs(fields: readonly HeaderField[]): readonly BodyDigestSpec[] {
  let newest: ArcField | undefined;
  for (const arcField of readArcFields(fields)) {
    if (arcField.name === "arc-message-signature" && arcField.instance > (newest?.instance ?? 0)) newest = arcField;
  }
  if (newest === undefined) return [];
  const canonicalization = arcTag(newest, "c").toLowerCase().split("/")[1] === "relaxed" ? "relaxed" : "simple";
  const length = arcTag(newest, "l");
  const limit = /^[0-9]{1,15}$/.test(length) ? { length: Number(length) } : {};
  const declared: BodyDigestSpec = { canonicalization, hash: "sha256", ...limit };
  return arcTag(newest, "c") === "" ? [declared, { ...declared, canonicalization: "relaxed" }] : [declared];
}
