import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { createBodyHasher } from "../../../src/dkim/body-hash.ts";
import { isDigestOfOctets } from "../../../src/dkim/unaltered-body.ts";
import type { BodyDigestSpec } from "../../../src/mail/digest.ts";
import type { Body } from "../../../src/mail/message.ts";

const relaxed: BodyDigestSpec = { canonicalization: "relaxed", hash: "sha256" };
const simple: BodyDigestSpec = { canonicalization: "simple", hash: "sha256" };

function bodyOf(...chunks: readonly Buffer[]): Body {
  return { kind: "memory", sizeBytes: chunks.reduce((sum, { length }) => sum + length, 0), chunks };
}

/** What is said of a body in these chunks, and the digest that was made of it. */
function judged(spec: BodyDigestSpec, ...chunks: readonly Buffer[]) {
  const hasher = createBodyHasher([spec]);
  for (const chunk of chunks) hasher.update(chunk);
  const [made] = hasher.digest();
  return { isOfOctets: isDigestOfOctets(spec, made?.canonicalBytes ?? -1, bodyOf(...chunks)), digest: made?.digest };
}

/** Body, whether "simple" leaves it as it is, whether "relaxed" does. */
const bodies: readonly (readonly [string, boolean, boolean])[] = [
  ["Hello, world.\r\n", true, true],
  ["\r\nHello\r\n\r\nworld.\r\n", true, true],
  ["Hello  world.\r\n", true, false],
  ["Hello\tworld.\r\n", true, false],
  ["Hello \r\nworld.\r\n", true, false],
  // As long as before: two octets gone, and a CRLF added.
  ["Hello   world.", false, false],
  ["Hello\r\n\r\nworld.  \r\n\r\n", false, false],
  [" Hello\r\n", true, true],
  ["Hello \r\n", true, false],
  ["Hello\r\n\r\n", false, false],
  ["\r\n", true, false],
  ["Hello", false, false],
  ["Hello\n", false, false],
  ["Hello\r", false, false],
  ["", false, false],
  ["a\rb\nc\r\n", true, true],
];
for (const [body, isSimple, isRelaxed] of bodies) {
  test(`${JSON.stringify(body)}: as it is by simple ${isSimple}, by relaxed ${isRelaxed}`, () => {
    const octets = Buffer.from(body);
    assert.equal(judged(simple, octets).isOfOctets, isSimple);
    assert.equal(judged(relaxed, octets).isOfOctets, isRelaxed);
  });
}

test("whatever is said to be as it is has the digest of its octets, in one chunk or several", () => {
  const piece = fc.constantFrom("\r\n", " ", "\t", "a", "--b", "\r", "\n", "word word");
  const chunk = fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.from(pieces.join("")));
  const chunks = fc.array(chunk, { minLength: 1, maxLength: 3 });
  let same = 0;
  fc.assert(
    fc.property(chunks, fc.constantFrom(simple, relaxed), (octets, spec) => {
      const { isOfOctets, digest } = judged(spec, ...octets);
      if (!isOfOctets) return;
      same += 1;
      assert.deepEqual(digest, createHash("sha256").update(Buffer.concat(octets)).digest());
    }),
    { numRuns: 5000 },
  );
  assert.ok(same > 100);
});

test("part of a body, another hash, DomainKeys, a body on disk are another digest, or not looked at", () => {
  const octets = Buffer.from("Hello, world.\r\n");
  const body = bodyOf(octets);
  assert.equal(isDigestOfOctets(simple, octets.length, body), true);
  for (const other of [
    { length: 5 },
    { hash: "sha1" },
    { prefix: Buffer.from("x") },
    { canonicalization: "nofws" },
  ] as const)
    assert.equal(isDigestOfOctets({ ...simple, ...other }, octets.length, body), false);
  const spooled: Body = {
    kind: "spool",
    sizeBytes: octets.length,
    read: async function* () {
      yield octets;
    },
  };
  assert.equal(isDigestOfOctets(simple, octets.length, spooled), false);
});
