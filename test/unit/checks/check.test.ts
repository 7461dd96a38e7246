import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArcReport, SpfJob, SpfReport } from "../../../src/authres/authenticator.ts";
import type { Finding } from "../../../src/authres/finding.ts";
import { createChecks } from "../../../src/checks/all.ts";
import { type Check, type CheckBank, runChecks, wantedChecks } from "../../../src/checks/check.ts";
import { dmarcDisposition } from "../../../src/checks/dmarc-check.ts";
import type { Verification } from "../../../src/dkim/engine.ts";
import { createFixedResolver, parseFixedZone } from "../../../src/dns/fixed-zone.ts";
import { splitHeader } from "../../../src/mail/header.ts";

const bank: CheckBank = {
  myhostname: "mx.example.net",
  enable_spf_verification: true,
  enable_dmarc_verification: true,
  enable_arc_verification: true,
  dmarc_mode: "rfc9989",
  arc_trusted_sealers: [".lists.example", "sealer.example"],
  arc_seal: false,
  dkim_minimum_key_bits: 1024,
  dkim_clock_drift: 300,
};
const resolve = createFixedResolver(
  parseFixedZone({
    "_dmarc.example.com": { TXT: ["v=DMARC1; p=reject"] },
    "_dmarc.quarantine.example": { TXT: ["v=DMARC1; p=quarantine"] },
    "_dmarc.none.example": { TXT: ["v=DMARC1; p=none"] },
    "_dmarc.broken.example": { rcode: "SERVFAIL" },
  }),
);

interface Setup {
  readonly header?: string;
  readonly sender?: string;
  readonly client?: { readonly address?: string; readonly helo?: string };
  readonly bank?: Partial<CheckBank>;
  readonly spf?: SpfReport["result"];
  readonly arc?: ArcReport;
  readonly verifications?: readonly Verification[];
}

const arcHeader = "ARC-Seal: i=1; cv=none\nARC-Message-Signature: i=1; c=relaxed/relaxed; l=10\n";

async function check(setup: Setup): Promise<{ findings: readonly Finding[]; spfJobs: SpfJob[] }> {
  const spfJobs: SpfJob[] = [];
  const authenticator = {
    spf: async (job: SpfJob): Promise<SpfReport> => {
      spfJobs.push(job);
      return { result: setup.spf ?? "pass", identity: "mailfrom", domain: "example.com" };
    },
    arc: async (): Promise<ArcReport> => setup.arc ?? { result: "none", sets: [] },
  };
  const header = Buffer.from((setup.header ?? "From: joe@example.com\n").replaceAll("\n", "\r\n"), "latin1");
  const head = { header, ...splitHeader(header) };
  const recipients = [{ address: "b@example.net", parameters: "" }];
  const banks = { ...bank, ...setup.bank };
  const { findings } = await runChecks(wantedChecks(createChecks({ authenticator }), banks, recipients), {
    resolve,
    client: setup.client ?? { address: "192.0.2.7", helo: "mail.example.com" },
    sender: setup.sender ?? "joe@example.com",
    recipients,
    head,
    bank: banks,
    now: 1_700_000_000,
    verifications: Promise.resolve(setup.verifications ?? []),
    message: async () => ({ ...head, separator: "", body: { kind: "memory", sizeBytes: 0, chunks: [] } }),
    body: async () => ({ chunks: [] }),
  });
  return { findings, spfJobs };
}

function shown(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ method, result, reason, properties }) =>
      `${method}=${result}${reason === undefined ? "" : ` ${reason}`}${properties.map((p) => ` ${p.type}.${p.name}=${p.value}`).join("")}`,
  );
}

test("findings come in one order, DMARC's from SPF's", async () => {
  const { findings } = await check({});
  assert.deepEqual(shown(findings), [
    "spf=pass smtp.mailfrom=joe@example.com",
    "dmarc=pass header.from=example.com policy.dmarc=reject",
    "arc=none",
  ]);
});

test("what is switched off is not run, and DMARC does without it", async () => {
  const { findings, spfJobs } = await check({
    bank: { enable_spf_verification: false, enable_arc_verification: false },
  });
  assert.deepEqual(shown(findings), ["dmarc=fail header.from=example.com policy.dmarc=reject"]);
  assert.equal(spfJobs.length, 0);
});

test("SPF is of the client that XFORWARD tells, and of none where it does not tell", async () => {
  const { spfJobs } = await check({ client: { address: "IPv6:2001:db8::1", helo: "h.example" } });
  assert.deepEqual(spfJobs, [
    { address: "2001:db8::1", helo: "h.example", sender: "joe@example.com", receiver: "mx.example.net" },
  ]);
  const { findings } = await check({ client: {} });
  assert.deepEqual(shown(findings).at(0), "dmarc=fail header.from=example.com policy.dmarc=reject");
});

