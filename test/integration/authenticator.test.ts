// SPF and ARC on real worker threads, which ask the DNS through this thread's resolver and a server on loopback.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { formatResults } from "../../src/authres/print.ts";
import {
  createWorkerAuthenticator,
  defaultAuthenticatorOptions,
  type WorkerAuthenticator,
} from "../../src/checks/worker-authenticator.ts";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { createResolver, defaultResolverOptions, type Resolver } from "../../src/dns/resolver.ts";
import type { Resolve } from "../../src/rr/answer.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { after, before, test } from "../support/limited.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rawKey = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64");
const rsaKey = rsa.publicKey.export({ type: "spki", format: "der" }).toString("base64");
const worker = new URL("../../workers/authenticate.ts", import.meta.url).href;

let dns: FakeDns;
let resolver: Resolver;
let authenticator: WorkerAuthenticator;

before(async () => {
  dns = await startFakeDns({
    "example.com": { TXT: ["v=spf1 include:spf.example.com -all"] },
    "spf.example.com": { TXT: ["v=spf1 ip4:192.0.2.0/24 mx ~all"], MX: [[10, "mx.example.com"]] },
    "mx.example.com": { AAAA: ["2001:db8::25"] },
    "bomb.example.com": {
      TXT: [`v=spf1 ${Array.from({ length: 12 }, (_, i) => `a:n${i}.example.com`).join(" ")} -all`],
    },
    "silent.example.com": { rcode: "SERVFAIL" },
    "mail_out.example.com": { TXT: ["v=spf1 a exists:%{h}._h.%{d} -all"], A: ["192.0.2.7"] },
    "client.example.net._h.mail_out.example.com": { A: ["127.0.0.1"] },
    "mute.example.com": { TXT: ["v=spf1 -all"] },
    "ed._domainkey.example.org": { TXT: [[`v=DKIM1; k=ed25519; p=${rawKey}`]] },
    "rsa._domainkey.example.org": { TXT: [["v=DKIM1; k=rsa; p=", rsaKey.slice(0, 200), rsaKey.slice(200)]] },
  });
  resolver = createResolver({ ...defaultResolverOptions, servers: [dns.server] });
  authenticator = createWorkerAuthenticator({ ...defaultAuthenticatorOptions, worker, resolve: resolver.resolve });
  await authenticator.ready();
});
after(async () => {
  await authenticator.close();
  resolver.close();
  await dns.close();
});

test("SPF is evaluated with what the DNS says, for IPv4 and IPv6 clients", async () => {
  const job = { helo: "mail.example.com", sender: "joe@example.com", receiver: "mx.example.net" };
  const [four, six, other] = await Promise.all(
    ["192.0.2.7", "2001:db8::25", "198.51.100.1"].map((address) => authenticator.spf({ ...job, address })),
  );
  const matched = "include:spf.example.com, there ip4:192.0.2.0/24";
  assert.deepEqual(four, { result: "pass", identity: "mailfrom", domain: "example.com", matched });
  assert.equal(six?.result, "pass");
  assert.equal(other?.result, "fail");
  assert.equal(other?.matched, "-all");
});

test("a job that comes with its own resolver asks that one, also while others are under way", async () => {
  const job = { address: "192.0.2.7", helo: "mail.example.com", sender: "joe@example.com", receiver: "mx.example.net" };
  const asked: string[] = [];
  const refusing: Resolve = async (name, type) => {
    asked.push(`${name} ${type}`);
    return { status: "trouble", trouble: "refused" };
  };
  const [usual, refused] = await Promise.all([authenticator.spf(job), authenticator.spf(job, refusing)]);
  assert.equal(usual.result, "pass");
  assert.equal(refused.result, "temperror");
  assert.deepEqual(asked, ["example.com TXT"]);
});

