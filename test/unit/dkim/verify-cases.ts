// Signatures and key records right and wrong in every way the engine tells apart, with the reason it must give. The
// unit test judges them; the oracle asks others about the same.
import { generateKeyPairSync } from "node:crypto";
import type { Failure } from "../../../src/dkim/failure.ts";
import { ed25519, ed25519Record, fields, found, type HandMade, rsa, rsaRecord, type VerifyWith } from "./hand-made.ts";

export interface VerifyCase {
  readonly name: string;
  readonly mail?: HandMade;
  readonly with?: VerifyWith;
  readonly wanted: Failure | "pass";
}

const rsa512 = generateKeyPairSync("rsa", { modulusLength: 512 });
const rsa8192 = generateKeyPairSync("rsa", { modulusLength: 4104 });
const nowhere = { ttlSeconds: 60, secure: false } as const;

function answered(record: string | readonly string[], ...more: readonly string[]): VerifyWith {
  return { answer: found(record, ...more) };
}

function recordOf(key: typeof rsa, junk = ""): string {
  const der = key.publicKey.export({ format: "der", type: "spki" });
  return `v=DKIM1; p=${Buffer.concat([der, Buffer.from(junk)]).toString("base64")}`;
}

/** All cases for one clock, epoch seconds. */
export function verifyCases(now: number): readonly VerifyCase[] {
  return [
    { name: "a sound signature", wanted: "pass" },
    {
      name: "an Ed25519 signature",
      mail: { tags: { a: "ed25519-sha256" } },
      with: answered(ed25519Record()),
      wanted: "pass",
    },
    { name: "c= left out", mail: { tags: { c: undefined } }, wanted: "pass" },
    { name: "c= without a body part", mail: { tags: { c: "simple" } }, wanted: "pass" },
    { name: "unknown tags", mail: { tags: { xyz: "a b=c", r: "y" } }, wanted: "pass" },
    {
      name: "b= in the middle, folded",
      mail: {
        write: (tags) =>
          `b=\r\n\t ;${[...tags]
            .filter(([name]) => name !== "b")
            .map(([name, value]) => `${name} =\r\n ${value} `)
            .join(";")};`,
      },
      wanted: "pass",
    },
    { name: "upper-case d= and s=", mail: { tags: { d: "EXAMPLE.com", s: "S" } }, wanted: "pass" },
    {
      name: "h= that names absent fields",
      mail: { tags: { h: "From:To:Subject:Date:Cc:from:X-None" } },
      wanted: "pass",
    },
    {
      name: "h= with folding around its colons",
      mail: { tags: { h: "From\r\n\t: To :\r\n Subject:Date" } },
      wanted: "pass",
    },
    { name: "i= below d=", mail: { tags: { i: "joe@mail.example.com" } }, wanted: "pass" },
    { name: "i= in quoted-printable", mail: { tags: { i: "=6Aoe=40EXAMPLE=2Ecom" } }, wanted: "pass" },
    { name: "l= of the whole body", mail: { tags: { l: "25" } }, wanted: "pass" },
    { name: "q= that lists the known method second", mail: { tags: { q: "http : dns/txt" } }, wanted: "pass" },
    { name: "x= that has just passed", mail: { tags: { t: "1", x: String(now - 300) } }, wanted: "pass" },
    { name: "t= a little ahead", mail: { tags: { t: String(now + 300) } }, wanted: "pass" },

    { name: "no tag list", mail: { tags: { xyz: "1; nonsense" } }, wanted: "signature-syntax" },
    { name: "an empty tag", mail: { tags: { s: "s;" } }, wanted: "signature-syntax" },
    { name: "a tag twice", mail: { tags: { d: "example.com; d=example.com" } }, wanted: "duplicate-tag" },
    { name: "no d=", mail: { tags: { d: undefined } }, wanted: "missing-tag" },
    { name: "an empty s=", mail: { tags: { s: "" } }, wanted: "missing-tag" },
    { name: "no bh=", mail: { tags: { bh: undefined } }, wanted: "missing-tag" },
    {
      name: "no b=",
      mail: {
        write: (tags) =>
          [...tags]
            .filter(([name]) => name !== "b")
            .map(([name, value]) => ` ${name}=${value}`)
            .join(";"),
      },
      wanted: "missing-signature",
    },
    { name: "no v=, though sound", mail: { tags: { v: undefined } }, wanted: "unsupported-version" },
    {
      name: "neither v= nor bh=, though sound",
      mail: { tags: { v: undefined, bh: undefined } },
      wanted: "unsupported-version",
    },
    {
      name: "neither v= nor bh=, and a changed field",
      mail: { tags: { v: undefined, bh: undefined }, fields: fields.with(2, "Subject: another\r\n") },
      wanted: "signature-mismatch",
    },
    {
      name: "v=1 without bh=, and a changed field",
      mail: { tags: { bh: undefined }, fields: fields.with(2, "Subject: another\r\n") },
      wanted: "missing-tag",
    },
    { name: "no v= beside q=dns/txt", mail: { tags: { v: undefined, q: "dns/txt" } }, wanted: "missing-tag" },
    { name: "v=2", mail: { tags: { v: "2" } }, wanted: "unsupported-version" },
    { name: "a= unknown", mail: { tags: { a: "rsa-sha512" } }, wanted: "unsupported-algorithm" },
    { name: "c= unknown", mail: { tags: { c: "simple/nofws" } }, wanted: "unsupported-canonicalization" },
    { name: "q= unknown", mail: { tags: { q: "dns/special" } }, wanted: "unsupported-query-method" },
    { name: "d= with a parenthesis", mail: { tags: { d: "example.com(.evil.example" } }, wanted: "invalid-domain" },
    { name: "d= of one label", mail: { tags: { d: "localhost" } }, wanted: "invalid-domain" },
    { name: "d= an address", mail: { tags: { d: "192.0.2.1" } }, wanted: "invalid-domain" },
    { name: "d= with a final dot", mail: { tags: { d: "example.com." } }, wanted: "invalid-domain" },
    { name: "d= too long", mail: { tags: { d: `${"a.".repeat(126)}com` } }, wanted: "invalid-domain" },
    { name: "s= with a NUL", mail: { tags: { s: "s._domainkey.evil.example.\0" } }, wanted: "invalid-selector" },
    { name: "s= with an empty label", mail: { tags: { s: "a..b" } }, wanted: "invalid-selector" },
    {
      name: "s= and d= too long together",
      mail: { tags: { s: "s".repeat(63), d: `${"a.".repeat(95)}com` } },
      wanted: "invalid-selector",
    },
    { name: "i= elsewhere", mail: { tags: { i: "joe@badexample.com" } }, wanted: "invalid-identity" },
    { name: "i= above d=", mail: { tags: { d: "mail.example.com", i: "@example.com" } }, wanted: "invalid-identity" },
    { name: "i= without @", mail: { tags: { i: "example.com" } }, wanted: "invalid-identity" },
    { name: "an empty name in h=", mail: { tags: { h: "From::To" } }, wanted: "invalid-field-list" },
    { name: "h= without From", mail: { tags: { h: "To:Subject:Date" } }, wanted: "from-not-signed" },
    { name: "l= negative", mail: { tags: { l: "-1" } }, wanted: "invalid-body-length" },
    { name: "x= before t=", mail: { tags: { t: "9", x: "8" } }, wanted: "invalid-timestamp" },
    { name: "t= no number", mail: { tags: { t: "soon" } }, wanted: "invalid-timestamp" },
    { name: "x= passed", mail: { tags: { x: String(now - 301) } }, wanted: "expired" },
    { name: "t= ahead", mail: { tags: { t: "9999999999" } }, wanted: "signed-in-the-future" },

    {
      name: "a DNS failure",
      with: { answer: { status: "trouble", trouble: "servfail" } },
      wanted: "key-lookup-failed",
    },
    { name: "a key name that does not exist", with: { answer: { status: "nxdomain", ...nowhere } }, wanted: "no-key" },
    { name: "a key name without TXT", with: { answer: { status: "nodata", ...nowhere } }, wanted: "no-key" },
    {
      name: "six TXT records",
      with: { answer: found(...new Array<string>(6).fill(rsaRecord())) },
      wanted: "too-many-key-records",
    },
    {
      name: "a record of 5 kB",
      with: answered(`${rsaRecord()}; n=${"x".repeat(5000)}`),
      wanted: "key-record-too-large",
    },
    { name: "a record in several strings", with: answered(rsaRecord().match(/.{1,100}/g) ?? []), wanted: "pass" },
    { name: "white space in p=", with: answered(rsaRecord().replace(/(.{60})/g, "$1 \r\n\t")), wanted: "pass" },
    {
      name: "unknown tags and g= in a record",
      with: answered(rsaRecord("v=DKIM1; g=nobody; z1=9; n=note; ")),
      wanted: "pass",
    },
    { name: "a record without v= and k=", with: answered(rsaRecord("")), wanted: "pass" },
    { name: "another TXT record first", with: answered("v=spf1 -all", rsaRecord()), wanted: "pass" },
    {
      name: "two keys, the second is right",
      with: answered(recordOf(generateKeyPairSync("rsa", { modulusLength: 1024 })), rsaRecord()),
      wanted: "pass",
    },
    { name: "a record that is no tag list", with: answered("hello"), wanted: "key-record-syntax" },
    { name: "a record without p=", with: answered("v=DKIM1; k=rsa"), wanted: "key-record-syntax" },
    { name: "a record with a tag twice", with: answered(`${rsaRecord()}; k=rsa`), wanted: "key-record-syntax" },
    { name: "v=DKIM2 in a record", with: answered(rsaRecord("v=DKIM2; ")), wanted: "key-version" },
    { name: "an empty p=", with: answered("v=DKIM1; p="), wanted: "key-revoked" },
    { name: "k= unknown", with: answered(rsaRecord("k=dsa; ")), wanted: "key-type-mismatch" },
    { name: "a key of the other type", with: answered(ed25519Record()), wanted: "key-type-mismatch" },
    { name: "h= that lacks the hash", with: answered(rsaRecord("h=sha1:sha512; ")), wanted: "key-hash-not-allowed" },
    { name: "h= with the hash", with: answered(rsaRecord("h= sha1 : sha256; ")), wanted: "pass" },
    { name: "s= of another service", with: answered(rsaRecord("s=other; ")), wanted: "key-service-not-allowed" },
    { name: "s= with email", with: answered(rsaRecord("s=other:email; ")), wanted: "pass" },
    {
      name: "t=s and a subdomain in i=",
      mail: { tags: { i: "@a.example.com" } },
      with: answered(rsaRecord("t=y:s; ")),
      wanted: "key-identity-not-allowed",
    },
    {
      name: "t=s and i= at d=",
      mail: { tags: { i: "x@example.com" } },
      with: answered(rsaRecord("t=s; ")),
      wanted: "pass",
    },
    { name: "p= with characters that are no base64", with: answered("p=MIG*"), wanted: "key-syntax" },
    { name: "p= of nonsense", with: answered("p=AAAA"), wanted: "key-syntax" },
    { name: "p= with octets behind the key", with: answered(recordOf(rsa, "junk")), wanted: "key-syntax" },
    {
      name: "p= as a bare RSAPublicKey",
      with: answered(`p=${rsa.publicKey.export({ format: "der", type: "pkcs1" }).toString("base64")}`),
      wanted: "pass",
    },
    {
      name: "an Ed25519 key as SubjectPublicKeyInfo",
      mail: { tags: { a: "ed25519-sha256" } },
      with: answered(`k=ed25519; p=${ed25519.publicKey.export({ format: "der", type: "spki" }).toString("base64")}`),
      wanted: "key-syntax",
    },
    {
      name: "an Ed25519 key under k=rsa",
      mail: { tags: { a: "ed25519-sha256" } },
      with: answered(`k=rsa; p=${ed25519.publicKey.export({ format: "der", type: "spki" }).toString("base64")}`),
      wanted: "key-syntax",
    },

    { name: "l= above the body's length", mail: { tags: { l: "26" } }, wanted: "body-shorter-than-signed" },
    { name: "another body", with: { body: "other\r\n" }, wanted: "body-hash-mismatch" },
    {
      name: "a key that is another's",
      with: answered(recordOf(generateKeyPairSync("rsa", { modulusLength: 1024 }))),
      wanted: "signature-mismatch",
    },

    { name: "rsa-sha1", mail: { tags: { a: "rsa-sha1" } }, wanted: "weak-algorithm" },
    {
      name: "rsa-sha1 where it is let through",
      mail: { tags: { a: "rsa-sha1" } },
      with: { policy: { rsaSha1: "accept" } },
      wanted: "pass",
    },
    { name: "a 512-bit key", mail: { key: rsa512.privateKey }, with: answered(recordOf(rsa512)), wanted: "weak-key" },
    {
      name: "a 512-bit key where it is let through",
      mail: { key: rsa512.privateKey },
      with: { ...answered(recordOf(rsa512)), policy: { minimumKeyBits: 512 } },
      wanted: "pass",
    },
    {
      name: "a key of more than 4096 bits",
      mail: { key: rsa8192.privateKey },
      with: answered(recordOf(rsa8192)),
      wanted: "key-too-long",
    },
    { name: "l= of a part of the body", mail: { tags: { l: "10" } }, wanted: "body-not-fully-signed" },
    {
      name: "l= of a part where it is let through",
      mail: { tags: { l: "10" } },
      with: { policy: { partialBody: "accept" } },
      wanted: "pass",
    },
    {
      name: "rsa-sha1 on an altered body",
      mail: { tags: { a: "rsa-sha1" } },
      with: { body: "other\r\n" },
      wanted: "body-hash-mismatch",
    },
  ];
}
