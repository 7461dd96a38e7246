// Private keys as files and tables hold them: PEM (PKCS#1 or PKCS#8), base64 of the same without armour, or an Ed25519 key
// as its 32 octets of seed (dkimpy) or these and its public key (rspamd), bare or in base64. A look at the DER says what a key is, in better words than OpenSSL's; then OpenSSL
// reads it.
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { asBuffer } from "../mail/header.ts";

export type KeyType = "rsa" | "ed25519";

/** A key that can sign. */
export interface PrivateKey {
  readonly type: KeyType;
  /** Modulus length of an RSA key; 256 for Ed25519. */
  readonly bits: number;
  readonly object: KeyObject;
}

export type ReadKey =
  | { readonly key: PrivateKey }
  /** What is wrong, as the end of a sentence on the file: "holds a public key, not a private one". */
  | { readonly trouble: string };

/** RFC 8301 section 3.2: signers use RSA keys of at least 1024 bits. */
const minimumRsaBits = 1024;
/** What OpenSSL reads. Above 4096 verifiers may refuse (RFC 8301 section 3.2). */
const maximumRsaBits = 16_384;

const base64Only = /^[A-Za-z0-9+/=\s]*$/;
const rsaOid = Buffer.from("2a864886f70d010101", "hex");
const ed25519Oid = Buffer.from("2b6570", "hex");
const ed25519Prefix = Buffer.from("302e020100300506032b657004220420", "hex");
const maximumFileBytes = 64 * 1024;

/** Reads a private key in any of the forms above. Never throws. */
export function readPrivateKey(octets: Uint8Array): ReadKey {
  if (octets.length > maximumFileBytes) return { trouble: `is larger than ${maximumFileBytes} octets, so no key` };
  const bytes = asBuffer(octets);
  // Some editors put a byte order mark in front, which means nothing.
  const text = bytes.toString("latin1").replace(/^\xef\xbb\xbf/, "");
  // One seed in 64 begins with the same octet in base64 as DER does, the digit 0.
  if (bytes[0] === 0x30 && !base64Only.test(text)) return readDer(bytes);
  if (text.includes("-----BEGIN ")) return readPem(text);
  if (text.trim() === "") return { trouble: "is empty" };
  const bare = base64Only.test(text) ? undefined : readBareEd25519(bytes);
  return bare ?? readBase64(text);
}

interface Block {
  readonly label: string;
  /** Undefined where the block has no end. */
  readonly body: string | undefined;
}

/** The first block with a private key, whatever certificates, public keys and parameters stand before it, as OpenSSL does. */
function readPem(text: string): ReadKey {
  const blocks = pemBlocks(text);
  const chosen = blocks.find(({ label }) => label.endsWith("PRIVATE KEY")) ?? blocks[0];
  if (chosen?.body === undefined) return { trouble: "is cut off: its PEM block has no end" };
  return readBlock(chosen.label, chosen.body);
}

function pemBlocks(text: string): readonly Block[] {
  const blocks: Block[] = [];
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
  for (let found = begin.exec(text); found !== null; found = begin.exec(text)) {
    const label = found[1] ?? "";
    const end = text.indexOf(`-----END ${label}-----`, begin.lastIndex);
    const next = text.indexOf("-----BEGIN ", begin.lastIndex);
    const isWhole = end !== -1 && (next === -1 || end < next);
    blocks.push({ label, body: isWhole ? text.slice(begin.lastIndex, end) : undefined });
  }
  return blocks;
}

function readBlock(label: string, body: string): ReadKey {
  if (label === "ENCRYPTED PRIVATE KEY" || body.includes("ENCRYPTED")) {
    return { trouble: "is protected by a passphrase; store it without one" };
  }
  if (label.endsWith("PUBLIC KEY")) return { trouble: "holds a public key, not the private one" };
  if (label === "CERTIFICATE") return { trouble: "holds a certificate, not a private key" };
  if (label !== "PRIVATE KEY" && label !== "RSA PRIVATE KEY") {
    return { trouble: `holds "${label}"; an RSA or Ed25519 key as PKCS#1 or PKCS#8 is needed` };
  }
  return readBase64(body);
}

