import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateDmarc, type Identifiers } from "../../../src/checks/dmarc.ts";
import { type DmarcMode, parseDmarcRecord } from "../../../src/checks/dmarc-record.ts";
import { organizationalDomain } from "../../../src/checks/organizational-domain.ts";
import { createFixedResolver, parseFixedZone } from "../../../src/dns/fixed-zone.ts";
import type { Resolve } from "../../../src/rr/answer.ts";

type Zone = Record<string, string | { rcode: string } | { A: string[] } | { CNAME: string[] }>;

function zoneResolve(zone: Zone): Resolve {
  const entries = Object.entries(zone).map(([name, value]) => [
    name,
    typeof value === "string" ? { TXT: [value] } : value,
  ]);
  return createFixedResolver(parseFixedZone(Object.fromEntries(entries)));
}

async function evaluate(
  mode: DmarcMode,
  authorDomain: string,
  zone: Zone,
  { spf, dkim = [] }: Partial<Identifiers> = {},
  sample = 0,
) {
  const identifiers = Promise.resolve({ spf, dkim });
  return evaluateDmarc(mode, { authorDomain, identifiers, sample }, zoneResolve(zone));
}

const reject = "v=DMARC1; p=reject";

test("an aligned pass of SPF or DKIM is a pass, by either RFC", async () => {
  for (const mode of ["rfc7489", "rfc9989"] as const) {
    const zone = { "_dmarc.example.com": reject };
    const spf = { result: "pass", domain: "bounce.example.com" } as const;
    assert.equal((await evaluate(mode, "example.com", zone, { spf })).result, "pass");
    const dkim = [
      { result: "fail", domain: "example.com" },
      { result: "pass", domain: "news.example.com" },
    ] as const;
    const byDkim = await evaluate(mode, "example.com", zone, { dkim });
    assert.deepEqual([byDkim.result, byDkim.dkimAligned, byDkim.disposition], ["pass", true, "reject"]);
    const foreign = await evaluate(mode, "example.com", zone, { spf: { result: "pass", domain: "example.org" } });
    assert.deepEqual([foreign.result, foreign.disposition], ["fail", "reject"]);
  }
});

test("what is not a pass does not align: policy, softfail, neutral", async () => {
  for (const result of ["policy", "softfail", "neutral", "none", "permerror"] as const) {
    const dkim = [{ result, domain: "example.com" }];
    assert.equal((await evaluate("rfc9989", "example.com", { "_dmarc.example.com": reject }, { dkim })).result, "fail");
  }
});

test("strict alignment takes the very same domain alone", async () => {
  const zone = { "_dmarc.example.com": "v=DMARC1; p=reject; adkim=s; aspf=s" };
  for (const mode of ["rfc7489", "rfc9989"] as const) {
    const dkim = [{ result: "pass", domain: "news.example.com" }] as const;
    assert.equal((await evaluate(mode, "example.com", zone, { dkim })).result, "fail");
    const spf = { result: "pass", domain: "example.com" } as const;
    assert.equal((await evaluate(mode, "example.com", zone, { spf })).result, "pass");
  }
});

test("a temporary error of what could have passed is no failure", async () => {
  const zone = { "_dmarc.example.com": reject };
  const near = await evaluate("rfc9989", "example.com", zone, {
    dkim: [{ result: "temperror", domain: "example.com" }],
  });
  assert.deepEqual([near.result, near.reason], ["temperror", "identifier-temperror"]);
  const far = await evaluate("rfc9989", "example.com", zone, {
    dkim: [{ result: "temperror", domain: "example.org" }],
  });
  assert.equal(far.result, "fail");
});

test("a signature that nobody looked at is no failure where it would align, and keeps nothing else from passing", async () => {
  const zone = { "_dmarc.example.com": reject };
  const unjudged = Array.from({ length: 50 }, (_, i) => ({ result: "unjudged", domain: `s${i}.example.com` }) as const);
  for (const mode of ["rfc7489", "rfc9989"] as const) {
    const unknown = await evaluate(mode, "example.com", zone, { dkim: unjudged });
    assert.deepEqual(
      [unknown.result, unknown.reason, unknown.disposition],
      ["temperror", "too-many-signatures", "reject"],
    );
    const pass = { result: "pass", domain: "news.example.com" } as const;
    assert.equal((await evaluate(mode, "example.com", zone, { dkim: [...unjudged, pass] })).result, "pass");
    const foreign = [{ result: "unjudged", domain: "example.org" }] as const;
    assert.equal((await evaluate(mode, "example.com", zone, { dkim: foreign })).result, "fail");
  }
});

