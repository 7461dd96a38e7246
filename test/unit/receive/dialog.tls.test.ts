import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecureContext } from "node:tls";
import { dialogWith } from "../../support/receive-defaults.ts";

const context = createSecureContext();
const may = { tls: { level: "may", implicit: false, context } } as const;
const encrypt = { tls: { level: "encrypt", implicit: false, context } } as const;

test("offers STARTTLS where there is a certificate, and not once it is on", () => {
  assert.doesNotMatch(dialogWith({}).command("EHLO x").text, /STARTTLS/);
  const under = dialogWith(may);
  assert.match(under.command("EHLO x").text, /250-STARTTLS\r\n/);
  assert.deepEqual(under.command("STARTTLS"), { text: "220 2.0.0 Ready to start TLS\r\n", next: "tls" });
  under.secured();
  assert.match(under.command("MAIL FROM:<a@b>").text, /^503/, "HELO is forgotten");
  assert.doesNotMatch(under.command("EHLO x").text, /STARTTLS/);
  assert.match(under.command("STARTTLS").text, /^503 5\.5\.1/);
});

test("forgets what XFORWARD said before TLS, and knows that TLS is on", () => {
  const under = dialogWith(may);
  for (const line of ["EHLO x", "XFORWARD NAME=evil.example ADDR=192.0.2.1"]) under.command(line);
  under.secured();
  for (const line of ["EHLO y", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"]) under.command(line);
  const { session } = under.beginMessage();
  assert.deepEqual(session.client, {});
  assert.equal(session.secured, true);
});

for (const [line, code] of [
  ["MAIL FROM:<a@b>", "451 4.7.0"],
  ["XFORWARD NAME=x", "451 4.7.0"],
  ["VRFY a", "451 4.7.0"],
  ["NOOP", "250 2.0.0"],
  ["RSET", "250 2.0.0"],
  ["QUIT", "221 2.0.0"],
  ["STARTTLS x", "501 5.5.4"],
] as const) {
  test(`where TLS must be, ${line} gets ${code} before`, () => {
    const under = dialogWith(encrypt);
    under.command("EHLO x");
    assert.ok(under.command(line).text.startsWith(code));
  });
}

test("STARTTLS is of no use without a certificate, after HELO and within a mail", () => {
  assert.match(dialogWith({}).command("STARTTLS").text, /^502/);
  const old = dialogWith(may);
  old.command("HELO x");
  assert.match(old.command("STARTTLS").text, /^502/);
  const busy = dialogWith(may);
  for (const line of ["EHLO x", "MAIL FROM:<a@b>"]) busy.command(line);
  assert.match(busy.command("STARTTLS").text, /^503/);
});