test("a null sender is reported by its HELO, a source route not at all", async () => {
  const bounce = await check({ sender: "", client: { address: "192.0.2.7", helo: "mail.example.com" } });
  assert.deepEqual(shown(bounce.findings).slice(0, 2), [
    "spf=pass smtp.helo=mail.example.com",
    "dmarc=pass header.from=example.com policy.dmarc=reject",
  ]);
  const routed = await check({ sender: "@trusted.example:joe@example.com" });
  assert.equal(shown(routed.findings)[0], "spf=pass smtp.mailfrom=joe@example.com");
});

test("a sender whose domain is none is reported whole, for its local part alone would read as a domain", async () => {
  const { findings } = await check({ sender: "bank.example@exa$mple.com" });
  assert.equal(shown(findings)[0], "spf=pass smtp.mailfrom=bank.example@exa$mple.com");
});

test("DKIM counts for DMARC by its result, DomainKeys never", async () => {
  const good: Verification = {
    kind: "dkim",
    result: "pass",
    domain: "example.com",
    selector: "s",
    algorithm: "rsa-sha256",
    identity: "@example.com",
    b: "abc",
  };
  const off = { spf: "fail" } as const;
  const dmarc = async (verification: Verification) =>
    (await check({ ...off, verifications: [verification] })).findings.find(({ method }) => method === "dmarc")?.result;
  assert.equal(await dmarc(good), "pass");
  assert.equal(await dmarc({ ...good, result: "policy", reason: "weak-key" }), "fail");
  assert.equal(await dmarc({ ...good, kind: "domainkeys" }), "fail");
});

test("mail without one clear author is dmarc=permerror whatever passed", async () => {
  const { findings } = await check({ header: "From: joe@example.com\nFrom: eve@example.org\n" });
  assert.equal(shown(findings)[1], "dmarc=permerror two-from-fields");
});

const doubtful: readonly (readonly [title: string, header: string, spf: SpfReport["result"], dmarc: string])[] = [
  ["two fields", "From: joe@example.com\nFrom: x@evil.example", "fail", "fail two-from-fields"],
  ["two fields, ours below", "From: x@evil.example\nFrom: joe@example.com", "fail", "fail two-from-fields"],
  ["two authors", "From: joe@example.com, x@evil.example", "fail", "fail two-from-domains"],
  ["a word behind the address", "From: CEO <joe@example.com> x", "fail", "fail malformed-from"],
  ["an odd bracket", "From: CEO ) <joe@example.com>", "fail", "fail malformed-from"],
  ["a comment within", "From: joe(x)@example.com", "fail", "fail malformed-from"],
  ["another address as name", "From: joe@example.com. <x@evil.example>", "fail", "fail malformed-from"],
  ["a route", "From: <@relay.example:joe@example.com>", "fail", "fail malformed-from"],
  ["a header with too many fields", `From: joe@example.com\n${"X: y\n".repeat(1001)}`, "fail", "fail header-too-large"],
  [
    "a header with too many fields above",
    `${"X: y\n".repeat(1001)}From: joe@example.com`,
    "fail",
    "fail header-too-large",
  ],
  ["a line that is no field above", "Pay now\nFrom: joe@example.com", "fail", "fail no-field-name"],
  ["a line that is no field, a sender of the bank's", "Pay now\nFrom: x@evil.example", "fail", "fail no-field-name"],
  ["a line that is no field, nothing failed", "Pay now\nFrom: joe@example.com", "pass", "permerror no-field-name"],
  ["a name with a control character", "From\v: joe@example.com", "fail", "fail malformed-from"],
  ["no From at all, where the MTA writes one", "Subject: x", "fail", "fail no-from"],
  ["no From at all, the sender is who he says", "Subject: x", "pass", "permerror no-from"],
  ["nobody's domain", "From: root", "fail", "permerror no-from-domain"],
  ["a pass for one of two", "From: joe@example.com, x@quarantine.example", "pass", "fail two-from-domains"],
];

for (const [title, lines, spf, wanted] of doubtful) {
  test(`an unclear From is held against every domain that it shows: ${title}`, async () => {
    const { findings } = await check({ header: `${lines}\n`, spf });
    const dmarc = shown(findings)[1] ?? "";
    assert.ok(dmarc.startsWith(`dmarc=${wanted}`), dmarc);
    assert.equal(dmarcDisposition(findings), dispositionOf(dmarc));
  });
}

function dispositionOf(shownFinding: string): string {
  return /policy\.dmarc=(\S+)/.exec(shownFinding)?.[1] ?? "none";
}

