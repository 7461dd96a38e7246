import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, domainOfOctets, encodeUtf8, toAscii } from "../../../src/mail/domain.ts";

const names: readonly (readonly [string, string | undefined])[] = [
  ["Example.COM", "example.com"],
  ["example.com.", "example.com"],
  ["example.com..", undefined],
  ["a_b.example", "a_b.example"],
  ["-a-.example", "-a-.example"],
  ["XN--BCHER-KVA.example", "xn--bcher-kva.example"],
  ["Bücher.example", "xn--bcher-kva.example"],
  ["straße.example", "xn--strae-oqa.example"],
  // Full stops in disguise (U+3002, U+FF0E, U+FF61) divide labels like the real one.
  ["b.c\u3002evil.net", "b.c.evil.net"],
  ["legit\uff0eexample\uff61", "legit.example"],
  ["ｅxample.com", "example.com"],
  ["le\u00adgit.example", "legit.example"],
  // A homoglyph stays a different name.
  ["\u0430pple.example", "xn--pple-43d.example"],
  ["a\u200db.example", undefined],
  ["\u200d.example", undefined],
  ["\u00ad.example", undefined],
  ["a\u2024b.example", undefined],
  ["１２７.１", undefined],
  ["ä.0x7f", undefined],
  ["a／b.example", undefined],
  ["ä/b.example", undefined],
  ["ä%41.example", undefined],
  ["ä％41.example", undefined],
  ["ä@b.example", undefined],
  // ASCII never reaches the URL parser, which would make addresses of these.
  ["1.2.3", "1.2.3"],
  ["0x7f.1", "0x7f.1"],
  ["a/b.example", undefined],
  ["a%41.example", undefined],
  ["a b.example", undefined],
  ["a'b.example", undefined],
  ["legit.example\u0000.evil.example", undefined],
  ["a..b", undefined],
  [".a", undefined],
  [".", undefined],
  ["", undefined],
  [`${"a".repeat(63)}.example`, `${"a".repeat(63)}.example`],
  [`${"a".repeat(64)}.example`, undefined],
  [`${"ä".repeat(63)}.example`, undefined],
  [`${"a.".repeat(126)}a`, `${"a.".repeat(126)}a`],
  [`${"a.".repeat(127)}a`, undefined],
  ["ä".repeat(100_000), undefined],
];

for (const [name, ascii] of names) {
  test(`${JSON.stringify(name).slice(0, 50)} is ${ascii?.slice(0, 50) ?? "no domain"}`, () => {
    assert.equal(toAscii(name), ascii);
    if (ascii !== undefined) assert.equal(toAscii(ascii), ascii, "the form is final");
    assert.equal(domainOfOctets(encodeUtf8(name)), ascii);
  });
}

test("octets that are not UTF-8 are no domain", () => {
  assert.equal(domainOfOctets("b\xfccher.example"), undefined);
  assert.equal(decodeUtf8("b\xfccher"), undefined);
  assert.equal(decodeUtf8("b\xc3\xbccher"), "bücher");
  assert.equal(encodeUtf8("bücher"), "b\xc3\xbccher");
});
