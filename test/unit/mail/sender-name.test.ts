import assert from "node:assert/strict";
import { test } from "node:test";
import { readSenderName } from "../../../src/mail/sender-name.ts";

for (const [text, wanted] of [
  ["postmaster@example.com", { name: "", address: "postmaster@example.com" }],
  ["<postmaster@example.com>", { name: "", address: "postmaster@example.com" }],
  ['"Filter, at \\"home\\"" <filter@example.com>', { name: 'Filter, at "home"', address: "filter@example.com" }],
  ["Müllers Filter <filter@example.com>", { name: "Müllers Filter", address: "filter@example.com" }],
  [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: amavisd writes it so
    '"Filter at ${myhostname}" <filter@${myhostname_ascii}>',
    { name: "Filter at mail.example.com", address: "filter@mail.example.com" },
  ],
  ["a@b.example, c@d.example", undefined],
  ["Filter, two <a@b.example>", undefined],
  ["Filter <a@b.example>, <c@d.example>", undefined],
  ["postmaster", undefined],
  ["Filter\r\nBcc: x <a@b.example>", undefined],
  ["a@b.example>\r\nBcc: <x@y.example", undefined],
  ["", undefined],
] as const) {
  test(`${JSON.stringify(text)} as From of a notification is ${wanted === undefined ? "refused" : "taken"}`, () => {
    assert.deepEqual(readSenderName(text, "mail.example.com"), wanted);
  });
}
