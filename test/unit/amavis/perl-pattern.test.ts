// Perl patterns as RE2 gets them: what they become, what is refused, and that they match the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compilePattern } from "../../../src/amavis/perl-match.ts";
import { translatePattern } from "../../../src/amavis/perl-pattern.ts";

const translations: readonly (readonly [source: string, flags: string, pattern: string])[] = [
  ["^a$", "", "^a$"],
  ["^a$", "i", "(?i)^a$"],
  ["a.b", "msi", "(?msi)a.b"],
  ["a b # c\n [ #] \\  \\#", "x", "ab[ #]\\ \\#"],
  ["(?x) a b", "", "ab"],
  ["(?x: a b) c", "", "(?:ab) c"],
  ["(?^i:foo)bar", "", "(?i-ms:foo)bar"],
  ["(?i)x(?-i)y", "", "(?i)x(?-i)y"],
  ["a(?#note)b", "", "ab"],
  ["(?<name>a)(?'other'b)", "", "(?P<name>a)(?P<other>b)"],
  ["\\h\\v\\Z\\e\\000\\x{263a}\\xa\\cA", "", "[ \\t][\\n\\x0b\\f\\r](?:\\n?\\z)\\x1b\\x{0}\\x{263a}\\x{a}\\x{1}"],
  ["[\\h\\b\\]\\/]", "", "[ \\t\\x08\\]\\/]"],
  ["[]a[:alpha:][]", "", "[\\]a[:alpha:]\\[]"],
  ["\\@\\_\\-\\é\\'", "", "\\@\\_\\-é\\'"],
  ["x{2,3}y{", "", "x{2,3}y{"],
  ["x{,3}y{,}", "", "x{0,3}y{,}"],
  ["a+?b*?c??", "", "a+?b*?c??"],
  ["0+(?!\\d)", "", "0+(?:\\z|\\D)"],
  ["x(?![abc])", "", "x(?:\\z|[^abc])"],
];
for (const [source, flags, pattern] of translations) {
  test(`/${source.replaceAll("\n", "\\n")}/${flags} becomes ${pattern}`, () => {
    assert.deepEqual(translatePattern(source, flags), { pattern });
    assert.ok("program" in compilePattern(pattern));
  });
}

const refusals: readonly (readonly [source: string, fault: RegExp])[] = [
  ["a(?=b)", /no lookahead/],
  ["a(?!b)c", /no lookahead/],
  ["(?<!a)b", /no lookbehind/],
  ["(a)\\1", /no backreferences/],
  ["(?<n>a)\\k<n>", /no backreferences/],
  ["a++", /no possessive/],
  ["(?>a)", /\(\?>/],
  ["(?(1)a|b)", /\(\?\(/],
  ["(?R)", /RE2 has no/],
  ["(*FAIL)", /no verbs/],
  ["\\Ga", /\\G/],
  ["[a", /never closed/],
  ["a)", /closes nothing/],
  ["a\\", /backslash/],
  ["(".repeat(300), /nest too deeply/],
  ["a".repeat(5000), /longer than/],
];
for (const [source, fault] of refusals) {
  test(`/${source.slice(0, 20)}/ is refused`, () => {
    const translated = translatePattern(source, "");
    assert.match("fault" in translated ? translated.fault : "", fault);
  });
}

/** Patterns with lookahead that can be said without, and letters that come near them. */
const lookaheads: readonly (readonly [source: string, flags: string, parts: readonly string[]])[] = [
  [
    "^(?!cid:).*\\.[^./]*[A-Za-z][^./]*\\.\\s*(exe|vbs)[.\\s]*$",
    "i",
    ["cid:", "ci", "CID", "a.b", ".exe", ".vbs", ".", " ", ":", "x"],
  ],
  ["^(ASCII(?! cpio)|text|uuencoded)", "i", ["ASCII", " cpio", " cp", "text", " ", "x"]],
  [
    "^(Email|HTML)\\.Phishing\\.(?!.*Sanesecurity)",
    "",
    ["Email.Phishing.", "Sanesecurity", "S", "San", "Sanesecurit", "x", "\n"],
  ],
  ["^x(?!.*aabaaa)", "", ["x", "a", "b", "aab", "aabaa", "\n"]],
  ["^x(?!.*aabaaa)", "i", ["x", "A", "b", "aab", "aabaa", "\n"]],
  ["^a(?!.*aa)", "", ["a", "b"]],
  ["^(?!a|bc).*\\.x$", "", ["a", "b", "c", ".x", "."]],
  ["files: 0+(?!\\d)", "", ["files: ", "0", "1", "x"]],
];
for (const [source, flags, parts] of lookaheads) {
  test(`/${source}/${flags} matches what it says without looking ahead`, () => {
    const translated = translatePattern(source, flags);
    assert.ok("pattern" in translated);
    const compiled = compilePattern(translated.pattern);
    assert.ok("program" in compiled);
    const native = new RegExp(source, flags);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 12 }), (chosen) => {
        const text = chosen.join("");
        assert.equal(compiled.program.matcher(text).find(), native.test(text), JSON.stringify(text));
      }),
      { numRuns: 400 },
    );
  });
}

test("translation never throws, and what it gives compiles or is refused", () => {
  const alphabet = fc.constantFrom(..."ab.()[]{}|*+?^$\\-,:!=<>#12 \nxXdDzZkK&'");
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 24 }), fc.constantFrom("", "i", "x", "ms"), (letters, flags) => {
      const translated = translatePattern(letters.join(""), flags);
      if ("pattern" in translated) compilePattern(translated.pattern);
    }),
    { numRuns: 3000 },
  );
});
