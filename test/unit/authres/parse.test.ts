import assert from "node:assert/strict";
import { test } from "node:test";
import { maxFieldOctets, parseAuthenticationResults } from "../../../src/authres/parse.ts";

test("a field full of comments and folding is read as its plain form", () => {
  const body =
    " foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n" +
    " policy (A dot can go here) . (like that) expired\r\n (this surprised me) = (as I wasn't expecting it) 1362471462";
  assert.deepEqual(parseAuthenticationResults(body), {
    authservId: "foo.example.net",
    version: "1",
    results: [
      {
        method: "dkim",
        version: "1",
        result: "fail",
        properties: [{ type: "policy", name: "expired", value: "1362471462" }],
      },
    ],
  });
});

test("quoted values, reasons and addresses with quoted local parts are undone", () => {
  const parsed = parseAuthenticationResults(
    ' "mail.example.com"; DKIM=Pass reason="it \\"is\\" good" header.b="a/+=" ; spf=none smtp.mailfrom="a b"@example.com;',
  );
  assert.deepEqual(parsed, {
    authservId: "mail.example.com",
    results: [
      {
        method: "dkim",
        result: "pass",
        reason: 'it "is" good',
        properties: [{ type: "header", name: "b", value: "a/+=" }],
      },
      { method: "spf", result: "none", properties: [{ type: "smtp", name: "mailfrom", value: "a b@example.com" }] },
    ],
  });
});

test("results of other makers' own properties are read", () => {
  const parsed = parseAuthenticationResults(
    " mx.example; dmarc=pass action=none header.from=a.example; compauth=pass reason=100",
  );
  assert.deepEqual(
    parsed?.results.map((result) => [result.method, result.reason ?? "", result.properties.length]),
    [
      ["dmarc", "", 1],
      ["compauth", "100", 0],
    ],
  );
});

test("what is not of the form is not read", () => {
  for (const body of [
    "",
    " ",
    ";",
    " (never closed",
    ' "never closed',
    " spf=pass smtp.mailfrom=a.example",
    " mail.example.com dkim=pass",
    " mail.example.com x; none",
    " mail.example.com; dkim",
    " mail.example.com; dkim=",
    " mail.example.com; =pass",
    " mail.example.com; dkim=pass header.d",
    " mail.example.com; dkim=pass header.=x",
    " mail.example.com; dkim=pass (open",
    ` mail.example.com; dkim=pass header.d=${"x".repeat(maxFieldOctets)}`,
  ]) {
    assert.equal(parseAuthenticationResults(body), undefined, body.slice(0, 60));
  }
});