test("subdomains get sp, those that do not exist np, which RFC 7489 does not know", async () => {
  const zone = {
    "_dmarc.example.com": "v=DMARC1; p=reject; sp=quarantine; np=none",
    "real.example.com": { A: ["192.0.2.1"] },
    "alias.example.com": { CNAME: ["gone.example.net"] },
  };
  assert.equal((await evaluate("rfc9989", "real.example.com", zone)).policy, "quarantine");
  assert.equal((await evaluate("rfc9989", "alias.example.com", zone)).policy, "quarantine");
  assert.equal((await evaluate("rfc9989", "ghost.example.com", zone)).policy, "none");
  assert.equal((await evaluate("rfc7489", "ghost.example.com", zone)).policy, "quarantine");
  assert.equal((await evaluate("rfc9989", "example.com", zone)).policy, "reject");
});

test("t=y lowers by one step under RFC 9989, pct= outside the sample under RFC 7489", async () => {
  const testing = { "_dmarc.example.com": "v=DMARC1; p=reject; t=y" };
  assert.equal((await evaluate("rfc9989", "example.com", testing)).disposition, "quarantine");
  assert.equal((await evaluate("rfc7489", "example.com", testing)).disposition, "reject");
  const sampled = { "_dmarc.example.com": "v=DMARC1; p=quarantine; pct=25" };
  assert.equal((await evaluate("rfc7489", "example.com", sampled, {}, 24.9)).disposition, "quarantine");
  assert.equal((await evaluate("rfc7489", "example.com", sampled, {}, 25)).disposition, "none");
  assert.equal((await evaluate("rfc9989", "example.com", sampled, {}, 99)).disposition, "quarantine");
});

test("the tree walk heeds psd=n and psd=y", async () => {
  const own = { "_dmarc.dept.example.com": "v=DMARC1; p=reject; psd=n", "_dmarc.example.com": reject };
  const spf = { result: "pass", domain: "example.com" } as const;
  assert.equal((await evaluate("rfc9989", "a.dept.example.com", own, { spf })).result, "fail");
  const suffix = { "_dmarc.bank": "v=DMARC1; p=quarantine; psd=y", "_dmarc.example.bank": reject };
  const other = { result: "pass", domain: "other.bank" } as const;
  assert.equal((await evaluate("rfc9989", "example.bank", suffix, { spf: other })).result, "fail");
  const inherited = await evaluate("rfc9989", "none.bank", suffix);
  assert.deepEqual([inherited.policyDomain, inherited.policy], ["bank", "quarantine"]);
});

test("a walk asks for no more than eight names", async () => {
  const asked: string[] = [];
  const resolve: Resolve = async (name) => {
    asked.push(name);
    return { status: "nxdomain", ttlSeconds: 0, secure: false };
  };
  const authorDomain = `${"a.".repeat(50)}example.com`;
  const identifiers = Promise.resolve({ spf: undefined, dkim: [] });
  await evaluateDmarc("rfc9989", { authorDomain, identifiers, sample: 0 }, resolve);
  assert.ok(asked.length <= 8, `${asked.length} questions`);
});

test("a hundred signing domains do not make a hundred walks", async () => {
  let questions = 0;
  const zone = zoneResolve({ "_dmarc.example.com": reject });
  const resolve: Resolve = (name, type) => {
    questions += 1;
    return zone(name, type);
  };
  const dkim = Array.from({ length: 100 }, (_, i) => ({ result: "pass", domain: `s${i}.x.example.com` }) as const);
  const own = [...dkim.map(({ domain }) => ({ result: "pass", domain: `_.${domain}.org` }) as const), ...dkim];
  await evaluateDmarc(
    "rfc9989",
    { authorDomain: "example.com", identifiers: Promise.resolve({ spf: undefined, dkim: own }), sample: 0 },
    resolve,
  );
  assert.ok(questions < 40, `${questions} questions`);
});

