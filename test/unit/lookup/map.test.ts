// biome-ignore-all lint/suspicious/noTemplateCurlyInString: amavisd writes replacements so
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LookupSettings, RawTable } from "../../../src/lookup/table.ts";
import { booleanValue, nameListValue, numberValue, textValue } from "../../../src/lookup/value.ts";
import { compileAny, compileAs } from "./compile.ts";

interface Case {
  readonly title: string;
  readonly tables: readonly RawTable[];
  readonly settings?: Partial<LookupSettings>;
  /** address to [value, matching key]; undefined = no match. */
  readonly first: Readonly<Record<string, readonly [unknown, string] | undefined>>;
}

const cases: readonly Case[] = [
  { title: "an empty map yields nothing", tables: [], first: { "a@b.c": undefined, "": undefined } },
  {
    title: "a constant matches every address",
    tables: [1],
    first: { "a@b.c": [1, "(constant)"], "": [1, "(constant)"] },
  },
  { title: "an undef constant passes on to the next table", tables: [null, 7], first: { "a@b.c": [7, "(constant)"] } },
  { title: "false and 0 are values, not undef", tables: [false, 7], first: { "a@b.c": [false, "(constant)"] } },
  {
    title: "the first table that yields a defined value wins",
    tables: [{ "x.example": 1 }, { ".": 2 }],
    first: { "a@x.example": [1, "x.example"], "a@y.example": [2, "."] },
  },
  {
    title: "an undef value ends its table and the next one is asked",
    tables: [{ "a@x.example": null, ".": 1 }, { ".x.example": 2 }],
    first: { "a@x.example": [2, ".x.example"], "b@x.example": [1, "."] },
  },
  {
    title: "a bare domain matches that domain only, a dotted one those below too",
    tables: [{ "x.example": "bare", ".y.example": "dotted" }],
    first: {
      "a@x.example": ["bare", "x.example"],
      "a@s.x.example": undefined,
      "a@y.example": ["dotted", ".y.example"],
      "a@s.t.y.example": ["dotted", ".y.example"],
      "a@xy.example": undefined,
    },
  },
  {
    title: "the most specific key of a hash wins, whatever its order",
    tables: [
      { ".": 1, ".example": 2, ".x.example": 3, "x.example": 4, "joe@": 5, "joe@x.example": 6, "Joe@x.example": 7 },
    ],
    first: {
      "Joe@X.example": [7, "Joe@x.example"],
      "joe@x.example": [6, "joe@x.example"],
      "joe@y.example": [5, "joe@"],
      "ann@x.example": [4, "x.example"],
      "ann@s.x.example": [3, ".x.example"],
      "ann@z.example": [2, ".example"],
      "ann@z.test": [1, "."],
    },
  },
  {
    title: "an extension falls back to the user",
    settings: { recipient_delimiter: "+" },
    tables: [{ "joe@x.example": 1, "ann+list@": 2, "ann@": 3 }],
    first: {
      "joe+foo@x.example": [1, "joe@x.example"],
      "Ann+List@z": [2, "ann+list@"],
      "ann+other@z": [3, "ann@"],
    },
  },
  {
    title: "keys in capitals are found, though amavisd would never find them",
    tables: [{ ".EXAMPLE.com": 1, "Joe@": 2 }],
    first: { "a@example.com": [1, ".EXAMPLE.com"], "joe@z": [2, "Joe@"] },
  },
  {
    title: "case counts in local parts where it is told to",
    settings: { localpart_is_case_sensitive: true },
    tables: [{ "Joe@x.example": 1 }],
    first: { "Joe@X.EXAMPLE": [1, "Joe@x.example"], "joe@x.example": undefined },
  },
  {
    title: "the null sender matches '', '@' and '.' and no user",
    tables: [{ "@": 1, "": 2, ".": 3 }],
    first: { "": [2, ""], "a@b.c": [3, "."] },
  },
  {
    title: "the seed's cut-off by sender: undef for our own, 15 for all others",
    tables: [{ ".example.com": null, ".": 15 }],
    first: { "a@example.com": undefined, "a@sub.example.com": undefined, "a@other.test": [15, "."], "": [15, "."] },
  },
  {
    title: "a hash value may name parts of the address",
    settings: { recipient_delimiter: "+" },
    tables: [{ ".x.example": "$1|$2|$3|$4|$5", ".": "${3}-box" }],
    first: { "Joe+L@x.example": ["Joe+L@x.example|Joe+L|joe|+l|x.example", ".x.example"], "ann@z": ["ann-box", "."] },
  },
  {
    title:
      "a replacement may stand in brackets, its number has as many digits as follow, and what there is none of is empty",
    tables: [{ "a@x.test": "$(2) of ${5}", "b@x.test": "<$10$0${0}>", "c@x.test": "$x $ $( ${2" }],
    first: {
      "a@x.test": ["a of x.test", "a@x.test"],
      "b@x.test": ["<>", "b@x.test"],
      "c@x.test": ["$x $ $( ${2", "c@x.test"],
    },
  },
  {
    title: "a replacement is taken literally",
    tables: [{ ".": "<$2>" }],
    first: { '"$1$&"@z': ["<$1$&>", "."] },
  },
  {
    title: "an access list decides by its own order, not by how specific an element is",
    tables: [[".example.com", "!sub.example.com", "!.other.test", "good.other.test", "."]],
    first: {
      "a@example.com": [1, ".example.com"],
      "a@sub.example.com": [1, ".example.com"],
      "a@good.other.test": [0, "!.other.test"],
      "a@elsewhere.test": [1, "."],
    },
  },
  {
    title: "an access list takes exceptions first",
    tables: [["!secret.example.com", "!bad@example.com", ".example.com"]],
    first: {
      "a@secret.example.com": [0, "!secret.example.com"],
      "BAD@Example.com": [0, "!bad@example.com"],
      "good@example.com": [1, ".example.com"],
      "a@other.test": undefined,
      "": undefined,
    },
  },
  { title: "each ! of an access list flips", tables: [["!!x.example"]], first: { "a@x.example": [1, "!!x.example"] } },
  {
    title: "an access list knows no extensions",
    settings: { recipient_delimiter: "+" },
    tables: [["joe@x.example"]],
    first: { "joe@x.example": [1, "joe@x.example"], "joe+l@x.example": undefined },
  },
  {
    title: "an access list with only '.' matches the null sender",
    tables: [["."]],
    first: { "": [1, "."], "a@b": [1, "."] },
  },
  {
    title: "regexps are tried in order on the address as it came",
    tables: [{ regexp: [["^ceo@", "no"], ["(?i)^ceo@", "maybe"], "@example\\.com$"] }],
    first: {
      "ceo@x.test": ["no", "^ceo@"],
      "CEO@x.test": ["maybe", "(?i)^ceo@"],
      "Joe@example.com": [1, "@example\\.com$"],
      "joe@example.org": undefined,
    },
  },
  {
    title: "a regexp's value takes its groups",
    tables: [{ regexp: [["^([^@+]+)(\\+([^@]*))?@(.*)$", "$1 at $4 for ${3}$5"]] }],
    first: {
      "joe+list@x.test": ["joe at x.test for list", "^([^@+]+)(\\+([^@]*))?@(.*)$"],
      "joe@y.test": ["joe at y.test for ", "^([^@+]+)(\\+([^@]*))?@(.*)$"],
    },
  },
  {
    title: "a regexp with an undef value ends its table",
    tables: [
      {
        regexp: [
          ["^a@", null],
          ["@", 1],
        ],
      },
      2,
    ],
    first: { "a@x": [2, "(constant)"], "b@x": [1, "@"] },
  },
  {
    title: "names that JavaScript knows are names like any other",
    tables: [JSON.parse('{"__proto__": 1, "constructor": 2, "toString@": 3}'), ["hasOwnProperty"]],
    first: {
      "a@constructor": [2, "constructor"],
      "tostring@x": [3, "toString@"],
      "a@hasownproperty": [1, "hasOwnProperty"],
      "a@valueof": undefined,
    },
  },
];

