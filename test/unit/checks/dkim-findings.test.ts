import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAuthenticationResults } from "../../../src/authres/print.ts";
import { dkimFindings } from "../../../src/checks/dkim-findings.ts";
import type { Verification } from "../../../src/dkim/engine.ts";

const good: Verification = {
  kind: "dkim",
  result: "pass",
  domain: "example.com",
  selector: "foo",
  algorithm: "rsa-sha256",
  identity: "@example.com",
  b: "IqUf/Oq2",
  keyBits: 2048,
};

test("a mail without signatures is reported as such", () => {
  assert.deepEqual(dkimFindings([]), [{ method: "dkim", result: "none", properties: [] }]);
});

test("a signature is reported with domain, selector, algorithm, start of b= and key length", () => {
  assert.equal(
    formatAuthenticationResults("mail.example.net", dkimFindings([good])),
    "Authentication-Results: mail.example.net;\r\n" +
      "\tdkim=pass (2048-bit key) header.d=example.com header.s=foo\r\n" +
      '\theader.a=rsa-sha256 header.b="IqUf/Oq2"\r\n',
  );
});

test("an identity of its own is reported, a reason too, and what is empty is not", () => {
  const [finding] = dkimFindings([
    { ...good, result: "fail", reason: "body-hash-mismatch", identity: "joe@news.example.com", selector: "", b: "" },
  ]);
  assert.equal(finding?.reason, "body-hash-mismatch");
  assert.deepEqual(
    finding?.properties.map(({ name, value }) => `${name}=${value}`),
    ["d=example.com", "i=joe@news.example.com", "a=rsa-sha256"],
  );
});

test("a key in test mode and unsigned instances are noted without words of the mail", () => {
  const [finding] = dkimFindings([{ ...good, testing: true, unsignedInstances: ["x) dkim=pass"] }]);
  assert.equal(finding?.comment, "2048-bit key, domain is testing, unsigned instances of signed fields");
});

test("the tag that is missing is named", () => {
  const [finding] = dkimFindings([{ ...good, result: "permerror", reason: "missing-tag", missingTag: "h" }]);
  assert.deepEqual([finding?.reason, finding?.comment], ["missing-tag", "no h="]);
});

test("a thousand signatures give twenty lines", () => {
  assert.equal(dkimFindings(Array.from({ length: 1000 }, () => good)).length, 20);
});