test("a null sender is judged by its HELO, a name that is none by nothing", async () => {
  const job = { address: "192.0.2.7", sender: "", receiver: "mx.example.net" };
  assert.deepEqual(await authenticator.spf({ ...job, helo: "Example.com" }), {
    result: "pass",
    identity: "helo",
    domain: "example.com",
    matched: "include:spf.example.com, there ip4:192.0.2.0/24",
  });
  assert.equal((await authenticator.spf({ ...job, helo: "example.com." })).result, "pass");
  assert.equal((await authenticator.spf({ ...job, helo: "mail_out.example.com" })).result, "pass");
  assert.equal((await authenticator.spf({ ...job, helo: "[192.0.2.7]" })).result, "none");
  assert.equal((await authenticator.spf({ ...job, helo: "a b\u0000" })).result, "none");
});

test("a domain with an underscore has its policy evaluated, macros included", async () => {
  const job = { helo: "Client.example.net.", sender: "a@Mail_Out.example.com", receiver: "mx.example.net" };
  const reports = await Promise.all(
    [
      { ...job, address: "192.0.2.7" },
      { ...job, address: "192.0.2.8" },
      { ...job, address: "192.0.2.8", helo: "other.example.net" },
    ].map((each) => authenticator.spf(each)),
  );
  assert.deepEqual(
    reports.map(({ result }) => result),
    ["pass", "pass", "fail"],
  );
  assert.equal(reports[0]?.domain, "mail_out.example.com");
});

/** A record at "_my.host.example.com", and a name it must ask for to pass. */
const macros: readonly (readonly [title: string, record: string, name: string])[] = [
  ["text before", "exists:x-%{d}", "x-_my.host.example.com"],
  ["text behind", "exists:%{d}-x.example.net", "_my.host.example.com-x.example.net"],
  ["labels cut", "exists:%{d2}.n.example.net", "example.com.n.example.net"],
  ["labels turned round", "exists:%{dr}.example.net", "com.example.host._my.example.net"],
  ["split at the underscore", "exists:%{d_}.example.net", ".my.host.example.com.example.net"],
  ["split at it and cut", "exists:%{d1_}.example.net", "my.host.example.com.example.net"],
  ["split at a hyphen", "exists:x%{o-}.example.net", "x_my.host.example.com.example.net"],
  ["the sender", "exists:%{l}.%{o}.example.net", "joe.doe._my.host.example.com.example.net"],
  ["the whole sender", "exists:%{s-.@}.example.net", ""],
  ["escaped", "exists:%{D}.example.net", "_my.host.example.com.example.net"],
  ["the HELO", "exists:%{h}.example.net", "_helo.example.org.example.net"],
  ["address and domain", "exists:%{ir}.%{v}.%{d}", "7.2.0.192.in-addr._my.host.example.com"],
  ["an include", "include:_spf.%{d}", "_spf._my.host.example.com"],
  ["a redirect", "redirect=_spf.%{d}", "_spf._my.host.example.com"],
  ["within an include", "include:_inc.example.net", "y-_inc.example.net"],
];

for (const [title, record, name] of macros) {
  test(`macros see a domain with underscores as it is: ${title}`, async () => {
    const asked: string[] = [];
    const resolve = createFixedResolver(
      parseFixedZone({
        "_my.host.example.com": { TXT: [`v=spf1 ${record} ${record.startsWith("redirect") ? "" : "-all"}`] },
        "_inc.example.net": { TXT: ["v=spf1 exists:y-%{d}"] },
        ...(name === "" || name.startsWith(".") ? {} : { [name]: { A: ["127.0.0.2"], TXT: ["v=spf1 +all"] } }),
      }),
    );
    const report = await authenticator.spf(
      { address: "192.0.2.7", helo: "_helo.example.org", sender: "joe.doe@_My.host.example.com", receiver: "x" },
      (question, type) => {
        asked.push(question);
        return resolve(question, type);
      },
    );
    // A name with an empty label cannot be asked for, and a record with a delimiter that is none is broken.
    const wanted = name === "" ? "permerror" : name.startsWith(".") ? "fail" : "pass";
    assert.equal(report.result, wanted, asked.join(" "));
  });
}

test("lookups over the limit and a silent DNS are told apart", async () => {
  const job = { address: "192.0.2.7", helo: "x.example", receiver: "mx.example.net" };
  const asked = dns.asked.length;
  const bomb = await authenticator.spf({ ...job, sender: "a@bomb.example.com" });
  assert.equal(bomb.result, "permerror");
  assert.equal(bomb.reason, "too-many-void-lookups");
  assert.ok(dns.asked.length - asked <= 12, `${dns.asked.length - asked} questions`);
  const silent = await authenticator.spf({ ...job, sender: "a@silent.example.com" });
  assert.deepEqual([silent.result, silent.reason], ["temperror", "dns-error"]);
});