for (const { title, tables, settings, first } of cases) {
  test(title, () => {
    const { map, problems } = compileAny(tables, settings);
    assert.deepEqual(problems, []);
    for (const [address, expected] of Object.entries(first)) {
      const match = map.first(address);
      assert.deepEqual(match && [match.value, match.key], expected, JSON.stringify(address));
    }
  });
}

test("all matches come table after table, a hash's most specific first, every rule of a regexp table", () => {
  const { map } = compileAny([
    { ".": "h1", ".x.example": "h2", "joe@x.example": "h3", "x.example": null },
    "c",
    [".x.example"],
    {
      regexp: [
        ["@x", "r1"],
        ["nomatch", "r0"],
        ["^joe", "r2"],
      ],
    },
    null,
  ]);
  assert.deepEqual(
    map.all("joe@x.example").map(({ value }) => value),
    ["h3", "h2", "h1", "c", 1, "r1", "r2"],
  );
});

test("a suffix is appended to every key", () => {
  const { map } = compileAny([
    { "x@other.example/@Signer.example": 1, ".other.example/@signer.example": 2, ".other.example": 3 },
    ["a@b.test/@s.test"],
    { regexp: [["/@rx\\.test$", "rx"]] },
  ]);
  assert.equal(map.first("x@other.example", "/@signer.example")?.value, 1);
  assert.equal(map.first("y@sub.other.example", "/@signer.example")?.value, 2);
  assert.equal(map.first("y@sub.other.example", "/@elsewhere.example"), undefined);
  assert.equal(map.first("y@sub.other.example")?.value, 3);
  assert.equal(map.first("a@b.test", "/@s.test")?.value, 1);
  assert.equal(map.first("a@b.test"), undefined);
  assert.equal(map.first("q@q.test", "/@rx.test")?.value, "rx");
});

