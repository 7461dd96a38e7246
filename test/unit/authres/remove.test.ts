import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveOutClaims } from "../../../src/authres/remove.ts";
import { type HeaderEdits, print } from "../../../src/mail/edit.ts";
import { hostileShapes } from "../../support/hostile-shapes.ts";
import { countWork } from "../../support/work.ts";

const ours = ["mail.example.com"];

/** Header text with LF for CRLF, to be read easily. */
function octets(text: string): Uint8Array {
  return Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
}

function kept(text: string, ids = ours): string {
  const header = octets(text);
  return Buffer.from(printed(header, leaveOutClaims(header, ids)))
    .toString("latin1")
    .replaceAll("\r\n", "\n");
}

function printed(header: Uint8Array, edits: Pick<HeaderEdits, "remove" | "replace">): Uint8Array {
  const message = { header, separator: "", body: { kind: "memory", sizeBytes: 0, chunks: [] } } as const;
  return print(message, { add: [], ...edits }, "own").header;
}

const claiming = [
  "Authentication-Results: mail.example.com; none\n",
  "authentication-RESULTS: MAIL.Example.COM; none\n",
  "Authentication-Results : mail.example.com; none\n",
  "Authentication-Results\t: mail.example.com; none\n",
  "Authentication-Results\n : mail.example.com; none\n",
  "Authentication-Results:mail.example.com;none\n",
  ...["\0", "\x01", "\v", "\f", "\r", "\x7f", "\xa0", "\xc2\xa0", "\xef\xbb\xbf", "\xe2\x80\x8b"].flatMap((unseen) => [
    `Authentication-Results${unseen}: mail.example.com; none\n`,
    `Authentication-Results ${unseen}\n ${unseen}: mail.example.com; none\n`,
    `${unseen}AUTHENTICATION-Results: mail.example.com; none\n`,
    `Authentication${unseen}-Results: mail.example.com; none\n`,
    `Authentication-Results: ${unseen}mail.example.com${unseen}; none\n`,
  ]),
  "Authentication-Results: mail.example.com/1; dkim=pass\n",
  "Authentication-Results: mail.example.com/4711.job; dkim=pass\n",
  "Authentication-Results: mail.example.com/1 1; dkim=pass\n",
  "Authentication-Results: mail.example.com:25; dkim=pass\n",
  "Authentication-Results: MAIL.example.com./x; dkim=pass\n",
  'Authentication-Results: "mail.example.com/1"; dkim=pass\n',
  "Authentication-Results:\n mail.example.com\n ; none\n",
  'Authentication-Results: "mail.example.com"; none\n',
  'Authentication-Results: "mail\\.example.com"; none\n',
  'Authentication-Results: " mail.example.com"; none\n',
  'Authentication-Results: (x (y\\)) "z) mail.example.com (c) 1; none\n',
  "Authentication-Results: mail.example.com. ; none\n",
  "Authentication-Results: mail.example.com 1; none\n",
  "Authentication-Results: mail.example.com\n",
  "Authentication-Results: mail.example.com (open\n",
  "Authentication-Results: mail.example.com dkim=pass\n",
  "Authentication-Results:\n",
  "Authentication-Results: (never closed\n",
  'Authentication-Results: "never closed\n',
  "Authentication-Results: spf=pass smtp.mailfrom=x\n",
  `Authentication-Results: other.example; spf=pass${` smtp.mailfrom=${"x".repeat(60)}\n\t`.repeat(300)}a.b=c\n`,
];

const foreign = [
  "Authentication-Results: mx.example.org; dkim=pass header.d=mail.example.com\n",
  "Authentication-Results: mx.mail.example.com; none\n",
  "Authentication-Results: mail.example.com.example.org; none\n",
  "Authentication-Results: mx.example.org; dmarc=pass action=none header.from=a.example; compauth=pass reason=100\n",
  "Authentication-Results: mx.example.org (mail.example.com); none\n",
  "X-Authentication-Results: mail.example.com; none\n",
  "ARC-Authentication-Results: i=1; mail.example.com; none\n",
  "Authentication-Results-Original: mail.example.com; none\n",
  "Subject: x\n Authentication-Results: mail.example.com; none\n",
  "Subject: Authentication-Results: mail.example.com; none\n",
];

test("claiming fields are left out whole, wherever they stand", () => {
  for (const field of claiming) {
    const name = field.slice(0, 80);
    assert.equal(kept(`${field}From: a@b\n`), "From: a@b\n", name);
    assert.equal(kept(`From: a@b\n${field}To: c\n d\n`), "From: a@b\nTo: c\n d\n", name);
    assert.equal(kept(`From: a@b\n${field}`), "From: a@b\n", name);
    assert.equal(kept(`${field}${field}`), "", name);
  }
});