const header = Buffer.from("From: Joe <joe@example.org>\r\nTo: list@example.org\r\nSubject: chain\r\n");
const body = Buffer.from("Hello.\r\n");

test("sets that we make verify, one upon the other, with both kinds of key", async () => {
  let octets = header;
  const results = formatResults("mx.example.org", [{ method: "dmarc", result: "pass", properties: [] }]);
  for (const [index, [selector, key]] of (
    [
      ["rsa", rsa.privateKey],
      ["ed", privateKey],
    ] as const
  ).entries()) {
    const sealed = await authenticator.seal({
      header: octets,
      body: { chunks: [body] },
      chain: index === 0 ? "none" : "pass",
      authenticationResults: results,
      domain: "example.org",
      selector,
      privateKey: key,
      signedAt: 1_700_000_000 + index,
    });
    assert.equal(sealed.result, "sealed");
    if (sealed.result !== "sealed") return;
    for (const line of sealed.fields.join("").split("\r\n")) assert.ok(line.length < 78, line);
    octets = Buffer.concat([Buffer.from(sealed.fields.join("")), octets]);
    const job = { body: { chunks: [body] }, now: 1_700_000_100, minimumKeyBits: 1024, driftSeconds: 300 };
    const report = await authenticator.arc({ ...job, header: octets });
    assert.equal(report.result, "pass");
    assert.deepEqual(report.sets.at(-1), { instance: index + 1, sealer: "example.org", dmarc: "pass" });
    const changed = await authenticator.arc({ ...job, header: octets, body: { chunks: [Buffer.from("Hullo.\r\n")] } });
    assert.deepEqual([changed.result, changed.reason], ["fail", "message-signature-mismatch"]);
    const early = await authenticator.arc({ ...job, header: octets, now: 1_699_999_000 });
    assert.deepEqual([early.result, early.reason], ["fail", "signed-in-the-future"]);
    const drifted = await authenticator.arc({ ...job, header: octets, now: 1_699_999_800 });
    assert.equal(drifted.result, "pass");
  }
});

test("a job that kills its worker is a result, and those beside it are done all the same", async () => {
  const dying = createWorkerAuthenticator({
    ...defaultAuthenticatorOptions,
    worker: new URL("../support/dying-worker.ts", import.meta.url).href,
    resolve: resolver.resolve,
  });
  const job = { address: "192.0.2.7", helo: "x", receiver: "y" };
  const senders = ["a@example.com", "exit@example.com", "b@example.com"];
  const reports = await Promise.all(senders.map((sender) => dying.spf({ ...job, sender })));
  assert.deepEqual(
    reports.map(({ result, reason }) => [result, reason]),
    [
      ["pass", undefined],
      ["temperror", "internal-error"],
      ["pass", undefined],
    ],
  );
  await dying.close();
});

test("a worker that hangs is ended at the deadline", async () => {
  const dying = createWorkerAuthenticator({
    ...defaultAuthenticatorOptions,
    deadlineMs: 100,
    worker: new URL("../support/dying-worker.ts", import.meta.url).href,
    resolve: resolver.resolve,
  });
  const report = await dying.spf({ address: "192.0.2.7", helo: "x", sender: "hang@example.com", receiver: "y" });
  assert.deepEqual([report.result, report.reason], ["temperror", "internal-error"]);
  assert.equal(dying.stats().restarts, 2);
  await dying.close();
});

test("after closing every job is a result as well", async () => {
  const closed = createWorkerAuthenticator({ ...defaultAuthenticatorOptions, worker, resolve: resolver.resolve });
  await closed.close();
  assert.equal(
    (await closed.spf({ address: "192.0.2.7", helo: "x", sender: "a@b", receiver: "y" })).result,
    "temperror",
  );
  assert.equal(
    (await closed.arc({ header, body: { chunks: [] }, now: 0, minimumKeyBits: 1024, driftSeconds: 300 })).result,
    "temperror",
  );
});
