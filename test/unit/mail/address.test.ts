import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type AddressFault, parseAddressList, splitAddress } from "../../../src/mail/address.ts";
import { fieldBody, splitHeader } from "../../../src/mail/header.ts";
import { corpusTest } from "../../support/corpora.ts";

const paths: readonly (readonly [path: string, localPart: string, domain: string | undefined])[] = [
  ["joe@Example.COM", "joe", "example.com"],
  ["Joe.X@example.com.", "Joe.X", "example.com"],
  ['"john doe"@example.com', "john doe", "example.com"],
  ['"a@b"@example.com', "a@b", "example.com"],
  ['"a>b\\"c"@example.com', 'a>b"c', "example.com"],
  ['"a@b"', "a@b", undefined],
  ['"a@evil.example', "a@evil.example", undefined],
  ["user.@example.com", "user.", "example.com"],
  ["a..b@example.com", "a..b", "example.com"],
  ["a@a_b.example", "a", "a_b.example"],
  ["a@-a-.example", "a", "-a-.example"],
  ["postmaster", "postmaster", undefined],
  ["", "", undefined],
  ["@example.com", "", "example.com"],
  ["a@b@example.com", "a@b", "example.com"],
  ["a@[192.0.2.1]", "a", "[192.0.2.1]"],
  ["a@[IPv6:2001:DB8::1]", "a", "[ipv6:2001:db8::1]"],
  ["a@[x", "a", undefined],
  ["@one.example,@two.example:joe@example.com", "joe", "example.com"],
  ["any@legitimate.com(a.attack.com", "any", undefined],
  ["any@legitimate.com'@any.attack.com", "any@legitimate.com'", "any.attack.com"],
  ["x@b\xc3\xbccher.example", "x", "xn--bcher-kva.example"],
  ["x@b\xfccher.example", "x", undefined],
  ["\xff\x00@example.com", "\xff\x00", "example.com"],
];

for (const [path, localPart, domain] of paths) {
  test(`the path <${path}> has the domain ${domain ?? "(none)"}`, () => {
    assert.deepEqual(splitAddress(path), { localPart, domain });
  });
}

interface ListCase {
  readonly body: string;
  readonly addresses: readonly string[];
  readonly domains?: readonly (string | undefined)[];
  readonly faults?: readonly AddressFault[];
}

const lists: readonly ListCase[] = [
  { body: " joe@example.com", addresses: ["joe@example.com"], domains: ["example.com"] },
  { body: " <joe@example.com>", addresses: ["joe@example.com"] },
  { body: " Joe Q. Public <joe@example.com>", addresses: ["joe@example.com"] },
  { body: ' "Public, Joe" <joe@example.com> (a (nested \\) ) comment)', addresses: ["joe@example.com"] },
  { body: " joe@example.com (Joe)", addresses: ["joe@example.com"] },
  { body: "\r\n\tJoe\r\n <joe@example.com>,\r\n ann@example.net", addresses: ["joe@example.com", "ann@example.net"] },
  { body: " a@x.example, , b@y.example,", addresses: ["a@x.example", "b@y.example"] },
  { body: ' "john doe"@example.com', addresses: ['"john doe"@example.com'] },
  { body: ' "a@b.example"@example.com', addresses: ['"a@b.example"@example.com'], domains: ["example.com"] },
  { body: ' "a@b.example" <joe@example.com>', addresses: ["joe@example.com"] },
  { body: " a..b.@example.com", addresses: ["a..b.@example.com"] },
  { body: " Staff: a@x.example, b@y.example; ", addresses: ["a@x.example", "b@y.example"] },
  { body: " Staff: a@x.example;, c@z.example", addresses: ["a@x.example", "c@z.example"] },
  { body: " undisclosed-recipients:;", addresses: [] },
  { body: "", addresses: [] },
  { body: " =?utf-8?Q?J=C3=B6?= <joe@example.com>", addresses: ["joe@example.com"] },
  {
    body: " J\xc3\xb6 <j\xc3\xb6@b\xc3\xbccher.example>",
    addresses: ["j\xc3\xb6@b\xc3\xbccher.example"],
    domains: ["xn--bcher-kva.example"],
  },
  { body: " J\xf6 <joe@example.com>", addresses: ["joe@example.com"] },
  { body: " joe@example.com <Joe@Example.com>", addresses: ["Joe@Example.com"] },
  { body: " <joe @ example.com>", addresses: ["joe@example.com"], domains: ["example.com"] },
  { body: " Joe < joe\t@\r\n example.com >", addresses: ["joe@example.com"], domains: ["example.com"] },
  { body: " a@[192.0.2.1]", addresses: ["a@[192.0.2.1]"], domains: ["[192.0.2.1]"] },
  // What readers disagree on.
  { body: " admin@legit.example <x@attack.example>", addresses: ["x@attack.example"], faults: ["ambiguous"] },
  { body: " <x@attack.example>admin@legit.example", addresses: ["x@attack.example"], faults: ["syntax"] },
  {
    body: " <@attack.example,@any.example:admin@legit.example>",
    addresses: ["admin@legit.example"],
    faults: ["ambiguous"],
  },
  { body: " admin@legit(.evil).example", addresses: ["admin@legit.example"], faults: ["ambiguous"] },
  { body: " admin@legit. example", addresses: ["admin@legit.example"], faults: ["ambiguous"] },
  { body: " admin@legit.example: x@attack.example;", addresses: ["x@attack.example"], faults: ["ambiguous"] },
  { body: " A: B: x@attack.example;", addresses: ["x@attack.example"], faults: ["ambiguous"] },
  { body: " joe@ (home) example.com", addresses: ["joe@example.com"], faults: ["ambiguous"] },
  { body: " jo e @ example.com", addresses: ["joe@example.com"], faults: ["ambiguous"] },
  // What is no address list.
  { body: " Joe joe@example.com", addresses: ["Joejoe@example.com"], faults: ["ambiguous"] },
  { body: " root", addresses: ["root"], domains: [undefined], faults: ["no-domain"] },
  { body: " Smith, John <joe@example.com>", addresses: ["Smith", "joe@example.com"], faults: ["no-domain"] },
  {
    body: ' "ceo@x.example", <joe@example.com>',
    addresses: ['"ceo@x.example"', "joe@example.com"],
    faults: ["no-domain", "ambiguous"],
  },
  {
    body: " =?utf-8?B?PGFAeC5leGFtcGxlPg==?=",
    addresses: ["=?utf-8?B?PGFAeC5leGFtcGxlPg==?="],
    faults: ["no-domain", "ambiguous"],
  },
  { body: " <>", addresses: [], faults: ["syntax"] },
  { body: " <joe@example.com", addresses: ["joe@example.com"], faults: ["syntax"] },
  {
    body: ' "joe@example.com',
    addresses: ['"joe@example.com'],
    domains: [undefined],
    faults: ["syntax", "no-domain", "ambiguous"],
  },
  { body: " joe@example.com (never ends", addresses: ["joe@example.com"], faults: ["syntax"] },
  { body: " <a@x.example>\\,<b@y.example>", addresses: ["a@x.example", "b@y.example"], faults: ["syntax"] },
  { body: " a@b@example.com", addresses: ["a@b@example.com"], domains: ["example.com"], faults: ["syntax"] },
  { body: " a@x.example;", addresses: ["a@x.example"], faults: ["syntax"] },
  { body: " a@x'.example", addresses: ["a@x'.example"], domains: [undefined], faults: ["domain"] },
  { body: " a@\xfc.example", addresses: ["a@\xfc.example"], domains: [undefined], faults: ["domain"] },
  {
    body: " a@legit.example\0.evil.example",
    addresses: ["a@legit.example\0.evil.example"],
    faults: ["control", "domain"],
  },
  { body: " a@x.example\rb", addresses: ["a@x.exampleb"], faults: ["control", "ambiguous"] },
  { body: `${"(".repeat(60)}a@x.example${")".repeat(60)}`, addresses: [], faults: ["syntax"] },
];

