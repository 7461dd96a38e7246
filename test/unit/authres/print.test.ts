import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../src/authres/finding.ts";
import { parseAuthenticationResults } from "../../../src/authres/parse.ts";
import { formatAuthenticationResults, formatResults } from "../../../src/authres/print.ts";

function spf(value: string): Finding {
  return { method: "spf", result: "pass", properties: [{ type: "smtp", name: "mailfrom", value }] };
}

function printedValue(field: string): string {
  return field.slice(field.indexOf("mailfrom=") + "mailfrom=".length, -2);
}

test("no findings at all are none", () => {
  assert.equal(
    formatAuthenticationResults("mail.example.com", []),
    "Authentication-Results: mail.example.com; none\r\n",
  );
});

test("each method starts a line, and lines are folded below 78 columns", () => {
  const finding: Finding = {
    method: "dkim",
    result: "fail",
    reason: "body-hash-mismatch",
    comment: "2048-bit key",
    properties: [
      { type: "header", name: "d", value: "a-rather-long-domain.example.com" },
      { type: "header", name: "s", value: "selector-2026" },
      { type: "header", name: "b", value: "abcd" },
    ],
  };
  const field = formatAuthenticationResults("mail.example.com", [finding, spf("joe@example.com")]);
  assert.equal(
    field,
    "Authentication-Results: mail.example.com;\r\n" +
      "\tdkim=fail (2048-bit key) reason=body-hash-mismatch\r\n" +
      "\theader.d=a-rather-long-domain.example.com header.s=selector-2026\r\n" +
      "\theader.b=abcd;\r\n" +
      "\tspf=pass smtp.mailfrom=joe@example.com\r\n",
  );
});

test("a value is a token, a plain address or a quoted string", () => {
  const cases: [string, string][] = [
    ["example.com", "example.com"],
    ["joe@example.com", "joe@example.com"],
    ["@example.com", "@example.com"],
    ["joe/x=y+z@example.com", "joe/x=y+z@example.com"],
    ["ab/+=", '"ab/+="'],
    ["", '""'],
    ["a b@example.com", '"a b@example.com"'],
    ['"a b"@example.com', '"\\"a b\\"@example.com"'],
    ["x\\", '"x\\\\"'],
    ["a@b; dkim=pass", '"a@b; dkim=pass"'],
    ["a (b", '"a (b"'],
    ["2001:db8::1", '"2001:db8::1"'],
    ["a@b@c", '"a@b@c"'],
  ];
  for (const [value, printed] of cases)
    assert.equal(printedValue(formatAuthenticationResults("a", [spf(value)])), printed, value);
});

test("controls are removed, 8-bit octets are shown as ?, and what is long is cut", () => {
  assert.equal(
    printedValue(formatAuthenticationResults("a", [spf("x\r\n\tdkim=pass\u0000\u001b[1m\u009by\u00fc")])),
    '"xdkim=pass[1my?"',
  );
  assert.equal(printedValue(formatAuthenticationResults("a", [spf("x".repeat(9999))])).length, 255);
});

test("whatever a value holds, reading the field gives one method with that value", () => {
  const nasty = [
    '"; dkim=pass header.d=x',
    "(",
    ")",
    "\\",
    '\\"',
    "=",
    ";",
    "a\tb",
    "'",
    "=?utf-8?Q?x?=",
    "[x]",
    "<x@y>",
  ];
  for (const value of nasty) {
    const field = formatAuthenticationResults("mail.example.com", [spf(value)]);
    const parsed = parseAuthenticationResults(field.slice(field.indexOf(":") + 1));
    assert.equal(parsed?.results.length, 1, value);
    assert.deepEqual(parsed?.results[0]?.properties, [
      { type: "smtp", name: "mailfrom", value: value.replaceAll("\t", "") },
    ]);
  }
});

test("a comment cannot close itself", () => {
  const field = formatAuthenticationResults("a", [
    { method: "spf", result: "none", comment: "x) dkim=pass (\\", properties: [] },
  ]);
  assert.equal(field, "Authentication-Results: a;\r\n\tspf=none (x dkim=pass )\r\n");
});

test("the results alone can follow another field's name", () => {
  assert.equal(formatResults("mail.example.com", []), "mail.example.com; none");
  assert.equal(formatResults("mail.example.com", [spf("a@b")]), "mail.example.com;\r\n\tspf=pass smtp.mailfrom=a@b");
});
