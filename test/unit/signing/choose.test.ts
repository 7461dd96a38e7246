import assert from "node:assert/strict";
import { test } from "node:test";
import type { LookupMap } from "../../../src/lookup/table.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { createSigner, type SigningBank } from "../../../src/signing/choose.ts";
import type { KeyDeclaration } from "../../../src/signing/key-settings.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { signingLogLines } from "../../../src/signing/log-text.ts";
import { planSigning, type SigningPlan, signingDigests, type WhenLeaving } from "../../../src/signing/plan.ts";
import { ed25519Pem, filesOf, rsaPem, systemError } from "./keys.ts";

const files = filesOf({ "/k/rsa.pem": rsaPem, "/k/ed.pem": ed25519Pem, "/k/locked.pem": systemError("EACCES") });
const receivedAtMs = 1_700_000_000_250;

/** A map of one hash with the keys address, domain, ".domain" and parents, ".". */
function hash(table: Readonly<Record<string, unknown>>): LookupMap<unknown> {
  const all = (address: string) => {
    const domain = address.slice(address.lastIndexOf("@") + 1);
    const keys = [address, domain];
    for (let rest = `.${domain}`; rest.length > 1; rest = rest.slice(Math.max(rest.indexOf(".", 1), 0) || rest.length))
      keys.push(rest);
    return [...keys, "."]
      .filter((key) => key in table)
      .map((key) => ({ key, value: table[key], origin: "t.yaml:1:1" }));
  };
  return { all, first: (address) => all(address)[0] };
}

const bank: SigningBank = {
  originating: true,
  enable_dkim_signing: true,
  signed_header_fields: { from: 2 },
  dkim_signature_options_bysender_maps: hash({}),
  allowed_added_header_fields: { "dkim-signature": true },
};