function readBase64(text: string): ReadKey {
  const compact = text.replaceAll(/[ \t\r\n]/g, "");
  const der = Buffer.from(compact, "base64");
  // The decoder passes over what is not base64: it shows in the length.
  const padding = compact.endsWith("==") ? 2 : compact.endsWith("=") ? 1 : 0;
  if (der.length !== Math.floor((compact.length - padding) * 0.75))
    return { trouble: "is not a private key in PEM form" };
  return readBareEd25519(der) ?? readDer(der);
}

/** The octets of RFC 8032 section 5.1.5; undefined where they are not so many. */
function readBareEd25519(octets: Buffer): ReadKey | undefined {
  if (octets.length !== 32 && octets.length !== 64) return undefined;
  const read = ed25519Key(Buffer.concat([ed25519Prefix, octets.subarray(0, 32)]));
  if (octets.length === 32 || "trouble" in read) return read;
  const publicKey = createPublicKey(read.key.object).export({ type: "spki", format: "der" }).subarray(-32);
  if (publicKey.equals(octets.subarray(32))) return read;
  return { trouble: "is no Ed25519 key: its second 32 octets are not the public key of the first" };
}

/** RSAPrivateKey (RFC 8017 appendix A.1.2) or PrivateKeyInfo (RFC 5208 section 5). */
function readDer(der: Buffer): ReadKey {
  const damaged: ReadKey = { trouble: "is damaged: its content is no complete private key" };
  const outer = element(der, 0);
  if (outer?.tag !== 0x30 || outer.end !== der.length) return damaged;
  const version = element(der, outer.start);
  if (version?.tag !== 0x02) return damaged;
  const next = element(der, version.end);
  if (next === undefined) return damaged;
  if (next.tag === 0x02) return rsaKey(bitLength(der, next), der, "pkcs1");

  const oid = next.tag === 0x30 ? element(der, next.start) : undefined;
  const content = element(der, next.end);
  if (oid?.tag !== 0x06 || content?.tag !== 0x04) return damaged;
  const algorithm = der.subarray(oid.start, oid.end);
  if (algorithm.equals(ed25519Oid)) return ed25519Key(der);
  if (!algorithm.equals(rsaOid)) return { trouble: "is neither an RSA nor an Ed25519 key" };
  const inner = element(der, content.start);
  const innerVersion = inner?.tag === 0x30 ? element(der, inner.start) : undefined;
  const modulus = innerVersion?.tag === 0x02 ? element(der, innerVersion.end) : undefined;
  return modulus?.tag === 0x02 ? rsaKey(bitLength(der, modulus), der, "pkcs8") : damaged;
}

function rsaKey(bits: number, der: Buffer, form: "pkcs1" | "pkcs8"): ReadKey {
  if (bits < minimumRsaBits) {
    return { trouble: `has ${bits} bits; RSA keys below ${minimumRsaBits} are not accepted by verifiers (RFC 8301)` };
  }
  if (bits > maximumRsaBits) return { trouble: `has ${bits} bits, more than any verifier takes` };
  return opened("rsa", bits, der, form);
}

function ed25519Key(der: Buffer): ReadKey {
  return opened("ed25519", 256, der, "pkcs8");
}

function opened(type: KeyType, bits: number, der: Buffer, form: "pkcs1" | "pkcs8"): ReadKey {
  try {
    return { key: { type, bits, object: createPrivateKey({ key: der, format: "der", type: form }) } };
  } catch {
    return { trouble: "is damaged: OpenSSL does not take it for a private key" };
  }
}

interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** One DER element (X.690 section 8.1), or undefined where none fits into what is there. */
function element(der: Buffer, at: number): Element | undefined {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 3 || start + count > der.length) return undefined;
    length = der.readUIntBE(start, count);
    start += count;
  }
  const end = start + length;
  return end > der.length ? undefined : { tag, start, end };
}

function bitLength(der: Buffer, integer: Element): number {
  let at = integer.start;
  while (at < integer.end && der[at] === 0) at += 1;
  if (at === integer.end) return 0;
  return (integer.end - at) * 8 - Math.clz32(der[at] ?? 0) + 24;
}
