import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { readPrivateKey } from "../../../src/signing/private-key.ts";
import { ed25519Pem, rsaPem, rsaPkcs1Pem, shortPem, weakPem } from "./keys.ts";

const der = (pem: string): Buffer => createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
const seed = Buffer.from(der(ed25519Pem).subarray(-32)).toString("base64");

/** Base64 of it begins with the octet that DER begins with. */
const seedLikeDer = `0${"A".repeat(42)}=`;

const publicPem = createPublicKey(rsaPem).export({ type: "spki", format: "pem" }).toString();
const certificate = "-----BEGIN CERTIFICATE-----\nMIIC+TCCAeGgAwIBAgIU\n-----END CERTIFICATE-----\n";
/** Octets that are not all printable. */
const both = Buffer.concat([
  der(ed25519Pem).subarray(-32),
  createPublicKey(ed25519Pem).export({ type: "spki", format: "der" }).subarray(-32),
]);

const good: readonly (readonly [string, string | Buffer, "rsa" | "ed25519", number])[] = [
  ["PKCS#8 PEM", rsaPem, "rsa", 2048],
  ["PKCS#1 PEM", rsaPkcs1Pem, "rsa", 2048],
  ["PEM with text around it and CRLF", `Bag Attributes\r\n${rsaPem.replaceAll("\n", "\r\n")}trailer\r\n`, "rsa", 2048],
  ["1024 bits", shortPem, "rsa", 1024],
  ["Ed25519 PEM", ed25519Pem, "ed25519", 256],
  ["base64 of PKCS#8 in one line", der(rsaPem).toString("base64"), "rsa", 2048],
  ["base64 of an Ed25519 seed, as dkimpy writes it", `${seed}\n`, "ed25519", 256],
  ["base64 of a seed behind a byte order mark", `\ufeff${seed}\r\n`, "ed25519", 256],
  ["base64 of a seed that begins with a digit 0, as DER does", seedLikeDer, "ed25519", 256],
  ["bare DER", der(ed25519Pem), "ed25519", 256],
  ["a public key before the private one", publicPem + rsaPem, "rsa", 2048],
  ["a certificate before it", `${certificate}${certificate}Bag Attributes: <none>\n${rsaPkcs1Pem}`, "rsa", 2048],
  [
    "parameters before it",
    `-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n${ed25519Pem}`,
    "ed25519",
    256,
  ],
  ["a certificate that is cut off before it", `${certificate.slice(0, 40)}\n${rsaPem}`, "rsa", 2048],
  ["the first of two private keys", ed25519Pem + rsaPem, "ed25519", 256],
  ["seed and public key, as rspamd writes them", both, "ed25519", 256],
  ["base64 of seed and public key", both.toString("base64"), "ed25519", 256],
  ["a bare seed", both.subarray(0, 32), "ed25519", 256],
];

for (const [name, content, type, bits] of good) {
  test(`reads ${name}`, () => {
    const read = readPrivateKey(Buffer.from(content));
    assert.ok("key" in read, JSON.stringify(read));
    assert.equal(read.key.type, type);
    assert.equal(read.key.bits, bits);
    assert.equal(read.key.object.asymmetricKeyType, type);
  });
}

test("a seed and its PEM are the same key", () => {
  const read = readPrivateKey(Buffer.from(seed));
  assert.ok("key" in read);
  assert.deepEqual(read.key.object.export({ type: "pkcs8", format: "der" }), der(ed25519Pem));
});

const ecPem = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const lockedPem = generateKeyPairSync("ed25519")
  .privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
  .toString();
const lockedRsaPem = createPrivateKey(rsaPem)
  .export({ type: "pkcs1", format: "pem", cipher: "aes-128-cbc", passphrase: "x" })
  .toString();

const bad: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ["an empty file", " \n", /^is empty$/],
  ["a public key", publicPem, /public key/],
  ["a curve that DKIM has not", ecPem, /neither an RSA nor an Ed25519/],
  ["a key with a passphrase", lockedPem, /passphrase/],
  ["a PKCS#1 key with a passphrase", lockedRsaPem, /passphrase/],
  ["a certificate alone", certificate, /certificate/],
  ["a certificate before a key that is cut off", certificate + rsaPem.slice(0, 900), /cut off/],
  [
    "an Ed25519 key with another public key",
    Buffer.concat([both.subarray(0, 32), both.subarray(0, 32)]),
    /not the public key/,
  ],
  ["RSA below 1024 bits", weakPem, /768 bits/],
  ["a file that was cut off", rsaPem.slice(0, 900), /cut off/],
  [
    "a block with lines missing",
    rsaPem
      .split("\n")
      .filter((_, i) => i !== 5)
      .join("\n"),
    /damaged/,
  ],
  ["text", "no key at all, sorry", /not a private key in PEM form/],
  ["something huge", "x".repeat(100_000), /larger than/],
];

for (const [name, content, trouble] of bad) {
  test(`says what is wrong with ${name}`, () => {
    const read = readPrivateKey(Buffer.from(content));
    assert.ok("trouble" in read);
    assert.match(read.trouble, trouble);
  });
}
