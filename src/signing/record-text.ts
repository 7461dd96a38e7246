// The DNS record that publishes a key: its text, cut into strings, and the zone-file form of amavisd's `showkeys`.
import { createPublicKey, type KeyObject } from "node:crypto";
import { type KeyOptions, keyOptionNames } from "./key-options.ts";
import type { SigningKey } from "./signing-key.ts";

/** One string of a TXT record holds at most this many octets (RFC 1035 section 3.3). */
const maxStringOctets = 255;
/** amavisd's, and what a terminal shows well. */
const charactersPerLine = 64;
export const recordTtlSeconds = 3600;

/** p= of the public half: SubjectPublicKeyInfo for RSA, the bare 32 octets for Ed25519 (RFC 8463 section 3). */
export function publicKeyData(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return (privateKey.asymmetricKeyType === "ed25519" ? der.subarray(-32) : der).toString("base64");
}

/** The record's tags up to "p=", in the order of amavisd. */
function recordTags(options: KeyOptions, type: "rsa" | "ed25519"): string {
  const all: KeyOptions = { v: "DKIM1", ...(type === "ed25519" ? { k: "ed25519" } : {}), ...options };
  const tags = keyOptionNames.flatMap((name) => {
    const value = all[name];
    return value === undefined ? [] : `${name}=${name === "n" ? quotedPrintable(value) : value}`;
  });
  return [...tags, "p="].join("; ");
}

/** The record as strings for a zone file: the tags, then the key in lines of 64 characters. */
export function recordStrings(options: KeyOptions, privateKey: KeyObject): readonly string[] {
  const type = privateKey.asymmetricKeyType === "ed25519" ? "ed25519" : "rsa";
  return [
    ...pieces(recordTags(options, type), maxStringOctets),
    ...pieces(publicKeyData(privateKey), charactersPerLine),
  ];
}

/** The owner name of a key's record (RFC 6376 section 3.6.2.1), without the final dot. */
export function recordName(key: { readonly domain: string; readonly selector: string }): string {
  return `${key.selector}._domainkey.${key.domain}`;
}

/** The record in BIND's form, as `showkeys` prints it, without the comment above. */
export function zoneRecord(key: SigningKey, privateKey: KeyObject): string {
  const strings = recordStrings(key.options, privateKey).map((each) => `  "${each.replaceAll(/["\\]/g, "\\$&")}"`);
  return `${recordName(key)}.\t${recordTtlSeconds} TXT (\n${strings.join("\n")})\n`;
}

/** RFC 6376 section 2.11 for n=: what would end the tag or is no plain text is written as "=3B"; blanks stay. */
function quotedPrintable(text: string): string {
  let encoded = "";
  for (const octet of Buffer.from(text, "utf8")) {
    const plain = octet >= 0x20 && octet <= 0x7e && octet !== 0x3b && octet !== 0x3d;
    encoded += plain ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

function pieces(text: string, size: number): string[] {
  const list: string[] = [];
  for (let start = 0; start < text.length; start += size) list.push(text.slice(start, start + size));
  return list;
}

/** The forms in which DNS panels and tools take a record. */
export const recordForms = ["zone", "line", "split", "nsupdate"] as const;
export type RecordForm = (typeof recordForms)[number];

/**
 * The record in one of the forms, lines with their ends: `line` is name and value, apart by a tab, for panels that split the
 * value themselves; `split` the same as strings of up to 255 octets in quotes; `nsupdate` what nsupdate(1) reads (RFC 2136).
 */
export function recordText(form: RecordForm, key: SigningKey, privateKey: KeyObject): string {
  if (form === "zone") return `${zoneRecord(key, privateKey)}\n`;
  const value = recordStrings(key.options, privateKey).join("");
  if (form === "line") return `${recordName(key)}\t${value}\n`;
  const strings = pieces(value, maxStringOctets).map((each) => `"${each.replaceAll(/["\\]/g, "\\$&")}"`);
  if (form === "split") return `${recordName(key)}\t${strings.join(" ")}\n`;
  const name = `${recordName(key)}.`;
  return `update delete ${name} TXT\nupdate add ${name} ${recordTtlSeconds} TXT ${strings.join(" ")}\nsend\n`;
}
