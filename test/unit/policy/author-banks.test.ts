import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verification } from "../../../src/dkim/engine.ts";
import type { RawTable } from "../../../src/lookup/table.ts";
import { refine } from "../../../src/policy/author-banks.ts";
import { signatureStanding } from "../../../src/policy/signature-standing.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { authorsOf, signed } from "./mail.ts";
import { client, port, setUp } from "./setup.ts";

const banks: Readonly<Record<string, BankOverlay>> = {
  PARTNER: { forward_method: "smtp:[127.0.0.1]:10035", bypass_spam_checks_maps: [1] },
  SECOND: {},
  VIPS: {},
  RELAYED: {},
  OURS: { originating: true },
  AUTHOR_APPROVED: { bypass_banned_checks_maps: [1] },
};
const maps: readonly RawTable[] = [
  {
    ".partner.example": "PARTNER",
    "boss@partner.example": "PARTNER, VIPS",
    "x@other.example/@signer.example": "RELAYED",
    ".lists.example/@relay.example": "RELAYED,SECOND",
    "approved.example": 1,
    "own.example": "OURS",
    "b\u00fccher.example": "SECOND",
    "barred@own.example": 0,
  },
];

interface AuthorCase {
  readonly title: string;
  readonly from: readonly string[];
  readonly signatures: readonly Verification[];
  readonly base?: BankOverlay;
  readonly path: string;
  readonly keys?: readonly string[];
}

const friends: readonly AuthorCase[] = [
  {
    title: "an author signature loads the bank of the author's domain",
    from: ["From: Joe <joe@Partner.Example>"],
    signatures: [signed("partner.example")],
    path: "PARTNER",
    keys: [".partner.example"],
  },
  {
    title: "all banks of a comma list load, left to right",
    from: ["From: boss@partner.example"],
    signatures: [signed("partner.example")],
    path: "PARTNER/VIPS",
    keys: ["boss@partner.example", "boss@partner.example"],
  },
  {
    title: "the value 1 is AUTHOR_APPROVED",
    from: ["From: a@approved.example"],
    signatures: [signed("approved.example")],
    path: "AUTHOR_APPROVED",
  },
  {
    title: "a third-party signature loads by a key with its domain",
    from: ["From: x@other.example"],
    signatures: [signed("signer.example")],
    path: "RELAYED",
    keys: ["x@other.example/@signer.example"],
  },
  {
    title: "the signer is appended to every key of the author",
    from: ["From: anyone@sub.lists.example"],
    signatures: [signed("relay.example")],
    path: "RELAYED/SECOND",
  },
  {
    title: "a bank by author may make mail ours, as in amavisd",
    from: ["From: a@own.example"],
    signatures: [signed("own.example")],
    path: "OURS",
  },
  {
    title: "results of several signatures load one after the other, each bank once",
    from: ["From: x@other.example"],
    signatures: [signed("signer.example"), signed("elsewhere.example"), signed("signer.example")],
    path: "RELAYED",
  },
  {
    title: "a broken signature does not spoil a good one",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { result: "fail" }), signed("partner.example")],
    path: "PARTNER",
  },
  {
    title: "several authors who all earn a bank load it",
    from: ["From: joe@partner.example, boss@partner.example"],
    signatures: [signed("partner.example")],
    path: "PARTNER",
  },
  {
    title: "an Ed25519 key is not measured by RSA's bits",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { algorithm: "ed25519-sha256", keyBits: 256 })],
    path: "PARTNER",
  },
  {
    title: "DomainKeys count where dk_counts says so",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { kind: "domainkeys", algorithm: "rsa-sha1" })],
    base: { dk_counts: true },
    path: "PARTNER",
  },
  {
    title: "U-labels and A-labels are the same author domain",
    from: ["From: a@b\xc3\xbccher.example"],
    signatures: [signed("xn--bcher-kva.example")],
    path: "SECOND",
  },
];

