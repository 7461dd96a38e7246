// One reader of From, four that go by it: DMARC, banks by author, signing and what `why` and `check` tell. Whatever is
// written in From, none of them takes an author for sure whom another one doubts.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createDmarcCheck } from "../../../src/checks/dmarc-check.ts";
import type { Verification } from "../../../src/dkim/engine.ts";
import { createFixedResolver, parseFixedZone } from "../../../src/dns/fixed-zone.ts";
import { keepEvidence, readKeptAuthors } from "../../../src/flow/outcome/evidence.ts";
import { readAuthors } from "../../../src/mail/authors.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { refine } from "../../../src/policy/author-banks.ts";
import { createSigner } from "../../../src/signing/choose.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { signed } from "../policy/mail.ts";
import { client, port, setUp } from "../policy/setup.ts";
import { ed25519Pem, filesOf } from "../signing/keys.ts";

const domains = ["bank.example", "y.example"];
const router = setUp({
  base: { author_to_policy_bank_maps: [{ ".": "FRIEND" }] },
  banks: { FRIEND: {} },
});
const { keyring } = loadKeyring(
  { dkim_keys: domains.map((domain) => ({ domain, selector: "s", file: "k" })) },
  filesOf({ k: ed25519Pem }),
);
const signer = createSigner(keyring);
const resolve = createFixedResolver(
  parseFixedZone(Object.fromEntries(domains.map((domain) => [`_dmarc.${domain}`, { TXT: ["v=DMARC1; p=reject"] }]))),
);
/** All that a mail can have in its favour. */
const verifications: readonly Verification[] = domains.map((domain) => signed(domain));

async function opinions(header: string) {
  const octets = Buffer.from(header, "latin1");
  const head = { header: octets, ...splitHeader(octets) };
  const { findings } = await createDmarcCheck().run(
    {
      client: { address: "192.0.2.1" },
      sender: "joe@bank.example",
      recipients: [],
      head,
      bank: {
        myhostname: "mx.example.net",
        enable_spf_verification: false,
        enable_dmarc_verification: true,
        enable_arc_verification: false,
        dmarc_mode: "rfc9989",
        arc_trusted_sealers: [],
        arc_seal: false,
        dkim_minimum_key_bits: 1024,
        dkim_clock_drift: 300,
      },
      resolve,
      now: 0,
      verifications: Promise.resolve(verifications),
      message: () => assert.fail("DMARC looks at no body"),
      body: () => assert.fail("DMARC looks at no body"),
    },
    async () => ({ findings: [] }),
  );
  const bank = router.atMail(router.atConnect(port(10024)), client("192.0.2.1"), "");
  const choice = signer.choose({
    head,
    mailFrom: "",
    bank: {
      originating: true,
      enable_dkim_signing: true,
      signed_header_fields: {},
      dkim_signature_options_bysender_maps: { all: () => [], first: () => undefined },
      allowed_added_header_fields: { "dkim-signature": true },
    },
  });
  const authors = readAuthors(head);
  const evidence = keepEvidence(head, undefined, []);
  return {
    doubt: authors.doubt,
    told: evidence.unread ?? readKeptAuthors(evidence).doubt,
    dmarc: findings[0]?.result,
    bank: refine(router, bank, { verifications, authors }).path,
    signedFor: "signer" in choice ? (choice.signer.domain ?? "") : choice.skip,
  };
}

/** Mostly nothing odd, or hardly any mail would be clear. */
const octet = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom(..."\0\x01\t\v\f \x7f\xa0", "\xc2\xa0", "\xef\xbb\xbf") },
);
const name = fc
  .tuple(
    octet,
    fc.constantFrom("From", "from", "FROM", "From", "Fr\0om", "X-From"),
    octet,
    fc.constantFrom("", "", "", "\r\n ", " "),
  )
  .map(([before, word, after, fold]) => `${before}${word}${after}${fold}:`);
const address = fc.constantFrom(
  "ceo@bank.example",
  "a@bank.example",
  "<ceo@bank.example>",
  "<ceo @ bank.example>",
  "CEO <ceo@bank.example>",
  "b@y.example",
  "<b@y.example>",
  "ceo@bank.example <b@y.example>",
  '"ceo@bank.example" <b@y.example>',
  "ceo(x)@bank.example",
  "=?utf-8?B?PGNlb0BiYW5rLmV4YW1wbGU+?=",
  "<@y.example:ceo@bank.example>",
  "root",
  '"root',
  "a@[192.0.2.1]",
  "a@-..",
  "\0",
  ")",
  "team:",
  ";",
  "",
);
const field = fc
  .tuple(name, fc.array(address, { maxLength: 3 }), fc.constantFrom(", ", " ", "\r\n\t"))
  .map(([start, addresses, between]) => `${start} ${addresses.join(between)}\r\n`);
const header = fc
  .tuple(fc.constantFrom("", "Subject: x\r\n"), fc.array(field, { maxLength: 3 }))
  .map(([first, fields]) => {
    return `${first}${fields.join("")}To: b@example.net\r\n`;
  });

test("DMARC, banks, signing and what is told agree on every From", async () => {
  let clear = 0;
  await fc.assert(
    fc.asyncProperty(header, async (text) => {
      const { doubt, told, dmarc, bank, signedFor } = await opinions(text);
      assert.equal(told, doubt);
      if (doubt === undefined) {
        clear += 1;
        assert.equal(dmarc, "pass");
        assert.equal(bank, "FRIEND");
        assert.ok(domains.includes(signedFor), signedFor);
        return;
      }
      assert.notEqual(dmarc, "pass");
      assert.equal(bank, "");
      // Mail that names no domain may be signed by another originator; here there is none.
      assert.ok(signedFor === doubt || doubt === "no-from-domain", signedFor);
      assert.ok(!domains.includes(signedFor), signedFor);
    }),
    { numRuns: 2000 },
  );
  assert.ok(clear > 0, `${clear} of them were clear`);
});