test("a match tells where it stands", () => {
  const { map } = compileAny([{ "x.example": 1 }, ["y.example"], { regexp: [["@z", 1]] }, 5]);
  assert.equal(map.first("a@x.example")?.origin, "0.x.example");
  assert.equal(map.first("a@y.example")?.origin, "1.0");
  assert.equal(map.first("a@z")?.origin, "2.regexp.0");
  assert.equal(map.first("a@else")?.origin, "3");
});

test("a file is a hash whose entries tell their line", () => {
  const files = {
    "/etc/local":
      '# comment\n\nexample.com\n.example.net   0  # no\nJoe@Example.org\t5\n"a b"@x.test  7\n#\nbad line "\n',
  };
  const { map, problems } = compileAs([{ file: "/etc/local" }], numberValue, {}, files);
  assert.deepEqual(map.first("a@example.com"), { value: 1, key: "example.com", origin: "/etc/local:3" });
  assert.deepEqual(map.first("a@s.example.net"), { value: 0, key: ".example.net", origin: "/etc/local:4" });
  assert.equal(map.first("joe@example.org")?.value, 5);
  assert.equal(map.first('"a b"@x.test')?.value, 7);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['/etc/local:8: expected a number, found "line \\""'],
  );
});

test("a comment in a file needs no blank before it, and none begins within quotes", () => {
  const files = { "/t": 'a.test 3#strict\nb.test#ours\n"c#d"@x.test 4\n  # e.test 5\n' };
  const { map, problems } = compileAs([{ file: "/t" }], numberValue, {}, files);
  assert.deepEqual(problems, []);
  const addresses = ["x@a.test", "x@b.test", '"c#d"@x.test', "x@e.test"];
  assert.deepEqual(
    addresses.map((address) => map.first(address)?.value),
    [3, 1, 4, undefined],
  );
});

test("in a file of truth values any word is true, as in Postfix's tables", () => {
  const files = { "/t": "a.test OK\nb.test RELAY # x\nc.test\nd.test 0\ne.test no\n" };
  const { map, problems } = compileAs([{ file: "/t" }], booleanValue, {}, files);
  assert.deepEqual(problems, []);
  const values = ["a", "b", "c", "d", "e"].map((name) => map.first(`x@${name}.test`)?.value);
  assert.deepEqual(values, [true, true, true, false, false]);
});

test("a file that cannot be read is an error, and the map goes on without it", () => {
  const { map, problems } = compileAs([{ file: "/nowhere" }, true], booleanValue);
  assert.equal(map.first("a@b")?.value, true);
  assert.deepEqual(
    problems.map(({ severity, path }) => [severity, path]),
    [["error", [0]]],
  );
});

test("values are brought to the map's type, and what does not fit is an error at its place", () => {
  const yes = compileAs([{ a: "1", b: 0, c: "yes", d: "maybe" }], booleanValue);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => yes.map.first(`x@${key}`)?.value),
    [true, false, true],
  );
  assert.deepEqual(yes.problems, [
    { severity: "error", path: [0, "d"], message: 'expected true or false, found "maybe"' },
  ]);
  assert.equal(compileAs([["x"]], textValue).map.first("a@x")?.value, "1");
  const banks = compileAs([{ a: "ONE, TWO ,,THREE", b: 1, c: 0 }], nameListValue("AUTHOR_APPROVED"));
  assert.deepEqual(banks.map.first("x@a")?.value, ["ONE", "TWO", "THREE"]);
  assert.deepEqual(banks.map.first("x@b")?.value, ["AUTHOR_APPROVED"]);
  assert.deepEqual(banks.map.first("x@c")?.value, []);
});

test("keys that can never match, and patterns that cannot be compiled, are told", () => {
  const { problems } = compileAny([{ "no host": 1 }, ["also bad"], { regexp: ["(", ["a(?=b)", 1], "(a)\\1"] }]);
  assert.deepEqual(
    problems.map(({ severity, path }) => [severity, path.join(".")]),
    [
      ["warning", "0.no host"],
      ["warning", "1.0"],
      ["error", "2.regexp.0"],
      ["error", "2.regexp.1"],
      ["error", "2.regexp.2"],
    ],
  );
});
