import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type AuthorDoubt, authorDoubts, readAuthors } from "../../../src/mail/authors.ts";
import { type HeaderLimits, splitHeader } from "../../../src/mail/header.ts";
import type { MessageHead } from "../../../src/mail/message.ts";
import { corpusTest } from "../../support/corpora.ts";
import { authorsOf } from "../policy/mail.ts";

/** Header lines to the addresses, or to the doubt and the domains that may be shown. */
const clear: readonly (readonly [title: string, lines: readonly string[], addresses: string, domain: string])[] = [
  ["one author", ["To: x@y", "From: Joe <joe@example.com>"], "joe@example.com", "example.com"],
  ["capitals and a final dot", ["from : Joe <joe@EXAMPLE.com.>"], "joe@EXAMPLE.com.", "example.com"],
  ["several authors of one domain", ["From: a@x.example, B <b@X.example>"], "a@x.example b@X.example", "x.example"],
  ["a group of one domain", ["From: team: a@x.example, b@x.example;"], "a@x.example b@x.example", "x.example"],
  ["a folded From", ["From:", " Joe", "\t<joe@example.com>"], "joe@example.com", "example.com"],
  ["an encoded word", ["From:", " =?utf-8?Q?J=C3=B6?=", " <joe@example.com>"], "joe@example.com", "example.com"],
  ["blanks beside the @", ["From: Alice <alice @ example.com>"], "alice@example.com", "example.com"],
  ["a comma that should be quoted", ["From: Smith, John <joe@own.example>"], "joe@own.example", "own.example"],
  ["U-labels", ["From: joe@b\xc3\xbccher.example"], "joe@b\xc3\xbccher.example", "xn--bcher-kva.example"],
  [
    "Sender and Resent-From are no From",
    ["Sender: x@o.example", "From: a@x.example", "Resent-From: y@o.example"],
    "a@x.example",
    "x.example",
  ],
  [
    "an mbox line is no From field",
    ["From joe@example.com Mon Jan  1 00:00:00 2026", "From: b@y.example"],
    "b@y.example",
    "y.example",
  ],
  [
    "a name that only begins so",
    ["From-Line: a@x.example", "Fromage: c@x.example", "From: b@y.example"],
    "b@y.example",
    "y.example",
  ],
];

for (const [title, lines, addresses, domain] of clear) {
  test(`authors that all readers show alike: ${title}`, () => {
    const { mailboxes, domains, doubt } = authorsOf(...lines);
    assert.equal(doubt, undefined);
    assert.equal(mailboxes.map(({ address }) => address).join(" "), addresses);
    assert.deepEqual(domains, [domain]);
  });
}

/** What some reader leaves out around the name of a field. */
const unseen: Readonly<Record<string, string>> = {
  NUL: "\0",
  "control A": "\x01",
  VT: "\v",
  FF: "\f",
  DEL: "\x7f",
  "no-break space": "\xa0",
  "no-break space in UTF-8": "\xc2\xa0",
  "byte order mark": "\xef\xbb\xbf",
  "zero-width space": "\xe2\x80\x8b",
};

