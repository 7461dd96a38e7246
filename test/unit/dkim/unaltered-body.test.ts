import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { createBodyHasher } from "../../../src/dkim/body-hash.ts";
import { isDigestOfOctets } from "../../../src/dkim/unaltered-body.ts";
import type { BodyDigestSpec } from "../../../src/mail/digest.ts";

const relaxed: BodyDigestSpec = { canonicalization: "relaxed", hash: "sha256" };
const simple: BodyDigestSpec = { canonicalization: "simple", hash: "sha256" };

/** Body, whether "simple" leaves it as it is, whether "relaxed" does. */
const bodies: readonly (readonly [string, boolean, boolean])[] = [
  ["Hello, world.\r\n", true, true],
  ["\r\nHello\r\n\r\nworld.\r\n", true, true],
  ["Hello  world.\r\n", true, false],
  ["Hello\tworld.\r\n", true, false],
  ["Hello \r\nworld.\r\n", true, false],
  [" Hello\r\n", true, true],
  ["Hello \r\n", true, false],
  ["Hello\r\n\r\n", false, false],
  ["Hello", false, false],
  ["Hello\n", false, false],
  ["Hello\r", false, false],
  ["", false, false],
  ["a\rb\nc\r\n", true, true],
];
for (const [body, isSimple, isRelaxed] of bodies) {
  test(`${JSON.stringify(body)}: as it is by simple ${isSimple}, by relaxed ${isRelaxed}`, () => {
    const chunks = [Buffer.from(body)];
    assert.equal(isDigestOfOctets(simple, chunks), isSimple);
    assert.equal(isDigestOfOctets(relaxed, chunks), isRelaxed);
  });
}

test("whatever is said to be as it is has the digest of its octets", () => {
  const piece = fc.constantFrom("\r\n", " ", "\t", "a", "--b", "\r", "\n", "word word");
  const body = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join("")));
  let same = 0;
  fc.assert(
    fc.property(body, fc.constantFrom(simple, relaxed), (octets, spec) => {
      if (!isDigestOfOctets(spec, [octets])) return;
      same += 1;
      const hasher = createBodyHasher([spec]);
      hasher.update(octets);
      assert.deepEqual(hasher.digest()[0]?.digest, createHash("sha256").update(octets).digest());
    }),
    { numRuns: 3000 },
  );
  assert.ok(same > 100);
});

test("part of a body, another hash, DomainKeys, several or large blocks are another digest, or not looked at", () => {
  const chunks = [Buffer.from("Hello, world.\r\n")];
  for (const other of [
    { length: 5 },
    { hash: "sha1" },
    { prefix: Buffer.from("x") },
    { canonicalization: "nofws" },
  ] as const)
    assert.equal(isDigestOfOctets({ ...simple, ...other }, chunks), false);
  assert.equal(isDigestOfOctets(simple, []), false);
  assert.equal(isDigestOfOctets(simple, [...chunks, ...chunks]), false);
  assert.equal(isDigestOfOctets(simple, [Buffer.from(`${"x".repeat(100_000)}\r\n`)]), false);
});