test("of several failures the strictest policy is told, and a temporary error before one that asks for nothing", async () => {
  const dmarc = async (...domains: string[]) => {
    const header = `From: ${domains.map((domain) => `a@${domain}`).join(", ")}\n`;
    return shown((await check({ header, sender: "x@other.example" })).findings)[1];
  };
  const reject = "header.from=example.com policy.dmarc=reject";
  const quarantine = "header.from=quarantine.example policy.dmarc=quarantine";
  const fail = "dmarc=fail two-from-domains";
  assert.equal(await dmarc("none.example", "quarantine.example", "example.com"), `${fail} ${reject}`);
  assert.equal(await dmarc("none.example", "quarantine.example", "broken.example"), `${fail} ${quarantine}`);
  assert.equal(await dmarc("none.example", "broken.example"), "dmarc=temperror dns-error header.from=broken.example");
  assert.equal(await dmarc("none.example", "x.example"), `${fail} header.from=none.example policy.dmarc=none`);
  assert.equal(await dmarc("y.example", "x.example"), "dmarc=permerror two-from-domains");
});

test("a trusted chain does not vouch for a From that readers understand differently", async () => {
  const { findings } = await check({
    header: `${arcHeader}From: joe@example.com\nFrom: x@list.example\n`,
    spf: "fail",
    arc: { result: "pass", sets: [{ instance: 1, sealer: "sealer.example", dmarc: "pass" }] },
  });
  assert.equal(findings.at(-1)?.reason, "trusted-sealer");
  assert.equal(dmarcDisposition(findings), "reject");
});

test("a chain from trusted sealers is told, and keeps DMARC's verdict from being acted on", async () => {
  const cases: [ArcReport["sets"], boolean][] = [
    [[{ instance: 1, sealer: "sealer.example", dmarc: "pass" }], true],
    [
      [
        { instance: 1, sealer: "a.lists.example" },
        { instance: 2, sealer: "lists.example" },
      ],
      true,
    ],
    [[{ instance: 1, sealer: "x.sealer.example" }], false],
    [
      [
        { instance: 1, sealer: "evil.example" },
        { instance: 2, sealer: "sealer.example" },
      ],
      false,
    ],
    [[{ instance: 1, sealer: "sealer.example", dmarc: "fail" }], false],
    [[{ instance: 1, sealer: "sealer.example", dmarc: "pass", isUnreadable: true }], false],
    [
      [
        { instance: 1, sealer: "sealer.example", dmarc: "pass" },
        { instance: 2, sealer: "sealer.example", dmarc: "fail", isUnreadable: true },
      ],
      true,
    ],
  ];
  for (const [sets, trusted] of cases) {
    const { findings } = await check({
      header: `${arcHeader}From: joe@example.com\n`,
      spf: "fail",
      arc: { result: "pass", sets },
    });
    assert.equal(findings.at(-1)?.reason, trusted ? "trusted-sealer" : undefined);
    assert.equal(findings.at(-1)?.comment, `i=${sets.length}`);
    assert.equal(dmarcDisposition(findings), trusted ? "none" : "reject");
  }
});

test("only a failure asks for anything", async () => {
  assert.equal(dmarcDisposition((await check({ spf: "fail" })).findings), "reject");
  assert.equal(dmarcDisposition((await check({})).findings), "none");
  assert.equal(dmarcDisposition((await check({ header: "Subject: x\n", sender: "" })).findings), "none");
  assert.equal(dmarcDisposition([]), "none");
});

test("body digests are asked for where there is a chain to verify", () => {
  const checks = createChecks({
    authenticator: {
      spf: async () => ({ result: "none", identity: "helo", domain: "" }),
      arc: async () => ({ result: "none", sets: [] }),
    },
  });
  const digests = (text: string, changed: Partial<CheckBank> = {}) => {
    const header = Buffer.from(text.replaceAll("\n", "\r\n"));
    const wanted = wantedChecks(checks, { ...bank, ...changed }, [{ address: "b@example.net", parameters: "" }]);
    return wanted.flatMap((check) => check.digests?.({ header, ...splitHeader(header) }) ?? []);
  };
  assert.deepEqual(digests("From: a\n"), []);
  assert.deepEqual(digests(arcHeader), [{ canonicalization: "relaxed", hash: "sha256", length: 10 }]);
  assert.deepEqual(digests(arcHeader, { enable_arc_verification: false }), []);
  assert.deepEqual(
    digests("ARC-Message-Signature: i=2; b=x\nARC-Message-Signature: i=1; c=relaxed/relaxed\n").map(
      (d) => d.canonicalization,
    ),
    ["simple", "relaxed"],
  );
});

test("a check runs when one of the recipients is to have it", () => {
  const asked: string[] = [];
  const check: Check = {
    name: "picky",
    isWanted(_bank, recipient) {
      asked.push(recipient);
      return recipient === "b@x";
    },
    run: async () => ({ findings: [] }),
  };
  const to = (...addresses: string[]) => addresses.map((address) => ({ address, parameters: "" }));
  assert.deepEqual(wantedChecks([check], bank, to("a@x", "b@x", "c@x")), [check]);
  assert.deepEqual(asked, ["a@x", "b@x"]);
  assert.deepEqual(wantedChecks([check], bank, to("a@x", "c@x")), []);
  assert.deepEqual(wantedChecks([check], bank, []), []);
});