const bank = "From: ceo@bank.example";
const doubtful: readonly (readonly [title: string, lines: readonly string[], doubt: AuthorDoubt, domains: string])[] = [
  ["no From", ["To: joe@example.com"], "no-from", ""],
  ["two From fields", [bank, "fROM: b@y.example"], "two-from-fields", "bank.example y.example"],
  ["the same From twice", [bank, bank], "two-from-fields", "bank.example"],
  ["white space before the colon", [bank, "From : b@y.example"], "two-from-fields", "bank.example y.example"],
  [
    "much white space before the colon",
    [bank, `From${" ".repeat(2000)}: b@y.example`],
    "two-from-fields",
    "bank.example y.example",
  ],
  ["folded before the colon", ["From", " : b@y.example", bank], "two-from-fields", "y.example bank.example"],
  ["indented at the top", [" From: b@y.example", bank], "two-from-fields", "y.example bank.example"],
  ...Object.entries(unseen).flatMap(([name, octets]): (typeof doubtful)[number][] => [
    [`${name} before the colon`, [`From${octets}: b@y.example`, bank], "two-from-fields", "y.example bank.example"],
    [`${name} before the name`, [`${octets}From: b@y.example`, bank], "two-from-fields", "y.example bank.example"],
    [`${name} in the only From`, [`${octets}From${octets}: ceo@bank.example`], "malformed-from", "bank.example"],
  ]),
  ["only a From folded before the colon", ["From", " : a@x.example"], "malformed-from", "x.example"],
  ["words behind the address", ["From: CEO <ceo@bank.example> x"], "malformed-from", "bank.example"],
  [
    "an address behind the address",
    ["From: <a@x.example>ceo@bank.example"],
    "malformed-from",
    "x.example bank.example",
  ],
  ["a parenthesis that opens nothing", ["From: CEO ) <ceo@bank.example>"], "malformed-from", "bank.example"],
  ["a comment in the address", ["From: ceo(x)@bank.example"], "malformed-from", "bank.example"],
  ["a comment in the domain", ["From: ceo@ba(x)nk.example"], "malformed-from", "bank.example"],
  ["an address as display name", ["From: ceo@bank.example. <b@y.example>"], "malformed-from", "y.example bank.example"],
  ["an @ in the display name", ["From: CEO @ Corp <ceo@bank.example>"], "malformed-from", "bank.example"],
  ["a quote that does not end", ['From: "CEO <ceo@bank.example>'], "malformed-from", "bank.example"],
  ["a comment that does not end", ["From: (CEO <ceo@bank.example>"], "malformed-from", "bank.example"],
  ["a route", ["From: <@y.example,@z.example:ceo@bank.example>"], "malformed-from", "bank.example y.example z.example"],
  ["NUL in the domain", ["From: ceo@ba\0nk.example"], "malformed-from", "bank.example"],
  [
    "NUL behind the domain",
    ["From: ceo@bank.example\0.other.example"],
    "malformed-from",
    "bank.example bank.example.other.example",
  ],
  [
    "a quoted address without brackets",
    ['From: "ceo@bank.example", b@y.example'],
    "malformed-from",
    "y.example bank.example",
  ],
  [
    "an encoded word for an address",
    ["From: =?utf-8?B?PGNlb0BiYW5rLmV4YW1wbGU+?=, <b@y.example>"],
    "malformed-from",
    "y.example bank.example",
  ],
  [
    "another encoded word for an address",
    ["From: =?utf-8?q?=3Cceo=40bank=2Eexample=3E?="],
    "malformed-from",
    "bank.example",
  ],
  ["blanks in the domain", ["From: joe@exa mple.com"], "malformed-from", "example.com"],
  ["a domain that is no host name", ["From: joe@foo..example"], "malformed-from", ""],
  ["an address without its @", ["From: <>"], "malformed-from", ""],
  ["two domains", ["From: ceo@bank.example, b@y.example"], "two-from-domains", "bank.example y.example"],
  ["a domain and an address literal", ["From: ceo@bank.example, b@[192.0.2.1]"], "two-from-domains", "bank.example"],
  ["an empty From", ["From:"], "no-from-domain", ""],
  ["an empty group", ["From: undisclosed:;"], "no-from-domain", ""],
  ["a word", ["From: root"], "no-from-domain", ""],
  ["an address literal", ["From: joe@[192.0.2.1]"], "no-from-domain", ""],
  ["a line that is no field above", ["Pay now", "From: joe@x.example"], "no-field-name", "x.example"],
  ["a line that is no field below", ["From: joe@x.example", "Subject\xe9: pay now"], "no-field-name", "x.example"],
  ["a line that is no field beside no domain", ["Pay now", "From: root"], "no-field-name", ""],
  [
    "an mbox line that is not on top",
    ["X: y", "From x@y.example", "From: joe@x.example"],
    "no-field-name",
    "x.example",
  ],
];

for (const [title, lines, doubt, domains] of doubtful) {
  test(`authors on which readers differ: ${title}`, () => {
    const authors = authorsOf(...lines);
    assert.equal(authors.doubt, doubt);
    assert.deepEqual(
      [...authors.domains].sort(),
      domains
        .split(" ")
        .filter((domain) => domain !== "")
        .sort(),
    );
  });
}

test("a header that was not read to its end has no authors, but names that may be shown", () => {
  const split = splitHeader(Buffer.from("From: a@x.example\r\nX: 1\r\nX: 2\r\n"), {
    maxBytes: 1000,
    maxFields: 2,
    maxLines: 100,
  });
  assert.deepEqual(readAuthors(split), { mailboxes: [], domains: ["x.example"], doubt: "header-too-large" });
  const beyond = "X: 1\r\nX: 2\r\nFrom: a@x.example\r\n";
  const head = headOf(beyond, { maxBytes: 1000, maxFields: 2, maxLines: 100 });
  assert.deepEqual(readAuthors(head), { mailboxes: [], domains: ["x.example"], doubt: "header-too-large" });
});

function headOf(text: string, limits: HeaderLimits): MessageHead {
  const header = Buffer.from(text);
  return { header, ...splitHeader(header, limits) };
}

test("docs/checks.md has a row for each doubt, and the table above a case", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/checks.md"), "utf8");
  const cases = new Set<AuthorDoubt>(doubtful.map(([, , doubt]) => doubt));
  for (const doubt of authorDoubts) {
    assert.ok(page.includes(`| \`${doubt}\` | `), doubt);
    assert.ok(cases.has(doubt) || doubt === "header-too-large", doubt);
  }
});

test("of many From fields the first and the last are looked at, of many addresses the first", () => {
  const many = (name: string) => `From: ${Array.from({ length: 40 }, (_, i) => `a@${name}${i}.example`).join(", ")}`;
  const { domains } = authorsOf(many("x"), ...Array.from({ length: 40 }, (_, i) => many(`m${i}-`)), many("y"));
  assert.deepEqual(domains, [
    ...Array.from({ length: 10 }, (_, i) => `x${i}.example`),
    ...Array.from({ length: 10 }, (_, i) => `y${i}.example`),
  ]);
});

corpusTest("messages that show two authors to two readers have a doubt, or both authors", "spoofing", (spoofing) => {
  // These forge nothing in From itself: their tricks are in the envelope, the signature or the Sender.
  const plainFrom = /^(server_a[1-7]|client_a3)\.eml$/;
  for (const file of readdirSync(spoofing).filter((name) => name.endsWith(".eml"))) {
    const octets = readFileSync(join(spoofing, file));
    const authors = readAuthors(splitHeader(octets.subarray(0, octets.indexOf("\r\n\r\n") + 2)));
    const clear = authors.doubt === undefined && authors.mailboxes.length === 1;
    assert.equal(clear, plainFrom.test(file), file);
  }
});