const foes: readonly AuthorCase[] = [
  { title: "no signature", from: ["From: joe@partner.example"], signatures: [], path: "" },
  {
    title: "a broken signature",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { result: "fail", reason: "body-hash-mismatch" })],
    path: "",
  },
  {
    title: "an l= trick, which the verifier calls policy",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { result: "policy", reason: "body-not-fully-signed" })],
    path: "",
  },
  {
    title: "two From fields, the friend first",
    from: ["From: joe@partner.example", "From: evil@attack.example"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "two From fields, the friend last",
    from: ["From: evil@attack.example", "From: joe@partner.example"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "a From hidden by folding",
    from: ["From", " : evil@attack.example", "From: joe@partner.example"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "two authors, one of them a stranger",
    from: ["From: joe@partner.example, evil@attack.example"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "two authors, the stranger signs",
    from: ["From: joe@partner.example, evil@attack.example"],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "two friends with different banks",
    from: ["From: joe@partner.example, a@approved.example"],
    signatures: [signed("partner.example"), signed("approved.example")],
    path: "",
  },
  {
    title: "rsa-sha1, even where the verifier lets it pass",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { algorithm: "rsa-sha1" })],
    path: "",
  },
  {
    title: "a key below dkim_minimum_key_bits",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { keyBits: 1024 })],
    base: { dkim_minimum_key_bits: 2048 },
    path: "",
  },
  {
    title: "a key of unknown size",
    from: ["From: joe@partner.example"],
    signatures: [{ ...signed("partner.example", { result: "pass" }), keyBits: 0 }],
    path: "",
  },
  {
    title: "a domain that only tests",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { testing: true })],
    path: "",
  },
  {
    title: "a Subject added on top of the signed one",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { unsignedInstances: ["subject"] })],
    path: "",
  },
  {
    title: "DomainKeys by default",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { kind: "domainkeys" })],
    path: "",
  },
  {
    title: "a third-party signature",
    from: ["From: joe@partner.example"],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "a signature of a parent domain",
    from: ["From: joe@sub.partner.example"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "a signature of a subdomain",
    from: ["From: joe@partner.example"],
    signatures: [signed("sub.partner.example")],
    path: "",
  },
  {
    title: "the friend as display name",
    from: ['From: "joe@partner.example" <evil@attack.example>'],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "the friend as unquoted display name",
    from: ["From: joe@partner.example <evil@attack.example>"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "the friend in a route",
    from: ["From: <@partner.example:evil@attack.example>"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "the friend in a quoted local part",
    from: ['From: "joe@partner.example"@attack.example'],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "quotes within a quoted local part",
    from: ['From: "\\"@partner.example\\""@attack.example'],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "a NUL after the friend",
    from: ["From: joe@partner.example\0.attack.example"],
    signatures: [signed("partner.example")],
    path: "",
  },
  {
    title: "a full stop in disguise",
    from: ["From: joe@partner.example\xe3\x80\x82attack.example"],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "another signer than the key names",
    from: ["From: x@other.example"],
    signatures: [signed("attack.example")],
    path: "",
  },
  {
    title: "an author who writes the signer's key into the address",
    from: ['From: "x@other.example/"@signer.example'],
    signatures: [signed("signer.example")],
    path: "",
  },
  {
    title: "a key with the value 0",
    from: ["From: barred@own.example"],
    signatures: [signed("own.example")],
    path: "",
  },
  {
    title: "temporary trouble with the key",
    from: ["From: joe@partner.example"],
    signatures: [signed("partner.example", { result: "temperror" })],
    path: "",
  },
];

for (const [kind, cases] of [
  ["a friend", friends],
  ["no friend", foes],
] as const) {
  for (const { title, from, signatures, base = {}, path, keys } of cases) {
    test(`${kind}: ${title}`, () => {
      const router = setUp({ base: { ...base, author_to_policy_bank_maps: maps }, banks });
      assert.deepEqual(router.problems, []);
      const arrived = router.atMail(router.atConnect(port(10024)), client("203.0.113.9"), "");
      const bank = refine(router, arrived, { verifications: signatures, authors: authorsOf(...from) });
      assert.equal(bank.path, path);
      assert.ok(bank.loaded.every(({ why }) => why === "author"));
      if (keys !== undefined)
        assert.deepEqual(
          bank.loaded.map(({ key }) => key),
          keys,
        );
    });
  }
}

test("a friend's bank changes next hop and checks, and originating only where it says so", () => {
  const router = setUp({ base: { author_to_policy_bank_maps: maps }, banks });
  const facts = { verifications: [signed("partner.example")], authors: authorsOf("From: joe@partner.example") };
  const bank = refine(router, router.base, facts);
  assert.equal(bank.forward_method, "smtp:[127.0.0.1]:10035");
  assert.equal(bank.bypass_spam_checks_maps.first("a@b")?.value, true);
  assert.equal(bank.originating, false);
  const ours = refine(router, router.base, {
    verifications: [signed("own.example")],
    authors: authorsOf("From: a@own.example"),
  });
  assert.equal(ours.originating, true);
  assert.equal(refine(router, router.base, facts), bank, "made once");
});

test("refining again with the same facts changes nothing", () => {
  const router = setUp({ base: { author_to_policy_bank_maps: maps }, banks });
  const facts = { verifications: [signed("partner.example")], authors: authorsOf("From: boss@partner.example") };
  const bank = refine(router, router.base, facts);
  assert.equal(bank.path, "PARTNER/VIPS");
  assert.equal(refine(router, bank, facts), bank);
});

test("MYNETS by a verified author is a bank like any other: what it stands for is a matter of the client", () => {
  for (const bank of [undefined, { forward_method: "smtp:[127.0.0.1]:10035" }]) {
    const router = setUp({
      base: { author_to_policy_bank_maps: [{ ".": "MYNETS" }] },
      banks: bank === undefined ? {} : { MYNETS: bank },
    });
    const refined = refine(router, router.base, {
      verifications: [signed("partner.example")],
      authors: authorsOf("From: joe@partner.example"),
    });
    assert.equal(refined.path, "MYNETS");
    assert.equal(refined.originating, false, "invariant 7: a sender cannot make mail ours");
    assert.equal(router.load(router.base, ["MYNETS"], "client-network").originating, true);
  }
});

test("a bank's own author map is asked in that bank", () => {
  const router = setUp({
    base: { author_to_policy_bank_maps: maps },
    banks: { ...banks, QUIET: { author_to_policy_bank_maps: [] } },
    interfaces: { "10026": ["QUIET"] },
  });
  const facts = { verifications: [signed("partner.example")], authors: authorsOf("From: joe@partner.example") };
  assert.equal(refine(router, router.atConnect(port(10026)), facts).path, "QUIET");
  assert.equal(refine(router, router.atConnect(port(10024)), facts).path, "PARTNER");
});

test("why a signature does not count is one of a closed list", () => {
  const { base } = setUp({});
  const cases: readonly (readonly [Partial<Verification>, string])[] = [
    [{}, "counts"],
    [{ result: "permerror" }, "not-pass"],
    [{ kind: "domainkeys" }, "domainkeys"],
    [{ algorithm: "rsa-sha1" }, "weak-algorithm"],
    [{ keyBits: 768 }, "short-key"],
    [{ testing: true }, "testing"],
    [{ unsignedInstances: ["to"] }, "unsigned-instances"],
  ];
  for (const [facts, standing] of cases) assert.equal(signatureStanding(base, signed("x.example", facts)), standing);
});
