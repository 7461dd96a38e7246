import assert from "node:assert/strict";
import { test } from "node:test";
import { foldKey, hashKeys, lookupKeys, shapeOf } from "../../../src/lookup/keys.ts";
import { encodeUtf8 } from "../../../src/mail/domain.ts";
import { shownBlock } from "../../support/document-blocks.ts";
import { plainSettings } from "./compile.ts";

const plus = { ...plainSettings, recipient_delimiter: "+" };
const minus = { ...plainSettings, recipient_delimiter: "-" };
const cased = { ...plus, localpart_is_case_sensitive: true };

const cases = [
  {
    title: "an extension gives the keys of amavisd's manual, most specific first",
    address: "User+Foo@Sub.Ex.COM",
    settings: plus,
    keys: [
      "User+Foo@sub.ex.com",
      "user+foo@sub.ex.com",
      "user@sub.ex.com",
      "user+foo@",
      "user@",
      "sub.ex.com",
      ".sub.ex.com",
      ".ex.com",
      ".com",
      ".",
    ],
    replacements: ["User+Foo@sub.ex.com", "User+Foo", "user", "+foo", "sub.ex.com"],
  },
  {
    title: "without a delimiter the local part stays whole",
    address: "User+Foo@Sub.Ex.COM",
    settings: plainSettings,
    keys: [
      "User+Foo@sub.ex.com",
      "user+foo@sub.ex.com",
      "user+foo@",
      "sub.ex.com",
      ".sub.ex.com",
      ".ex.com",
      ".com",
      ".",
    ],
    replacements: ["User+Foo@sub.ex.com", "User+Foo", "user+foo", "", "sub.ex.com"],
  },
  {
    title: "a case-sensitive local part is not folded, its domain is",
    address: "User+Foo@EX.com",
    settings: cased,
    keys: ["User+Foo@ex.com", "User@ex.com", "User+Foo@", "User@", "ex.com", ".ex.com", ".com", "."],
    replacements: ["User+Foo@ex.com", "User+Foo", "User", "+Foo", "ex.com"],
  },
  { title: "the null sender has three keys", address: "", settings: plus, keys: ["", "@", "."] },
  {
    title: "an address literal is not split",
    address: "a@[192.0.2.1]",
    settings: plus,
    keys: ["a@[192.0.2.1]", "a@", "[192.0.2.1]", "."],
  },
  {
    title: "an address without a domain has no domain keys",
    address: "Root",
    settings: plus,
    keys: ["Root", "root", "root@", "."],
  },
  {
    title: "a domain that is no host name matches no domain",
    address: "a@b c.com",
    settings: plus,
    keys: ["a", "a@", "."],
  },
  {
    title: "an internationalized domain is looked up by its A-labels",
    address: encodeUtf8("a@Bücher。example"),
    settings: plus,
    keys: ["a@xn--bcher-kva.example", "a@", "xn--bcher-kva.example", ".xn--bcher-kva.example", ".example", "."],
  },
  {
    title: "a local part in UTF-8 is folded as the text it is, as keys are",
    address: encodeUtf8("JÜRGEN+É@ex"),
    settings: plus,
    keys: ["JÜRGEN+É@ex", "jürgen+é@ex", "jürgen@ex", "jürgen+é@", "jürgen@", "ex", ".ex", "."].map(encodeUtf8),
  },
  {
    title: "of octets that are not UTF-8 only ASCII letters are folded",
    address: "J\xc3\xdcR@ex",
    settings: plus,
    keys: ["J\xc3\xdcR@ex", "j\xc3\xdcr@ex", "j\xc3\xdcr@", "ex", ".ex", "."],
  },
  {
    title: "a final dot does not count",
    address: "a@ex.com.",
    settings: plus,
    keys: ["a@ex.com", "a@", "ex.com", ".ex.com", ".com", "."],
  },
  {
    title: "quotes do not count",
    address: '"a.b"@ex.com',
    settings: plus,
    keys: ["a.b@ex.com", "a.b@", "ex.com", ".ex.com", ".com", "."],
  },
  {
    title: "the last @ outside quotes divides",
    address: '"x@evil.test"@ex.com',
    settings: plus,
    keys: ["x@evil.test@ex.com", "x@evil.test@", "ex.com", ".ex.com", ".com", "."],
  },
  {
    title: "a leading delimiter leaves no empty user",
    address: "+foo@ex",
    settings: plus,
    keys: ["+foo@ex", "+foo@", "ex", ".ex", "."],
  },
  ...["postmaster", "mailer-daemon", "double-bounce", "owner-list", "list-request"].map((name) => ({
    title: `${name} is not split at a delimiter`,
    address: `${name}@ex`,
    settings: minus,
    keys: [`${name}@ex`, `${name}@`, "ex", ".ex", "."],
  })),
  { title: "other names are", address: "owner@ex", settings: minus, keys: ["owner@ex", "owner@", "ex", ".ex", "."] },
  {
    title: "a dash divides",
    address: "joe-x@ex",
    settings: minus,
    keys: ["joe-x@ex", "joe@ex", "joe-x@", "joe@", "ex", ".ex", "."],
  },
];

for (const { title, address, settings, keys, ...rest } of cases) {
  test(title, () => {
    const got = lookupKeys(address, settings);
    assert.deepEqual(hashKeys(got), keys);
    assert.deepEqual(got.shapes, keys.map(shapeOf), "each key is known by its shape");
    if ("replacements" in rest) assert.deepEqual(got.replacements(), rest.replacements);
  });
}

test("at most 20 domain keys are tried, the most general ones", () => {
  const domain = Array.from({ length: 40 }, (_, i) => `l${i}`).join(".");
  const hash = hashKeys(lookupKeys(`a@${domain}`, plainSettings));
  const dotted = hash.filter((key) => key.startsWith("."));
  assert.equal(dotted.length, 20);
  assert.deepEqual(dotted.slice(-2), [".l39", "."]);
});

test("keys are folded to the form they are looked up by", () => {
  const cases = [
    [".Example.COM", ".example.com"],
    ["Joe@Example.COM", "joe@example.com"],
    ["Joe@", "joe@"],
    [".", "."],
    ["", ""],
    ["@", "@"],
    ["bücher.example", "xn--bcher-kva.example"],
    [".BÜCHER.example.", ".xn--bcher-kva.example"],
    ["X@Other.example/@Signer.Example", "x@other.example/@signer.example"],
    [".other.example/@signer.example", ".other.example/@signer.example"],
    ["not a host", undefined],
  ] as const;
  for (const [key, folded] of cases) assert.equal(foldKey(key, plainSettings), folded, key);
  assert.equal(foldKey("Joe@Ex", cased), "Joe@ex");
});

test("docs/policy-banks.md lists the keys of an address in their order", () => {
  const listed = shownBlock("docs/policy-banks.md", "User+Foo@sub.ex.com").trim().split(/\s+/);
  assert.deepEqual(hashKeys(lookupKeys("User+Foo@Sub.Ex.COM", plus)), listed);
});
