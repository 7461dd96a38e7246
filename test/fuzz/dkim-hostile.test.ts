// No message and no key record makes the engine throw, and none takes more than linear time.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createBodyHasher } from "../../src/dkim/body-hash.ts";
import { defaultVerifyPolicy } from "../../src/dkim/engine.ts";
import { failures } from "../../src/dkim/failure.ts";
import { createKeyCache, readKeyRecord } from "../../src/dkim/key-record.ts";
import { signMessage } from "../../src/dkim/sign.ts";
import { parseDkimSignature } from "../../src/dkim/signature.ts";
import { readSignatureFields } from "../../src/dkim/signature-fields.ts";
import { verifyMessage } from "../../src/dkim/verify.ts";
import { splitHeader } from "../../src/mail/header.ts";
import type { Answer } from "../../src/rr/answer.ts";
import { keyRecords, signedAt, signRequests } from "../corpora-run/sign-requests.ts";
import { countWork } from "../support/work.ts";

/** Pieces of the grammar, so that random text gets past its first character. */
const tagPieces = fc.constantFrom(
  ...'abcdhiklnpqstvxz=;:@.+/ \t\0\xe9\xff"(<',
  "\r\n ",
  "v=1;",
  "a=rsa-sha256;",
  "a=ed25519-sha256;",
  "c=relaxed/simple;",
  "d=example.com;",
  "s=r;",
  "h=From:To;",
  "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;",
  "b=AAAA;",
  "l=0;",
  "x=99999999999999999999;",
  "i=@example.com;",
  "q=dns/txt;",
  "v=DKIM1;",
  "k=ed25519;",
  "p=MIGf",
  "t=s:y;",
);
const tagText = fc.array(tagPieces, { maxLength: 40 }).map((pieces) => pieces.join(""));
const headerPieces = fc.constantFrom(
  "DKIM-Signature:",
  "DomainKey-Signature :",
  "From:",
  "Sender: <",
  "\r\n",
  "\n",
  "\r",
  " ",
  ":",
  "\0",
  "x",
);
const headerText = fc
  .array(fc.oneof(headerPieces, tagText), { maxLength: 30 })
  .map((pieces) => Buffer.from(pieces.join(""), "latin1"));
const answers: fc.Arbitrary<Answer<"TXT">> = fc.oneof(
  fc
    .array(fc.array(tagText, { maxLength: 3 }), { maxLength: 7 })
    .map((records) => ({ status: "found", records, ttlSeconds: 1, secure: false }) as const),
  fc.constantFrom(
    { status: "nodata", ttlSeconds: 1, secure: false } as const,
    { status: "trouble", trouble: "timeout" } as const,
    { status: "found", records: [[...keyRecords.values()].slice(0, 1)], ttlSeconds: 1, secure: false } as const,
  ),
);

test("no message and no answer makes verification throw, and every result has its reason", () => {
  fc.assert(
    fc.property(headerText, fc.uint8Array({ maxLength: 50 }), answers, (header, body, answer) => {
      const { fields } = splitHeader(header);
      const read = readSignatureFields(fields, defaultVerifyPolicy);
      const keys = read.flatMap(({ keyName }) => (keyName === undefined ? [] : [[keyName, answer] as const]));
      const results = verifyMessage({
        header,
        body: { chunks: [body] },
        keys,
        now: signedAt,
        policy: defaultVerifyPolicy,
      });
      assert.equal(results.length, read.length);
      for (const { result, reason, domain, selector, algorithm, identity, b } of results) {
        assert.equal(reason === undefined ? "pass" : failures[reason], result);
        assert.match(domain + selector + algorithm + identity + b, /^[!-~]*$/);
        assert.ok(b.length <= 8);
      }
      structuredClone(results);
    }),
    { numRuns: 3000 },
  );
});

test("no header makes signing throw", () => {
  const requests = signRequests().slice(0, 2);
  fc.assert(
    fc.property(headerText, fc.uint8Array({ maxLength: 50 }), (header, body) => {
      assert.equal(signMessage({ header, body: { chunks: [body] }, requests }).length, requests.length);
    }),
    { numRuns: 100 },
  );
});

