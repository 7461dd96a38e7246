// The stub resolver against a real server on loopback that answers, lies, stays silent or is not there at all.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { decode } from "dns-packet";
import {
  createResolver,
  type DnsOutcome,
  defaultResolverOptions,
  type Resolver,
  type ResolverOptions,
} from "../../src/dns/resolver.ts";
import { type FakeDns, type Fault, startFakeDns } from "../support/fake-dns.ts";
import { afterEach, beforeEach, test } from "../support/limited.ts";

const longText = ["v=DKIM1; k=rsa; p=".padEnd(255, "A"), "B".repeat(200)];
const zone = {
  "foo._domainkey.example.com": { TXT: [longText] },
  "empty.example.com": { rcode: "NOERROR" },
  "broken.example.com": { rcode: "SERVFAIL" },
  "eight-bit.example.com": { TXT: [["\u00e9"]] },
  "www.example.com": { CNAME: ["host.example.com"] },
  "host.example.com": { A: ["192.0.2.1", "192.0.2.2"], AAAA: ["2001:db8::1"], MX: [[10, "MX.example.com"]] },
  "1.2.0.192.in-addr.arpa": { PTR: ["Host.Example.COM"] },
  "loop-a.example.com": { CNAME: ["loop-b.example.com"] },
  "loop-b.example.com": { CNAME: ["loop-a.example.com"] },
};

let dns: FakeDns;
let resolver: Resolver;
let clockMs = 0;
const outcomes: DnsOutcome[] = [];

function resolverWith(options: Partial<ResolverOptions> = {}, servers = [dns.server]): Resolver {
  resolver?.close();
  outcomes.length = 0;
  resolver = createResolver(
    { ...defaultResolverOptions, servers, ...options },
    { answered: (_type, outcome) => outcomes.push(outcome) },
    undefined,
    () => clockMs + performance.now(),
  );
  return resolver;
}

beforeEach(async () => {
  dns = await startFakeDns(zone);
  clockMs = 0;
  resolverWith();
});
afterEach(async () => {
  resolver.close();
  await dns.close();
});

test("records come back typed, texts as octets, names in lower case", async () => {
  const { resolve } = resolver;
  const key = await resolve("Foo._domainkey.EXAMPLE.com.", "TXT");
  assert.deepEqual(key, { status: "found", records: [longText], ttlSeconds: 300, secure: false });
  assert.deepEqual(await resolve("eight-bit.example.com", "TXT"), {
    status: "found",
    records: [["\u00c3\u00a9"]],
    ttlSeconds: 300,
    secure: false,
  });
  const mx = await resolve("host.example.com", "MX");
  assert.deepEqual(mx.status === "found" && mx.records, [{ preference: 10, exchange: "mx.example.com" }]);
  const ptr = await resolve("1.2.0.192.in-addr.arpa", "PTR");
  assert.deepEqual(ptr.status === "found" && ptr.records, ["host.example.com"]);
});

test("an alias is followed, a loop of aliases is trouble", async () => {
  const found = await resolver.resolve("www.example.com", "A");
  assert.deepEqual(found.status === "found" && found.records, ["192.0.2.1", "192.0.2.2"]);
  assert.deepEqual(await resolver.resolve("loop-a.example.com", "A"), { status: "trouble", trouble: "malformed" });
});

test("no such name, no such record and a failing server are told apart", async () => {
  assert.equal((await resolver.resolve("missing.example.com", "TXT")).status, "nxdomain");
  assert.equal((await resolver.resolve("empty.example.com", "TXT")).status, "nodata");
  assert.deepEqual(await resolver.resolve("broken.example.com", "TXT"), { status: "trouble", trouble: "servfail" });
  assert.deepEqual(outcomes, ["nxdomain", "nodata", "servfail"]);
});

test("names that the DNS cannot hold are never asked for", async () => {
  for (const name of [
    "",
    ".",
    "a..b",
    `${"a".repeat(64)}.example`,
    "a b.example",
    "a\u0000.example",
    `${"x.".repeat(127)}xx`,
  ]) {
    assert.equal((await resolver.resolve(name, "TXT")).status, "nxdomain", JSON.stringify(name));
  }
  assert.equal(dns.asked.length, 0);
});

test("an answer is kept for its TTL and no longer", async () => {
  await resolver.resolve("host.example.com", "A");
  await resolver.resolve("HOST.example.com", "A");
  assert.equal(dns.asked.length, 1);
  clockMs += 301_000;
  await resolver.resolve("host.example.com", "A");
  assert.equal(dns.asked.length, 2);
});

test("a TTL of a day counts as an hour, and a TTL of nothing is not kept", async () => {
  dns.ttlSeconds = 86_400;
  assert.equal((await resolver.resolve("host.example.com", "A")).status, "found");
  clockMs += 3_601_000;
  dns.ttlSeconds = 0;
  await resolver.resolve("host.example.com", "A");
  await resolver.resolve("host.example.com", "A");
  assert.equal(dns.asked.length, 3);
});

