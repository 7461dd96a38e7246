import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createBodyHasher, readDigests } from "../../../src/dkim/body-hash.ts";
import type { BodyDigestSpec } from "../../../src/mail/digest.ts";

const simple: BodyDigestSpec = { canonicalization: "simple", hash: "sha256" };
const relaxed: BodyDigestSpec = { canonicalization: "relaxed", hash: "sha256" };

function digest(spec: BodyDigestSpec, ...chunks: readonly string[]): { hash: string; canonicalBytes: number } {
  const hasher = createBodyHasher([spec]);
  for (const chunk of chunks) hasher.update(Buffer.from(chunk, "latin1"));
  const [result] = hasher.digest();
  return { hash: Buffer.from(result?.digest ?? []).toString("hex"), canonicalBytes: result?.canonicalBytes ?? -1 };
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "latin1").digest("hex");
}

const cases: readonly { name: string; chunks: readonly string[]; simple: string; relaxed: string }[] = [
  { name: "an empty body", chunks: [], simple: "\r\n", relaxed: "" },
  { name: "empty lines alone", chunks: ["\r\n\r", "\n\r\n"], simple: "\r\n", relaxed: "" },
  { name: "blanks alone", chunks: [" \t", " "], simple: " \t \r\n", relaxed: "" },
  { name: "a last line without CRLF", chunks: ["a\r\nb"], simple: "a\r\nb\r\n", relaxed: "a\r\nb\r\n" },
  { name: "a last line of blanks", chunks: ["a\r\n", " \t"], simple: "a\r\n \t\r\n", relaxed: "a\r\n" },
  {
    name: "a line end cut in two",
    chunks: ["a\r", "\nb\r", "\n\r", "\n"],
    simple: "a\r\nb\r\n",
    relaxed: "a\r\nb\r\n",
  },
  {
    name: "blanks before a cut line end",
    chunks: ["a ", "\t\r", "\nb"],
    simple: "a \t\r\nb\r\n",
    relaxed: "a\r\nb\r\n",
  },
  { name: "a run of blanks over three chunks", chunks: ["a ", "\t", " b"], simple: "a \t b\r\n", relaxed: "a b\r\n" },
  {
    name: "a bare CR as content",
    chunks: ["a \r", "b\rc\r", "\r\n"],
    simple: "a \rb\rc\r\r\n",
    relaxed: "a \rb\rc\r\r\n",
  },
  { name: "a bare CR at the very end", chunks: ["a\r"], simple: "a\r\r\n", relaxed: "a\r\r\n" },
  { name: "a bare LF as content", chunks: ["a\n", " \nb "], simple: "a\n \nb \r\n", relaxed: "a\n \nb\r\n" },
  {
    name: "empty lines in the middle",
    chunks: ["a\r\n", "\r\n\r\n", "b"],
    simple: "a\r\n\r\n\r\nb\r\n",
    relaxed: "a\r\n\r\n\r\nb\r\n",
  },
  { name: "a leading blank", chunks: ["\r\n \ta"], simple: "\r\n \ta\r\n", relaxed: "\r\n a\r\n" },
  {
    name: "NUL and 8-bit octets",
    chunks: ["\0\xff  \x80\t"],
    simple: "\0\xff  \x80\t\r\n",
    relaxed: "\0\xff \x80\r\n",
  },
];

for (const { name, chunks, ...wanted } of cases) {
  test(`hashes ${name}`, () => {
    for (const spec of [simple, relaxed]) {
      const text = spec.canonicalization === "simple" ? wanted.simple : wanted.relaxed;
      assert.deepEqual(digest(spec, ...chunks), { hash: sha256(text), canonicalBytes: text.length });
      assert.deepEqual(digest(spec, chunks.join("")), { hash: sha256(text), canonicalBytes: text.length });
    }
  });
}

test("takes blocks of more than 64 KiB with blanks and line ends at the seams", () => {
  const line = `${"x".repeat(61)} \t \r\n`;
  const canonical = `${"x".repeat(61)}\r\n`;
  for (const times of [1023, 1024, 1025, 4100]) {
    assert.equal(digest(relaxed, line.repeat(times)).hash, sha256(canonical.repeat(times)), `${times} lines`);
    assert.equal(digest(relaxed, " ".repeat(times * 64), "y").hash, sha256(" y\r\n"), `${times * 64} blanks`);
    assert.equal(
      digest(relaxed, "y", "\r\n".repeat(times * 64), "y").hash,
      sha256(`y${"\r\n".repeat(times * 64)}y\r\n`),
    );
  }
});

test("stops the digest at l= and tells how long the whole body is", () => {
  const body = "ab  c\r\n\r\n";
  const lengths = [0, 1, 3, 4, 6, 7, 100];
  const specs = [...lengths.map((length) => ({ ...relaxed, length })), relaxed, { ...relaxed, hash: "sha1" } as const];
  const hasher = createBodyHasher(specs);
  for (const char of body) hasher.update(Buffer.from(char));
  const digests = hasher.digest();
  for (const [i, length] of lengths.entries()) {
    const got = digests[i];
    assert.equal(Buffer.from(got?.digest ?? []).toString("hex"), sha256("ab c\r\n".slice(0, length)), `l=${length}`);
    assert.equal(got?.canonicalBytes, 6);
    assert.equal(got?.length, length);
  }
  assert.equal(Buffer.from(digests[7]?.digest ?? []).toString("hex"), sha256("ab c\r\n"));
  assert.equal(digests[8]?.digest.length, 20);
});

test("hashes a DomainKeys header and body as one, the empty line between them as the body's first", () => {
  const prefix = Buffer.from("From:a@b.example\r\n");
  const nofws: BodyDigestSpec = { canonicalization: "nofws", hash: "sha256", prefix };
  assert.equal(digest(nofws, "a b\r", "\n\r\n c\t\rd\r\n\r\n").hash, sha256(`${prefix}\r\nab\r\n\r\ncd\r\n`));
  assert.equal(digest({ ...nofws, canonicalization: "simple" }, "a b\r\n\r\n").hash, sha256(`${prefix}\r\na b\r\n`));
  assert.equal(digest(nofws, "\r\n \r\n").hash, sha256(`${prefix}`));
  // A file may end within a line; over SMTP the line has its end.
  assert.equal(digest(nofws, "a b").hash, sha256(`${prefix}\r\nab\r\n`));
});

test("a body in one block has the digest that it has octet by octet", () => {
  for (const text of ["", "\r\n", "a", "a \t b \r\n\r\n", "a\r", " a\r\n\r\nb  c", "\r\n\r\n", "a\r\n \r\n"]) {
    const octets = Buffer.from(text);
    for (const canonicalization of ["simple", "relaxed", "nofws"] as const) {
      for (const hash of ["sha256", "sha1"] as const) {
        const spec = { canonicalization, hash };
        const pieces = Array.from(octets, (octet) => Buffer.of(octet));
        assert.deepEqual(readDigests({ chunks: [octets] }, [spec]), readDigests({ chunks: pieces }, [spec]), text);
      }
    }
  }
});
