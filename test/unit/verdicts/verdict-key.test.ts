import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedVerdictKey, verdictKey } from "../../../src/verdicts/verdict-key.ts";
import { header, subject } from "./subject.ts";

const full = (...given: Parameters<typeof subject>) => verdictKey("full", "spam", subject(...given));
const body = (...given: Parameters<typeof subject>) => verdictKey("body", "spam", subject(...given));

test("mails that are equal in all that counts have one key, and a short one", () => {
  assert.equal(full(), full());
  assert.ok(sharedVerdictKey("spam", full() ?? "").length < 80);
  assert.equal(sharedVerdictKey("spam", full() ?? ""), sharedVerdictKey("spam", full() ?? ""));
  const copy = `Received: from x by y\r\nDKIM-Signature: v=1; b=abc\r\n${header.replace("To: b", "To: c")}Date: now\r\nMessage-ID: <1@x>\r\n`;
  assert.equal(full({}, copy), full(), "another copy of the same mailing");
});

test("each thing that a verdict depends on makes another key", () => {
  const others = [
    full({ bodyDigest: Buffer.alloc(32, 2) }),
    full({ bankPath: "ORIGINATING" }),
    full({ scanners: "[1]" }),
    full({ further: ["user=x", "client=192.0.2"] }),
    full({ further: ["user=", "client=198.51.100"] }),
    full({ further: ["user=", "client=192.0.2", "dkim=pass header.d=example.com"] }),
    full({}, header.replace("From: a", "From: c")),
    full({}, header.replace("hello", "hallo")),
    full({}, header.replace("text/plain", "multipart/mixed; boundary=x")),
    full({}, `${header}Content-Transfer-Encoding: base64\r\n`),
    full({}, `${header}X-Unknown: 1\r\n`),
    verdictKey("full", "virus", subject()),
    body(),
  ];
  assert.equal(new Set([full(), ...others]).size, others.length + 1);
});

test("no words can be taken for others", () => {
  assert.notEqual(full({ further: ["ab", "c"] }), full({ further: ["a", "bc"] }));
  assert.notEqual(full({ further: ["a"], bankPath: "b" }), full({ further: [], bankPath: "ab" }));
  assert.notEqual(full({ further: ["Subject: x\r\n"] }, ""), full({ further: [] }, "Subject: x\r\n"));
});

test("a key is bounded, whoever makes its words long", () => {
  const long = (word: string) => full({ further: [`user=${"x".repeat(5000)}${word}`] }) ?? "";
  assert.ok(long("a").length < 400);
  assert.equal(long("a"), long("a"));
  assert.notEqual(long("a"), long("b"));
});

test("one header section with another body is another mail", () => {
  const { head } = subject();
  assert.notEqual(full({ head }), full({ head, bodyDigest: Buffer.alloc(32, 2) }));
});

test("a mail that is made of another one has a key of its own", () => {
  const { head } = subject();
  const key = full({ head });
  assert.equal(full({ head: { ...head } }), key);
  const other = { ...head, fields: head.fields.filter(({ name }) => name !== "subject") };
  assert.notEqual(full({ head: other }), key);
  assert.equal(full({ head: other }), full({}, header.replace("Subject: hello\r\n", "")));
});

test("amavisd's key: the body alone", () => {
  assert.equal(body({ bankPath: "X", further: [] }, "Subject: another\r\n"), body());
  assert.notEqual(body({ bodyDigest: Buffer.alloc(32, 2) }), body());
  assert.notEqual(body({ scanners: "[1]" }), body(), "but other scanners are asked themselves");
});

test("a header section that is not known whole is like no other", () => {
  const cut = { head: { ...subject().head, cut: "fields" as const } };
  assert.equal(full(cut), undefined);
  assert.equal(full({}, `${header}no field name\r\n`), undefined);
  assert.equal(body(cut), body());
});
