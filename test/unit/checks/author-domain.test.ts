import assert from "node:assert/strict";
import { test } from "node:test";
import { readAuthor } from "../../../src/checks/author-domain.ts";
import { splitHeader } from "../../../src/mail/header.ts";

function author(text: string) {
  const header = Buffer.from(text.replaceAll("\n", "\r\n"), "utf8");
  return readAuthor({ header, ...splitHeader(header) });
}

test("the domain of the one author is found, in A-labels", () => {
  const cases: [string, string][] = [
    ["From: joe@example.com\n", "example.com"],
    ["from : Joe <joe@EXAMPLE.com.>\n", "example.com"],
    ["From:\n =?utf-8?Q?J=C3=B6?=\n <joe@example.com>\n", "example.com"],
    ["From: joe@b\u00fccher.example\n", "xn--bcher-kva.example"],
    ["Sender: x@other.example\nFrom: joe@example.com\nResent-From: y@other.example\n", "example.com"],
  ];
  for (const [text, domain] of cases) assert.deepEqual(author(text), { domain }, text);
});

test("mail whose author is a matter of opinion has none", () => {
  const cases: [string, string][] = [
    ["Subject: x\n", "no-from"],
    ["From: a@example.com\nFrom: a@example.com\n", "several-from-fields"],
    ["From: a@example.com\nfrom : b@example.com\n", "several-from-fields"],
    ["From: a@example.com\nFrom\n : b@example.com\n", "several-from-fields"],
    [" From: a@example.com\nFrom: b@example.com\n", "several-from-fields"],
    ["From\u0000: a@example.com\n", "from-syntax"],
    [`From${" ".repeat(2000)}: a@example.com\nFrom: b@example.com\n`, "several-from-fields"],
    ["From: a@example.com, b@example.com\n", "several-authors"],
    ["From: a@example.com, b@other.example\n", "several-authors"],
    ["From: team: a@example.com, b@example.com;\n", "several-authors"],
    ["From: a@example.com\u0000.other.example\n", "from-syntax"],
    ["From: undisclosed:;\n", "from-syntax"],
    ["From: joe\n", "from-syntax"],
    ["From: joe@[192.0.2.1]\n", "from-syntax"],
    ["From: joe@exa mple.com\n", "from-syntax"],
    ["From: <@a.example,@b.example:joe@example.com>\n", "from-syntax"],
    ["From:\n", "from-syntax"],
  ];
  for (const [text, fault] of cases) assert.deepEqual(author(text), { fault }, JSON.stringify(text));
});

test("a header over the limits has no author", () => {
  assert.deepEqual(author(`${"X: y\n".repeat(1001)}From: a@example.com\n`), { fault: "header-too-large" });
});
