import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRegexp, RegexpError } from "../../../src/lookup/regexp.ts";

/** pattern, what it must match, what it must not. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["(?i)^Joe\\@Ex\\.com\\z", ["joe@ex.com", "JOE@EX.COM"], ["joe@ex.com.", "joe@exxcom"]],
  ["(?^i:abc)", ["xABCx"], ["ab"]],
  ["^a\\Z", ["a", "a\n"], ["a\nb"]],
  ["a(?# a comment (sic)b", ["ab"], ["a b"]],
  ["(?x) ^ a \\ b [ ]c # the end", ["a b c"], ["ab c", "a bc"]],
  ["(?xi)a b", ["AB"], ["A B"]],
  ["[\\h]x\\h", [" x\t"], ["xx"]],
  ["[]a]b[^]]", ["]bx", "abx"], ["ab]"]],
  ["[[:alpha:]#]+@", ["a#@"], ["1@"]],
  ["(?i)^(?!cid:).*\\.exe$", ["a.exe", "A.EXE"], ["cid:a.exe", "CID:x.exe", "a.txt"]],
  ["\\A(?!x[)]y)(.*)z", ["x)z", "az"], ["x)yz"]],
  ["bücher", ["ein bücher"], ["bucher"]],
];

for (const [pattern, hits, misses] of cases) {
  test(`matches as Perl would: ${pattern}`, () => {
    const regexp = compileRegexp(pattern);
    for (const text of hits) assert.equal(regexp.test(text), true, JSON.stringify(text));
    for (const text of misses) assert.equal(regexp.test(text), false, JSON.stringify(text));
  });
}

for (const pattern of [
  "(",
  "a(?=b)",
  "a(?!b)",
  "^(?!a)x|y$",
  "(?<=a)b",
  "(?<!a)b",
  "(a)\\1",
  "a++",
  "(?>a)",
  "a{2000}",
  "*",
  "[z-a]",
  "a".repeat(20_000),
]) {
  test(`refuses what a linear-time engine cannot do: ${pattern.slice(0, 20)}`, () => {
    assert.throws(() => compileRegexp(pattern), RegexpError);
  });
}

test("groups are handed out, those that took no part as empty", () => {
  assert.deepEqual(compileRegexp("^(a)(b)?(c)$").groups("ac"), ["a", "", "c"]);
  assert.equal(compileRegexp("^(a)$").groups("b"), undefined);
});

test("no pattern makes the work grow faster than the text", () => {
  // A backtracking engine needs 2^n steps here: this test would not end.
  const regexp = compileRegexp("^(([a-z]+)+)+$");
  assert.equal(regexp.test(`${"a".repeat(8000)}!`), false);
  assert.equal(regexp.test("a".repeat(9000)), false, "longer than any address: not tried");
});