test("trouble is not kept: the next question is asked again", async () => {
  await resolver.resolve("broken.example.com", "TXT");
  dns.serve({ "broken.example.com": { TXT: [["well"]] } });
  assert.equal((await resolver.resolve("broken.example.com", "TXT")).status, "found");
});

test("the same question asked at once goes out once", async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve("host.example.com", "A")));
  assert.equal(dns.asked.length, 1);
  assert.ok(answers.every((answer) => answer.status === "found"));
  assert.equal(resolver.stats().merged, 49);
});

test("an answer cut short comes whole over TCP", async () => {
  dns.fault = () => "truncate";
  const answer = await resolver.resolve("foo._domainkey.example.com", "TXT");
  assert.deepEqual(answer.status === "found" && answer.records, [longText]);
  assert.deepEqual(
    dns.asked.map((asked) => asked.transport),
    ["udp", "tcp"],
  );
});

test("a server from before EDNS is asked once more without it", async () => {
  dns.fault = () => "formerr";
  assert.equal((await resolver.resolve("host.example.com", "A")).status, "found");
  assert.equal(dns.asked.length, 2);
});

test("a server from before EDNS is asked over TCP without it too", async () => {
  // It refuses EDNS on either way; what it answers over UDP does not fit.
  dns.fault = ({ octets, transport }) => {
    const isPlain = (decode(octets).additionals ?? []).length === 0;
    return isPlain && transport === "udp" ? "truncate" : "formerr";
  };
  assert.equal((await resolver.resolve("host.example.com", "A")).status, "found");
  assert.deepEqual(
    dns.asked.map(({ transport }) => transport),
    ["udp", "udp", "tcp"],
  );
});

for (const [fault, trouble, questions] of [
  ["drop", "timeout", 2],
  ["wrong-id", "timeout", 2],
  ["wrong-question", "timeout", 2],
  ["garbage", "malformed", 1],
  ["servfail", "servfail", 1],
  ["refused", "refused", 1],
] satisfies [Fault, string, number][]) {
  test(`a server that does "${fault}" ends as trouble "${trouble}" within its tries`, async () => {
    // Where an answer comes, it may take as long as a busy machine needs.
    resolverWith({ timeoutMs: trouble === "timeout" ? 40 : 10_000, deadlineMs: 60_000 });
    dns.fault = () => fault;
    assert.deepEqual(await resolver.resolve("host.example.com", "A"), { status: "trouble", trouble });
    assert.equal(dns.asked.length, questions);
  });
}

test("the second server is asked when the first is not there", async () => {
  const gone = createSocket("udp4");
  gone.bind(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address();
  gone.close();
  await once(gone, "close");
  resolverWith({ timeoutMs: 500 }, [{ address: "127.0.0.1", port }, dns.server]);
  assert.equal((await resolver.resolve("host.example.com", "A")).status, "found");
});

test("with no server at all a question is trouble, not a crash", async () => {
  resolverWith({}, []);
  assert.equal((await resolver.resolve("host.example.com", "A")).status, "trouble");
});

test("the AD bit of a server on loopback makes an answer secure", async () => {
  dns.authentic = true;
  const answer = await resolver.resolve("host.example.com", "A");
  assert.equal(answer.status === "found" && answer.secure, true);
});

test("ids of questions differ, so a reply has to be seen to be forged", async () => {
  await Promise.all(Array.from({ length: 20 }, (_, i) => resolver.resolve(`n${i}.example.com`, "A")));
  const ids = new Set(dns.asked.map((asked) => asked.octets.readUInt16BE(0)));
  assert.ok(ids.size > 18, `${ids.size} ids of 20`);
});

test("a late answer helps the question that waits for it and no other", async () => {
  dns.fault = (asked) => (asked.name === "host.example.com" ? "hold" : "none");
  const slow = resolver.resolve("host.example.com", "A");
  await dns.questions(1);
  assert.equal((await resolver.resolve("www.example.com", "CNAME")).status, "found");
  dns.release();
  assert.equal((await slow).status, "found");
});

test("twenty silent questions in a row shorten the deadline, for half a minute", async () => {
  resolverWith({ timeoutMs: 5, deadlineMs: 10, tries: 1 });
  dns.fault = () => "drop";
  for (let i = 0; i < 20; i += 1) await resolver.resolve(`n${i}.example.com`, "A");
  assert.equal(resolver.stats().shortDeadline, true);
  clockMs += 31_000;
  assert.equal(resolver.stats().shortDeadline, false);
});

test("closing ends the questions under way as trouble", async () => {
  dns.fault = () => "hold";
  const answer = resolver.resolve("host.example.com", "A");
  await dns.questions(1);
  resolver.close();
  assert.equal((await answer).status, "trouble");
});

test("the cache stays within its count and its octets", async () => {
  resolverWith({ maxCacheEntries: 5, maxCacheBytes: 1500 });
  for (let i = 0; i < 30; i += 1) await resolver.resolve(`n${i}.example.com`, "A");
  const stats = resolver.stats();
  assert.ok(stats.cacheEntries > 0 && stats.cacheEntries <= 5, `${stats.cacheEntries} entries`);
  assert.ok(stats.cacheBytes <= 1500, `${stats.cacheBytes} octets`);
});