interface Case {
  readonly header?: string;
  readonly mailFrom?: string;
  readonly keys?: readonly KeyDeclaration[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly bank?: Partial<SigningBank>;
  readonly valid?: WhenLeaving["validSignatures"];
}

const own: readonly KeyDeclaration[] = [{ domain: "example.com", selector: "foo", file: "/k/rsa.pem" }];

function plan({
  header = "From: a@example.com",
  mailFrom = "",
  keys = own,
  options = {},
  bank: other,
  valid = [],
}: Case): SigningPlan {
  const { keyring } = loadKeyring({ dkim_keys: keys }, files);
  const choice = createSigner(keyring).choose({
    head: splitHeader(Buffer.from(`${header.replaceAll("\n", "\r\n")}\r\n`, "utf8")),
    mailFrom,
    bank: { ...bank, dkim_signature_options_bysender_maps: hash(options), ...other },
  });
  return planSigning(choice, { validSignatures: valid, receivedAtMs });
}

/** The plan in short: "d/s/a" per signature, with i= and x= where set, or the reason for none. */
function short(made: SigningPlan): string {
  if (!("sign" in made)) return made.skip;
  return made.sign
    .map((r) => `${r.domain}/${r.selector}/${r.algorithm}${r.identity === "" ? "" : ` i=${r.identity}`}`)
    .join(" + ");
}

const cases: readonly (readonly [string, Case, string])[] = [
  ["signs for the author", {}, "example.com/foo/rsa-sha256"],
  ["signs for the author's domain in any case", { header: "From: A <a@EXAMPLE.com>" }, "example.com/foo/rsa-sha256"],
  [
    "takes the first candidate that has a key: the envelope sender",
    { header: "From: x@foreign.example", mailFrom: "b@example.com" },
    "example.com/foo/rsa-sha256",
  ],
  ["a Sender of ours", { header: "From: x@foreign.example\nSender: list@example.com" }, "example.com/foo/rsa-sha256"],
  [
    "Resent-From before Sender, topmost block first",
    {
      header:
        "Resent-From: new@b.example\nResent-Date: x\nResent-From: old@c.example\nResent-Sender: o@d.example\nFrom: x@foreign.example\nSender: s@a.example",
      keys: ["a", "b", "c", "d"].map((name) => ({ domain: `${name}.example`, selector: "s", file: "/k/rsa.pem" })),
    },
    "b.example/s/rsa-sha256",
  ],
  ["does not walk up to the parent domain", { header: "From: a@sub.example.com" }, "no-key-for-domain"],
  [
    "a subdomain that an option maps to its parent gets i=",
    { header: "From: a@sub.example.com", options: { ".example.com": { d: "example.com" } } },
    "example.com/foo/rsa-sha256 i=@sub.example.com",
  ],
  [
    "but not when the key says t=s",
    {
      header: "From: a@sub.example.com",
      keys: [{ domain: "example.com", selector: "foo", file: "/k/rsa.pem", t: "s:y" }],
      options: { ".example.com": { d: "example.com" } },
    },
    "example.com/foo/rsa-sha256",
  ],
  [
    "a third party may sign",
    { header: "From: a@customer.example", options: { "customer.example": { d: "example.com", s: "foo" } } },
    "example.com/foo/rsa-sha256",
  ],
  [
    "d: null drops one candidate and tries the next",
    { header: "From: a@example.com\nSender: s@example.com", options: { "a@example.com": { d: null } } },
    "example.com/foo/rsa-sha256",
  ],
  [
    "d: '*' is the address's own domain, whatever less specific matches say",
    { options: { ".": { d: "example.org" }, "example.com": { d: "*" } } },
    "example.com/foo/rsa-sha256",
  ],
  ["d: null for all", { options: { ".": { d: null } } }, "empty-signing-domain"],
  ["d: '' as well", { options: { ".": { d: "" } } }, "empty-signing-domain"],
  [
    "the most specific match has the first word, tag by tag",
    {
      keys: [
        { domain: "example.com", selector: "one", file: "/k/rsa.pem" },
        { domain: "example.com", selector: "two", file: "/k/rsa.pem" },
      ],
      options: { ".": { s: "one", i: "@all.example.com" }, "a@example.com": { s: "two" } },
    },
    "example.com/two/rsa-sha256 i=@all.example.com",
  ],
  [
    "null for a tag counts as said",
    { options: { ".": { i: "@x.example.com" }, "example.com": { i: null } } },
    "example.com/foo/rsa-sha256",
  ],
  ["i= gets its @", { options: { ".": { i: "sub.example.com" } } }, "example.com/foo/rsa-sha256 i=@sub.example.com"],
  ["i= outside d=", { options: { ".": { i: "a@example.org" } } }, "identity-outside-domain"],
  ["i= that only ends like d=", { options: { ".": { i: "@notexample.com" } } }, "identity-outside-domain"],
  [
    "i= below d= against t=s",
    {
      keys: [{ domain: "example.com", selector: "foo", file: "/k/rsa.pem", t: ["s"] }],
      options: { ".": { i: "@x.example.com" } },
    },
    "identity-outside-domain",
  ],
  [
    "RSA and Ed25519 by a list of option sets",
    {
      keys: [
        { domain: "example.com", selector: "ed", file: "/k/ed.pem" },
        { domain: "example.com", selector: "foo", file: "/k/rsa.pem" },
      ],
      options: { ".": [{ a: "rsa-sha256" }, { a: "ed25519-sha256" }] },
    },
    "example.com/foo/rsa-sha256 + example.com/ed/ed25519-sha256",
  ],
  [
    "a second set without a key costs nothing",
    { options: { ".": [{ a: "rsa-sha256" }, { a: "ed25519-sha256" }] } },
    "example.com/foo/rsa-sha256",
  ],
  [
    "a second set without a key that can be read defers",
    {
      keys: [
        { domain: "example.com", selector: "foo", file: "/k/rsa.pem" },
        { domain: "example.com", selector: "ed", file: "/k/locked.pem", k: "ed25519" },
      ],
      options: { ".": [{ a: "rsa-sha256" }, { a: "ed25519-sha256", s: "ed" }] },
    },
    "key-unavailable",
  ],
  [
    "the n-th set of a list goes with the n-th of another",
    {
      keys: [
        { domain: "example.com", selector: "r", file: "/k/rsa.pem" },
        { domain: "example.com", selector: "e", file: "/k/ed.pem" },
      ],
      options: { ".": [{ i: "@1.example.com" }, { i: "@2.example.com" }], "example.com": [{ s: "r" }, { s: "e" }] },
    },
    "example.com/r/rsa-sha256 i=@1.example.com + example.com/e/ed25519-sha256 i=@2.example.com",
  ],
  [
    "without a= RSA goes before Ed25519",
    {
      keys: [
        { domain: "example.com", selector: "e", file: "/k/ed.pem" },
        { domain: "example.com", selector: "r", file: "/k/rsa.pem" },
      ],
    },
    "example.com/r/rsa-sha256",
  ],
  [
    "without a= an Ed25519 key alone will do",
    { keys: [{ domain: "example.com", selector: "e", file: "/k/ed.pem" }] },
    "example.com/e/ed25519-sha256",
  ],
  [
    "an unreadable key defers its domain's mail",
    { keys: [{ domain: "example.com", selector: "l", file: "/k/locked.pem" }] },
    "key-unavailable",
  ],
  [
    "and nobody else's",
    { keys: [{ domain: "example.org", selector: "l", file: "/k/locked.pem" }, ...own] },
    "example.com/foo/rsa-sha256",
  ],
  [
    "another readable key does not stand in for it",
    { keys: [{ domain: "example.com", selector: "l", file: "/k/locked.pem" }, ...own] },
    "key-unavailable",
  ],
  [
    "h= without sha256",
    { keys: [{ domain: "example.com", selector: "k", file: "/k/rsa.pem", h: "sha1" }] },
    "key-restriction",
  ],
  [
    "s= for another service",
    { keys: [{ domain: "example.com", selector: "k", file: "/k/rsa.pem", s: "tlsrpt" }] },
    "key-restriction",
  ],
  [
    "g= for another user",
    { keys: [{ domain: "example.com", selector: "k", file: "/k/rsa.pem", g: "b*" }] },
    "key-restriction",
  ],
  [
    "a restricted key is passed over for the next",
    { keys: [{ domain: "example.com", selector: "k", file: "/k/rsa.pem", g: "b*" }, ...own] },
    "example.com/foo/rsa-sha256",
  ],
  [
    "g= for this user",
    { keys: [{ domain: "example.com", selector: "k", file: "/k/rsa.pem", g: "a*" }] },
    "example.com/k/rsa-sha256",
  ],
  [
    "a wildcard key signs with the address's own domain",
    { header: "From: a@x.example.com", keys: [{ domain: "*.example.com", selector: "w", file: "/k/rsa.pem" }] },
    "x.example.com/w/rsa-sha256",
  ],
  ["already signed by the domain", { valid: [{ domain: "example.com", identity: "@example.com" }] }, "already-signed"],
  [
    "signed by the domain for another i=",
    { valid: [{ domain: "example.com", identity: "@example.com" }], options: { ".": { i: "@x.example.com" } } },
    "example.com/foo/rsa-sha256 i=@x.example.com",
  ],
  [
    "signed by somebody else",
    { valid: [{ domain: "example.org", identity: "@example.org" }] },
    "example.com/foo/rsa-sha256",
  ],
  ["not originating", { bank: { originating: false } }, "not-originating"],
  ["switched off", { bank: { enable_dkim_signing: false } }, "signing-disabled"],
  [
    "field not allowed",
    { bank: { allowed_added_header_fields: { "dkim-signature": false } } },
    "signature-not-allowed",
  ],
  ["no From", { header: "Subject: x", mailFrom: "a@example.com" }, "no-from"],
  ["two From fields", { header: "From: a@example.com\nFrom: b@example.com" }, "two-from-fields"],
  [
    "a second From that only lenient readers see",
    { header: "From\n : evil@x.example\nFrom: a@example.com" },
    "two-from-fields",
  ],
  ["an indented From at the top", { header: " From: evil@x.example\nFrom: a@example.com" }, "two-from-fields"],
  ["only a From that lenient readers see", { header: "From\n : a@example.com" }, "malformed-from"],
  ["authors in two domains", { header: "From: a@example.com, b@example.org" }, "two-from-domains"],
  ["two authors in one domain", { header: "From: a@example.com, b@example.com" }, "example.com/foo/rsa-sha256"],
  ["an author hidden in the display name", { header: "From: admin@bank.example <a@example.com>" }, "malformed-from"],
  ["NUL in From", { header: "From: a@example.com\0" }, "malformed-from"],
  [
    "From without a domain, envelope of ours",
    { header: "From: root", mailFrom: "root@example.com" },
    "example.com/foo/rsa-sha256",
  ],
  ["a null sender and a From of ours", { header: "From: MAILER-DAEMON@example.com" }, "example.com/foo/rsa-sha256"],
  ["nobody at all", { header: "From: Undisclosed:;" }, "no-candidate"],
];

for (const [name, input, expected] of cases) {
  test(`choice: ${name}`, () => assert.equal(short(plan(input)), expected));
}

test("t= is floored, x= is ceiled from the time of receipt", () => {
  const made = plan({ options: { ".": { ttl: "21d", c: "relaxed" } } });
  assert.ok("sign" in made);
  const [request] = made.sign;
  assert.equal(request?.signedAt, 1_700_000_000);
  assert.equal(request?.expiresAt, 1_700_000_001 + 21 * 86_400);
  assert.deepEqual([request?.headerCanonicalization, request?.bodyCanonicalization], ["relaxed", "simple"]);
});

test("ttl wins over x, and an x that has passed is left out", () => {
  const expires = (tags: object) => {
    const made = plan({ options: { ".": tags } });
    return "sign" in made ? made.sign[0]?.expiresAt : undefined;
  };
  assert.equal(expires({ x: 1_800_000_000, ttl: 10 }), 1_700_000_011);
  assert.equal(expires({ x: 1_800_000_000, ttl: null }), 1_800_000_000);
  assert.equal(expires({ x: 1 }), undefined);
  assert.equal(expires({ ttl: 0 }), undefined);
});

test("deferring is temporary, all other reasons are not", () => {
  const locked = plan({ keys: [{ domain: "example.com", selector: "l", file: "/k/locked.pem" }] });
  assert.ok("skip" in locked);
  assert.equal(locked.temporary, true);
  assert.equal(locked.detail, "Permission denied");
  const none = plan({ keys: [] });
  assert.ok("skip" in none);
  assert.equal(none.temporary, false);
});

test("each candidate is explained, with the entries that spoke of it", () => {
  const made = plan({ header: "From: x@foreign.example\nSender: s@example.com", options: { ".": { ttl: 60 } } });
  assert.deepEqual(made.candidates, [
    {
      source: "From",
      address: "x@foreign.example",
      attempts: [{ result: "no-key-for-domain", domain: "foreign.example" }],
      matches: [{ key: ".", origin: "t.yaml:1:1" }],
    },
    {
      source: "Sender",
      address: "s@example.com",
      attempts: [{ result: "chosen", domain: "example.com", selector: "foo" }],
      matches: [{ key: ".", origin: "t.yaml:1:1" }],
    },
  ]);
});

test("the log speaks as amavisd's does", () => {
  assert.deepEqual(signingLogLines(plan({ options: { ".": { ttl: 1_814_400 } } })), [
    "dkim: signing (author), From: <a@example.com> (From:<a@example.com>), KEY.key_ind=>0, a=>rsa-sha256, c=>relaxed/simple, d=>example.com, s=>foo, ttl=>1814400, x=>1701814401",
  ]);
  assert.deepEqual(signingLogLines(plan({ header: "From: x@foreign.example", mailFrom: "b@example.com" })), [
    "dkim: signing (3rd-party), From: <x@foreign.example> (mail_from:<b@example.com>), KEY.key_ind=>0, a=>rsa-sha256, c=>relaxed/simple, d=>example.com, s=>foo",
  ]);
  assert.deepEqual(signingLogLines(plan({ bank: { originating: false } })), [
    "dkim: not signing mail which is not originating from our site",
  ]);
  assert.deepEqual(signingLogLines(plan({ header: "From: a@b.example", mailFrom: "c@d.example" })), [
    "dkim: not signing, no applicable private key for domains b.example, d.example, From: <a@b.example>",
  ]);
});

test("digests are known from header and bank, each once", () => {
  const { keyring } = loadKeyring(
    { dkim_keys: [...own, { domain: "example.com", selector: "e", file: "/k/ed.pem" }] },
    files,
  );
  const signer = createSigner(keyring);
  const specs = (options: unknown, header = "From: a@example.com\r\n") =>
    signingDigests(
      signer.choose({
        head: splitHeader(Buffer.from(header)),
        mailFrom: "",
        bank: { ...bank, dkim_signature_options_bysender_maps: hash({ ".": options }) },
      }),
    );
  assert.deepEqual(specs({ c: "simple/relaxed" }), [{ canonicalization: "relaxed", hash: "sha256" }]);
  assert.deepEqual(specs([{ s: "foo" }, { s: "e" }]), [{ canonicalization: "simple", hash: "sha256" }]);
  assert.deepEqual(specs([{ s: "foo" }, { s: "e", c: "relaxed/relaxed" }]).length, 2);
  assert.deepEqual(specs({}, "From: a@foreign.example\r\n"), []);
});