test("no text makes a key record throw", () => {
  fc.assert(
    fc.property(fc.array(tagText, { maxLength: 3 }), (record) => {
      assert.equal(typeof readKeyRecord(record), "object");
    }),
    { numRuns: 3000 },
  );
});

const cache = createKeyCache();

/** Inputs that grow with n and have made some parser quadratic. */
const growing: readonly { name: string; sizes: readonly [number, number]; run: (n: number) => unknown }[] = [
  body("spaces alone", (n) => " ".repeat(n)),
  body("line ends alone", (n) => "\r\n".repeat(n / 2)),
  body("CRs alone", (n) => "\r".repeat(n)),
  body("one line", (n) => "x".repeat(n)),
  body("blanks before each line end", (n) => "x \t\r\n".repeat(n / 5)),
  header("one field of many folds", (n) => `X: y${"\r\n z".repeat(n / 4)}\r\n`),
  header("many fields", (n) => "X: y\r\n".repeat(n / 6)),
  header("a name without end", (n) => "x".repeat(n)),
  signature("many tags", (n) => Array.from({ length: n / 8 }, (_, i) => `t${i}=1`).join(";")),
  signature("semicolons alone", (n) => ";".repeat(n)),
  signature("equal signs alone", (n) => "=".repeat(n)),
  signature("a long h=", (n) => `v=1; a=rsa-sha256; bh=a; d=a.b; s=c; b=a; h=from${":x".repeat(n / 2)}`),
  signature("a b= of blanks", (n) => `b=${" ".repeat(n)}x`),
  signature("an i= of equal signs", (n) => `i=${"=".repeat(n)}@a.b`),
  {
    name: "h= and fields of the same name",
    sizes: [450, 900],
    run: (n) => {
      const list = `from${":x".repeat(n)}`;
      const text = `DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=r; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=aaaa; h=${list}\r\nFrom: a\r\n${"x: y\r\n".repeat(n)}`;
      const keys = [
        [
          "r._domainkey.example.com",
          { status: "found", records: [[...keyRecords.values()].slice(0, 1)], ttlSeconds: 1, secure: false },
        ],
      ] as const;
      const job = { header: Buffer.from(text), body: { chunks: [] }, keys, now: 0, policy: defaultVerifyPolicy };
      return verifyMessage(job, cache);
    },
  },
];

for (const { name, sizes, run } of growing) {
  test(`double the input is double the work: ${name}`, (t) => {
    const [small, large] = sizes.map((n) => countWork(() => run(n)));
    t.diagnostic(`${small} steps, then ${large}`);
    assert.ok(small !== undefined && large !== undefined && small >= sizes[0], "work is seen");
    assert.ok(large <= 2.2 * small, `${large} steps for ${sizes[1]}, ${small} for ${sizes[0]}`);
  });
}

function body(name: string, make: (n: number) => string) {
  return {
    name: `a body of ${name}`,
    sizes: [500_000, 1_000_000] as const,
    run: (n: number) => {
      const octets = inputs(name, n, make);
      const hasher = createBodyHasher([
        { canonicalization: "relaxed", hash: "sha256" },
        { canonicalization: "simple", hash: "sha256" },
      ]);
      for (let at = 0; at < octets.length; at += 1460) hasher.update(octets.subarray(at, at + 1460));
      return hasher.digest();
    },
  };
}

function header(name: string, make: (n: number) => string) {
  const limits = { maxBytes: Infinity, maxFields: Infinity, maxLines: Infinity };
  return {
    name: `a header of ${name}`,
    sizes: [100_000, 200_000] as const,
    run: (n: number) => splitHeader(inputs(name, n, make), limits),
  };
}

function signature(name: string, make: (n: number) => string) {
  return {
    name: `a signature of ${name}`,
    sizes: [100_000, 200_000] as const,
    run: (n: number) => parseDkimSignature(inputs(name, n, make).toString("latin1")),
  };
}

const made = new Map<string, Buffer>();

/** The input, made once: making it is not what is measured. */
function inputs(name: string, n: number, make: (n: number) => string): Buffer {
  const key = `${name} ${n}`;
  const known = made.get(key) ?? Buffer.from(make(n), "latin1");
  made.set(key, known);
  return known;
}