test("DNS trouble is a temporary error, unless the author's own record decides", async () => {
  const broken = { rcode: "SERVFAIL" };
  const away = await evaluate("rfc9989", "a.example.com", { "_dmarc.example.com": broken });
  assert.deepEqual([away.result, away.reason], ["temperror", "dns-error"]);
  const zone = { "_dmarc.a.example.com": reject, "_dmarc.example.com": broken };
  const same = { result: "pass", domain: "a.example.com" } as const;
  assert.equal((await evaluate("rfc9989", "a.example.com", zone, { spf: same })).result, "pass");
  const below = { result: "pass", domain: "b.example.com" } as const;
  assert.equal((await evaluate("rfc9989", "a.example.com", zone, { spf: below })).result, "temperror");
  const foreign = { result: "pass", domain: "example.org" } as const;
  assert.equal((await evaluate("rfc9989", "a.example.com", zone, { spf: foreign })).result, "fail");
});

test("several records count as none, others beside one do no harm", async () => {
  const resolve = createFixedResolver(
    parseFixedZone({
      "_dmarc.two.example": { TXT: [reject, "v=DMARC1; p=none"] },
      "_dmarc.one.example": { TXT: ["v=spf1 -all", reject] },
    }),
  );
  const identifiers = Promise.resolve({ spf: undefined, dkim: [] });
  for (const mode of ["rfc7489", "rfc9989"] as const) {
    const of = (authorDomain: string) => evaluateDmarc(mode, { authorDomain, identifiers, sample: 0 }, resolve);
    assert.equal((await of("two.example")).result, "none");
    assert.equal((await of("one.example")).result, "fail");
  }
});

test("records are read leniently but for what the RFCs make fatal", () => {
  for (const mode of ["rfc7489", "rfc9989"] as const) {
    assert.equal(parseDmarcRecord(mode, "v=DMARC1; p=reject; p=none"), "unusable");
    assert.equal(parseDmarcRecord(mode, "p=reject; v=DMARC1"), "unusable");
    assert.equal(parseDmarcRecord(mode, `v=DMARC1; p=reject; x=${"y".repeat(5000)}`), "unusable");
    assert.equal(parseDmarcRecord(mode, "v=DMARC1; p=reject; sp=rejcet"), "unusable");
    const record = parseDmarcRecord(mode, "v=DMARC1; p=Reject; adkim=S; aspf=x; pct=101; __proto__=1; junk");
    assert.deepEqual(record, { p: "reject", adkim: "strict", aspf: "relaxed", pct: 100, testing: false, psd: "u" });
  }
});

test("tags that an RFC does not know change nothing by it, broken ones neither", () => {
  const plain = { p: "reject", adkim: "relaxed", aspf: "relaxed", pct: 100, testing: false, psd: "u" };
  for (const text of ["np=jerect", "np=none", "t=y", "psd=n", "t=maybe; psd=?; np="]) {
    assert.deepEqual(parseDmarcRecord("rfc7489", `v=DMARC1; p=reject; ${text}`), plain, text);
  }
  assert.deepEqual(parseDmarcRecord("rfc9989", "v=DMARC1; p=reject; pct=0"), plain);
  assert.equal(parseDmarcRecord("rfc9989", "v=DMARC1; p=reject; np=jerect"), "unusable");
});

test("organizational domains follow the public suffix list, its private part included", () => {
  const cases = [
    ["a.b.example.co.uk", "example.co.uk"],
    ["example.com", "example.com"],
    ["com", "com"],
    ["joe.github.io", "joe.github.io"],
    ["www.joe.github.io", "joe.github.io"],
    ["x.unknown-tld", "x.unknown-tld"],
    ["a.xn--85x722f.com.cn", "xn--85x722f.com.cn"],
  ] as const;
  for (const [name, organization] of cases) assert.equal(organizationalDomain(name), organization);
});