for (const { body, addresses, domains, faults = [] } of lists) {
  test(`reads ${JSON.stringify(body).slice(0, 70)}`, () => {
    const list = parseAddressList(body);
    assert.deepEqual(
      list.mailboxes.map(({ address }) => address),
      addresses,
    );
    if (domains !== undefined)
      assert.deepEqual(
        list.mailboxes.map(({ domain }) => domain),
        domains,
      );
    assert.deepEqual(new Set(list.faults), new Set(faults));
  });
}

test("a mailbox keeps its octets", () => {
  const [first, second] = parseAddressList(" J\xc3\xb6 <joe@example.com> , ann@x.example (A)").mailboxes;
  assert.equal(first?.raw, "J\xc3\xb6 <joe@example.com>");
  assert.equal(second?.raw, "ann@x.example");
});

test("a field over a limit is not taken for understood", () => {
  const many = parseAddressList(Array.from({ length: 1000 }, (_, i) => `a${i}@x.example`).join(","));
  assert.equal(many.mailboxes.length, 100);
  assert.deepEqual(many.faults, ["too-many"]);
  assert.deepEqual(parseAddressList(`a@x.example,${" ".repeat(40_000)}`), { mailboxes: [], faults: ["too-long"] });
});

test("hostile shapes neither throw nor take long", () => {
  for (const piece of [
    "<",
    "(",
    ")",
    '"',
    "\\",
    "[",
    ":",
    ";",
    ",",
    "@",
    "a@",
    "<a@b>",
    "(a",
    '"a" ',
    ":;",
    "\0",
    "\xff",
    "=?utf-8?q?",
    "\r\n ",
  ]) {
    const body = piece.repeat(Math.floor(32_000 / piece.length));
    const { mailboxes } = parseAddressList(body);
    assert.ok(mailboxes.length <= 100, piece);
  }
});

corpusTest(
  "no message made to fool verifiers has one clear author of the spoofed domain by its address tricks",
  "spoofing",
  (spoofing) => {
    // The cases whose trick is in the From field's own syntax: readers differ, so each must be flagged or show both.
    const tricks = ["server_a14", "server_a15", "server_a16", "server_a17", "server_a18", "server_a19", "client_a2"];
    for (const file of readdirSync(spoofing)) {
      if (!file.endsWith(".eml")) continue;
      const octets = readFileSync(join(spoofing, file));
      const { fields } = splitHeader(octets.subarray(0, octets.indexOf("\r\n\r\n") + 2));
      for (const { name, raw } of fields) {
        if (name !== "from") continue;
        const list = parseAddressList(fieldBody(raw));
        if (tricks.includes(file.replace(".eml", ""))) {
          assert.ok(list.faults.length > 0 || list.mailboxes.length > 1, file);
        }
      }
    }
  },
);
