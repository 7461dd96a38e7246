import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readAuthors } from "../../../src/mail/authors.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { corpusTest } from "../../support/corpora.ts";
import { authorsOf } from "../policy/mail.ts";

const cases: readonly (readonly [
  title: string,
  lines: readonly string[],
  addresses: readonly string[],
  doubt?: string,
])[] = [
  ["one author", ["To: x@y", "From: Joe <joe@example.com>"], ["joe@example.com"]],
  ["several authors", ["From: a@x.example, b@y.example"], ["a@x.example", "b@y.example"]],
  ["a folded From", ["From:", " Joe", "\t<joe@example.com>"], ["joe@example.com"]],
  ["white space before the colon", ["From : joe@example.com"], ["joe@example.com"]],
  ["no From", ["To: joe@example.com"], [], "no-from"],
  ["two From fields", ["From: a@x.example", "fROM: b@y.example"], ["a@x.example"], "two-from-fields"],
  [
    "a second From with white space before the colon",
    ["From: a@x.example", "From : b@y.example"],
    ["a@x.example"],
    "two-from-fields",
  ],
  [
    "a second From folded before the colon",
    ["From", " : a@x.example", "From: b@y.example"],
    ["a@x.example"],
    "two-from-fields",
  ],
  ["a From indented at the top", [" From: a@x.example", "From: b@y.example"], ["a@x.example"], "two-from-fields"],
  ["only a From folded before the colon", ["From", " : a@x.example"], ["a@x.example"], "malformed-from"],
  [
    "an mbox line is no From field",
    ["From joe@example.com Mon Jan  1 00:00:00 2026", "From: b@y.example"],
    ["b@y.example"],
  ],
  ["an empty group", ["From: undisclosed:;"], [], "malformed-from"],
  ["an ambiguous address", ["From: <a@x.example>b@y.example"], ["a@x.example"], "malformed-from"],
];

for (const [title, lines, addresses, doubt] of cases) {
  test(`reads authors: ${title}`, () => {
    const authors = authorsOf(...lines);
    assert.deepEqual(
      authors.mailboxes.map(({ address }) => address),
      addresses,
    );
    assert.equal(authors.doubt, doubt);
  });
}

test("a header that was not read to its end has no authors", () => {
  const split = splitHeader(Buffer.from("From: a@x.example\r\nX: 1\r\nX: 2\r\n"), {
    maxBytes: 1000,
    maxFields: 2,
    maxLines: 100,
  });
  assert.deepEqual(readAuthors(split), { mailboxes: [], doubt: "header-too-large" });
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
