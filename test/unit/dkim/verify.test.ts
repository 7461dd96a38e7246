import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Failure } from "../../../src/dkim/failure.ts";
import type { Answer } from "../../../src/rr/answer.ts";
import {
  body,
  ed25519,
  ed25519Record,
  fields,
  found,
  type HandMade,
  now,
  rsa,
  rsaRecord,
  signByHand,
  type VerifyWith,
  verifyLines,
} from "./hand-made.ts";

interface Case {
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

const cases: readonly Case[] = [
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
  { name: "h= that names absent fields", mail: { tags: { h: "From:To:Subject:Date:Cc:from:X-None" } }, wanted: "pass" },
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

  { name: "a DNS failure", with: { answer: { status: "trouble", trouble: "servfail" } }, wanted: "key-lookup-failed" },
  { name: "a key name that does not exist", with: { answer: { status: "nxdomain", ...nowhere } }, wanted: "no-key" },
  { name: "a key name without TXT", with: { answer: { status: "nodata", ...nowhere } }, wanted: "no-key" },
  {
    name: "six TXT records",
    with: { answer: found(...new Array<string>(6).fill(rsaRecord())) },
    wanted: "too-many-key-records",
  },
  { name: "a record of 5 kB", with: answered(`${rsaRecord()}; n=${"x".repeat(5000)}`), wanted: "key-record-too-large" },
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

for (const { name, mail, with: options, wanted } of cases) {
  test(`${name}: ${wanted}`, () => {
    const [got, ...more] = verifyLines([signByHand(mail), ...fields], options);
    assert.equal(got?.reason ?? got?.result, wanted);
    assert.deepEqual(more, []);
  });
}

test("tells what it knows of a signature, readable or not", () => {
  const tags = { d: "Example.COM", t: String(now), x: String(now + 9), i: "a=40b@x.example.com" };
  const [got] = verifyLines([signByHand({ tags }), ...fields], { answer: found(rsaRecord("t=y; ")) });
  const { b, ...rest } = got ?? { b: "" };
  assert.match(b, /^[A-Za-z0-9+/]{8}$/);
  assert.deepEqual(rest, {
    kind: "dkim",
    result: "pass",
    domain: "example.com",
    selector: "s",
    algorithm: "rsa-sha256",
    identity: "a@b@x.example.com",
    signedAt: now,
    expiresAt: now + 9,
    keyBits: 1024,
    testing: true,
  });
  const [broken] = verifyLines(["DKIM-Signature: d=a b\0(; s=\xe9; a=x\ty; b= Zg \r\n Zh\r\n"]);
  assert.deepEqual(broken, {
    kind: "dkim",
    result: "permerror",
    reason: "missing-tag",
    domain: "a?b?(",
    selector: "?",
    algorithm: "x?y",
    identity: "@a?b?(",
    b: "ZgZh",
  });
});

test("names fields of which there are more than are signed", () => {
  const signature = signByHand();
  const lines = ["Subject: two\r\n", "From: Eve <eve@evil.example>\r\n", "Reply-To: a@b\r\n", "Reply-To: c@d\r\n"];
  const [got] = verifyLines([...lines, signature, ...fields]);
  assert.equal(got?.result, "pass");
  assert.deepEqual(got?.unsignedInstances, ["from", "reply-to", "subject"]);
  const [altered] = verifyLines(["From: Eve <eve@evil.example>\r\n", signature, ...fields.slice(1)]);
  assert.equal(altered?.reason, "signature-mismatch");
  const [ambiguous] = verifyLines([signature, ...fields, "From: Eve <eve@evil.example>\r\n"]);
  assert.equal(ambiguous?.reason, "several-from-fields");
});

test("an oversigned field cannot be added, above or below", () => {
  const signature = signByHand({ tags: { h: "From:From:Subject:Subject:To:Date" } });
  for (const added of ["From: e@evil.example\r\n", "Subject: two\r\n"]) {
    assert.equal(verifyLines([added, signature, ...fields])[0]?.result, "fail");
    assert.notEqual(verifyLines([signature, ...fields, added])[0]?.result, "pass");
  }
});

test("judges ten signatures with five keys; what is broken takes nobody's place", () => {
  const good = Array.from({ length: 12 }, () => signByHand());
  const broken = "DKIM-Signature: v=1\r\n";
  const results = verifyLines([broken, ...good.slice(0, 5), broken, ...good.slice(5), ...fields]);
  assert.deepEqual(
    results.map(({ result, reason }) => reason ?? result),
    [
      "missing-tag",
      ...new Array(5).fill("pass"),
      "missing-tag",
      ...new Array(5).fill("pass"),
      "too-many-signatures",
      "too-many-signatures",
    ],
  );
  const selectors = ["a", "b", "c", "d", "e", "f", "a", "g"].map((s) => signByHand({ tags: { s } }));
  assert.deepEqual(
    verifyLines([...selectors, ...fields]).map(({ result, reason }) => reason ?? result),
    ["pass", "pass", "pass", "pass", "pass", "too-many-signatures", "pass", "too-many-signatures"],
  );
});

test("does not judge a header beyond the limits", () => {
  const padding = Array.from({ length: 1000 }, (_, i) => `X-${i}: y\r\n`);
  const [got] = verifyLines([signByHand(), ...fields, ...padding]);
  assert.equal(got?.result, "policy");
  assert.equal(got?.reason, "header-too-large");
});

test("a key that was not asked for counts as too many, never as a pass", () => {
  const answer: Answer<"TXT"> = found(rsaRecord());
  const [got] = verifyLines([signByHand(), ...fields], { answer, policy: { maxKeys: 0 } });
  assert.equal(got?.reason, "too-many-signatures");
});

test("verifies from digests made beforehand as from octets", async () => {
  const { readSignatureFields } = await import("../../../src/dkim/signature-fields.ts");
  const { createBodyHasher } = await import("../../../src/dkim/body-hash.ts");
  const { verifyMessage } = await import("../../../src/dkim/verify.ts");
  const { splitHeader } = await import("../../../src/mail/header.ts");
  const { defaultVerifyPolicy } = await import("../../../src/dkim/engine.ts");
  const header = Buffer.from([signByHand(), signByHand({ tags: { l: "10" } }), ...fields].join(""));
  const read = readSignatureFields(splitHeader(header).fields, defaultVerifyPolicy);
  const hasher = createBodyHasher(read.flatMap(({ digest }) => digest ?? []));
  for (const char of body) hasher.update(Buffer.from(char));
  const results = verifyMessage({
    header,
    body: { digests: hasher.digest() },
    keys: read.map(({ keyName }) => [keyName ?? "", found(rsaRecord())]),
    now,
    policy: defaultVerifyPolicy,
  });
  assert.deepEqual(
    results.map(({ result, reason }) => reason ?? result),
    ["pass", "body-not-fully-signed"],
  );
});