test("a folded line is no field, but at the very top some readers take it for one", () => {
  const folded =
    "\vSubject: x\n Authentication-Results: mail.example.com; none\n\tAuthentication-Results: mail.example.com\n";
  assert.equal(kept(folded), folded);
  assert.equal(kept(" Authentication-Results: mail.example.com; none\n y\nFrom: a@b\n"), "From: a@b\n");
});

test("what stays claims nothing, so nothing is left to leave out", () => {
  const pieces = [
    "Authentication-Results\n",
    "Authentication-Results: mail.example.com; none\n",
    "Authentication-Results: other.example; none\n",
    ": mail.example.com; x\n",
    " : mail.example.com; x\n",
    "\v\n",
    "\xa0: x\n",
    "From: a\n",
  ];
  for (const one of pieces) {
    for (const two of pieces) {
      for (const three of pieces) {
        for (const four of pieces) {
          const text = one + two + three + four;
          const once = kept(text);
          assert.equal(kept(once), once, JSON.stringify(text));
        }
      }
    }
  }
});

test("foreign fields stay, octet for octet", () => {
  for (const field of foreign) assert.equal(kept(`${field}From: a@b\n`), `${field}From: a@b\n`);
});

test("of two neighbours only the one that claims goes, by what it says and not by its place", () => {
  const [theirs = "", alsoTheirs = ""] = foreign;
  for (const field of claiming) {
    assert.equal(kept(theirs + field + alsoTheirs + field + theirs), theirs + alsoTheirs + theirs, field.slice(0, 80));
  }
});

test("an internationalized id is the same in A-labels and in UTF-8", () => {
  const utf8 = "Authentication-Results: mail.b\xc3\xbccher.example; none\n";
  assert.equal(kept(utf8, ["mail.xn--bcher-kva.example"]), "");
  assert.equal(kept(utf8, ["mail.bucher.example"]), utf8);
});

test("a header without such a field, or an empty one, needs no edits", () => {
  const none = { remove: [], replace: [] };
  assert.deepEqual(leaveOutClaims(Buffer.from("From: a\r\nTo: b\r\n"), ours), none);
  assert.deepEqual(leaveOutClaims(new Uint8Array(), ours), none);
});

test("near misses and long folding are read in linear time", () => {
  const names = (count: number) => Buffer.from("Authentication-Results: x (\r\n ".repeat(count), "latin1");
  const all = names(20_000);
  assert.deepEqual(leaveOutClaims(all, ours), { remove: [{ start: 0, end: all.length }], replace: [] });
  const fields = (count: number) => Buffer.from("Authentication-Results: x; none\r\n".repeat(count), "latin1");
  const many = fields(20_000);
  const unread = { start: many.length / 20, end: many.length };
  assert.deepEqual(leaveOutClaims(many, ours), { remove: [unread], replace: [] });
  for (const make of [names, fields]) {
    const [small, large] = [make(10_000), make(20_000)];
    assert.ok(countWork(() => leaveOutClaims(large, ours)) <= 2.2 * countWork(() => leaveOutClaims(small, ours)));
  }
});

test("of more than a thousand Authentication-Results fields the others are left out unread", () => {
  const field = "Authentication-Results: mx.example.org; none\n";
  assert.equal(kept(field.repeat(1000)), field.repeat(1000));
  assert.equal(kept(`${field.repeat(1200)}Subject: x\n`), `${field.repeat(1000)}Subject: x\n`);
});

test("what stays between thousands of fields stays in its order", () => {
  const text = Array.from({ length: 3000 }, (_, i) => `Authentication-Results: mail.example.com\nX: ${i}\n y\n`).join(
    "",
  );
  assert.equal(kept(text), Array.from({ length: 3000 }, (_, i) => `X: ${i}\n y\n`).join(""));
});

test("of a header nothing is made into text but the fields found", (t) => {
  const original = Buffer.prototype.toString;
  let octetsMade = 0;
  t.after(() => Object.assign(Buffer.prototype, { toString: original }));
  Object.assign(Buffer.prototype, {
    toString(this: Buffer, ...args: Parameters<Buffer["toString"]>) {
      const text = original.apply(this, args);
      octetsMade += text.length;
      return text;
    },
  });
  for (const { name, octets: mail } of hostileShapes(300_000)) {
    octetsMade = 0;
    const header = mail.subarray(0, mail.indexOf("\r\n\r\n") + 2);
    const { remove, replace } = leaveOutClaims(header, ours);
    assert.ok(octetsMade <= header.length, `${name}: ${octetsMade} of ${header.length}`);
    if (!name.includes("Authentication-Results")) assert.equal(octetsMade, 0, name);
    assert.ok(remove.length + replace.length <= 1001, `${name}: ${remove.length} ranges`);
  }
});
