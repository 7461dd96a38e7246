// Body hashing against a line-by-line reading of RFC 6376 section 3.4, at any chunking.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { createBodyHasher } from "../../src/dkim/body-hash.ts";
import type { BodyCanonicalization, BodyDigestSpec } from "../../src/mail/digest.ts";

/** Few characters, so that runs, cut line ends and blanks at every edge are common. */
const bodyText = fc
  .array(
    fc.constantFrom("a", "b", " ", "  ", "\t", "\r\n", "\r\n\r\n", "\r", "\n", " \r\n", "\xff", "=", "x".repeat(70)),
    {
      maxLength: 60,
    },
  )
  .map((pieces) => pieces.join(""));
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function reference(body: string, canonicalization: BodyCanonicalization): string {
  const lines = body.split("\r\n");
  if (lines.at(-1) === "") lines.pop();
  const canonical = lines.map((line) => {
    if (canonicalization === "simple") return line;
    if (canonicalization === "nofws") return line.replace(/[ \t\r\n]/g, "");
    return line.replace(/[ \t]+$/, "").replace(/[ \t]+/g, " ");
  });
  while (canonical.at(-1) === "") canonical.pop();
  if (canonical.length === 0) return canonicalization === "simple" ? "\r\n" : "";
  return `${canonical.join("\r\n")}\r\n`;
}

function chunksOf(body: string, places: readonly number[]): Buffer[] {
  const octets = Buffer.from(body, "latin1");
  const at = [0, ...places.map((place) => Math.floor(place * octets.length)), octets.length].sort((a, b) => a - b);
  return at.slice(1).map((end, i) => octets.subarray(at[i], end));
}

function digests(specs: readonly BodyDigestSpec[], chunks: readonly Uint8Array[]): string[] {
  const hasher = createBodyHasher(specs);
  for (const chunk of chunks) hasher.update(chunk);
  return hasher
    .digest()
    .map(({ digest, canonicalBytes }) => `${Buffer.from(digest).toString("hex")} ${canonicalBytes}`);
}

function wanted(canonical: string, length = canonical.length): string {
  return `${createHash("sha256").update(canonical.slice(0, length), "latin1").digest("hex")} ${canonical.length}`;
}

for (const canonicalization of ["simple", "relaxed"] as const) {
  test(`the ${canonicalization} body hash is that of the lines, however the body is cut, with any l=`, () => {
    fc.assert(
      fc.property(bodyText, cuts, fc.array(fc.nat(200), { maxLength: 4 }), (body, places, lengths) => {
        const canonical = reference(body, canonicalization);
        const spec = { canonicalization, hash: "sha256" } as const;
        assert.deepEqual(digests([spec, ...lengths.map((length) => ({ ...spec, length }))], chunksOf(body, places)), [
          wanted(canonical),
          ...lengths.map((length) => wanted(canonical, length)),
        ]);
      }),
      { numRuns: 3000 },
    );
  });
}

test("the nofws body hash is that of the lines behind the header, however the body is cut", () => {
  fc.assert(
    fc.property(bodyText, cuts, (body, places) => {
      const canonical = reference(body, "nofws");
      const text = canonical === "" ? "H:x\r\n" : `H:x\r\n\r\n${canonical}`;
      const spec: BodyDigestSpec = { canonicalization: "nofws", hash: "sha256", prefix: Buffer.from("H:x\r\n") };
      const [got = ""] = digests([spec], chunksOf(body, places));
      assert.equal(got.split(" ")[0], createHash("sha256").update(text, "latin1").digest("hex"));
    }),
    { numRuns: 2000 },
  );
});
