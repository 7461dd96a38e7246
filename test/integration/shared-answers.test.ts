// The order in which the resolver asks: its own cache, the one that filters share, the DNS; and what it hands on.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { createResolver, defaultResolverOptions, type Resolver } from "../../src/dns/resolver.ts";
import { createSharedAnswers, encodeAnswer, type OctetCache, sharedKey } from "../../src/dns/shared-answers.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { test } from "../support/limited.ts";

const key = ["v=DKIM1; p=one"];
const zone = {
  "s._domainkey.example.com": { TXT: [key] },
  "empty.example.com": { rcode: "NOERROR" },
  "broken.example.com": { rcode: "SERVFAIL" },
};

/** A shared cache in memory that says what it is asked; away, it has no promise to give. */
interface Store {
  readonly kept: Map<string, { readonly octets: Uint8Array; readonly ttlMs: number }>;
  readonly asked: string[];
  isAway: boolean;
  /** Nothing is answered before this settles. */
  gate: Promise<void>;
  readonly cache: OctetCache;
}

function createStore(): Store {
  const kept: Store["kept"] = new Map();
  const store: Store = {
    kept,
    asked: [],
    isAway: false,
    gate: Promise.resolve(),
    cache: {
      get(key, read) {
        if (store.isAway) return undefined;
        store.asked.push(key);
        return store.gate.then(() => {
          const found = kept.get(key);
          return found === undefined ? undefined : read(found.octets, found.ttlMs);
        });
      },
      set: (key, octets, ttlMs) => void kept.set(key, { octets, ttlMs }),
    },
  };
  return store;
}

async function setUp(t: TestContext) {
  const dns = await startFakeDns(zone);
  const store = createStore();
  const resolvers: Resolver[] = [];
  t.after(async () => {
    for (const resolver of resolvers) resolver.close();
    await dns.close();
  });
  /** Another filter with the same store. */
  const filter = (): Resolver => {
    const options = { ...defaultResolverOptions, servers: [dns.server], maxTtlSeconds: 200, maxNegativeTtlSeconds: 20 };
    const resolver = createResolver(options, undefined, createSharedAnswers(store.cache));
    resolvers.push(resolver);
    return resolver;
  };
  return { dns, store, filter };
}

test("what one filter asked the DNS the next one has from the shared cache, and then from its own", async (t) => {
  const { dns, store, filter } = await setUp(t);
  const [one, two] = [filter(), filter()];
  const first = await one.resolve("S._domainkey.example.com", "TXT");
  assert.equal(dns.asked.length, 1);
  assert.deepEqual(await two.resolve("s._domainkey.EXAMPLE.com.", "TXT"), first);
  assert.deepEqual(await two.resolve("s._domainkey.example.com", "TXT"), first);
  assert.deepEqual(two.peek("s._domainkey.example.com", "TXT"), first);
  assert.equal(dns.asked.length, 1);
  assert.equal(store.asked.length, 2);
  assert.deepEqual([two.stats().cacheHits, two.stats().packetsSent], [1, 0]);
});

test("answers are handed on for as long as we keep them ourselves, and trouble never", async (t) => {
  const { store, filter } = await setUp(t);
  const { resolve } = filter();
  for (const name of ["s._domainkey.example.com", "empty.example.com", "gone.example.com", "broken.example.com"]) {
    await resolve(name, "TXT");
  }
  assert.deepEqual(
    [...store.kept].map(([key, { ttlMs }]) => [key, ttlMs]),
    [
      [sharedKey("s._domainkey.example.com", "TXT"), 200_000],
      // Without an SOA record the DNS hardly lets us keep it.
      [sharedKey("empty.example.com", "TXT"), 5000],
      [sharedKey("gone.example.com", "TXT"), 5000],
    ],
  );
});

test("what others wrote is kept for what is left of its time, and no longer than our own answers", async (t) => {
  const { dns, store, filter } = await setUp(t);
  const found = encodeAnswer({ status: "found", records: [key], ttlSeconds: 0, secure: true });
  const nothing = encodeAnswer({ status: "nxdomain", ttlSeconds: 0, secure: true });
  store.kept.set(sharedKey("short.example.com", "TXT"), { octets: found, ttlMs: 7500 });
  store.kept.set(sharedKey("long.example.com", "TXT"), { octets: found, ttlMs: 900_000 });
  store.kept.set(sharedKey("gone.example.com", "TXT"), { octets: nothing, ttlMs: 900_000 });
  const { resolve } = filter();
  const wanted = { status: "found", records: [key], secure: false };
  assert.deepEqual(await resolve("short.example.com", "TXT"), { ...wanted, ttlSeconds: 7.5 });
  assert.deepEqual(await resolve("long.example.com", "TXT"), { ...wanted, ttlSeconds: 200 });
  assert.deepEqual(await resolve("gone.example.com", "TXT"), { status: "nxdomain", ttlSeconds: 20, secure: false });
  assert.equal(dns.asked.length, 0);
});

test("what is no answer is overwritten by one", async (t) => {
  const { dns, store, filter } = await setUp(t);
  const name = sharedKey("s._domainkey.example.com", "TXT");
  store.kept.set(name, { octets: Buffer.from('["not a list of strings"]'), ttlMs: 9000 });
  assert.equal((await filter().resolve("s._domainkey.example.com", "TXT")).status, "found");
  assert.equal(dns.asked.length, 1);
  assert.equal(Buffer.from(store.kept.get(name)?.octets ?? []).toString(), JSON.stringify([key]));
});

test("the same question waits with the first one, for the shared cache too", async (t) => {
  const { dns, store, filter } = await setUp(t);
  const { promise, resolve: open } = Promise.withResolvers<void>();
  store.gate = promise;
  const { resolve, stats } = filter();
  const answers = [1, 2, 3].map(() => resolve("s._domainkey.example.com", "TXT"));
  assert.equal(store.asked.length, 1);
  assert.equal(stats().merged, 2);
  assert.equal(stats().pending, 1);
  open();
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, "found");
  assert.equal(dns.asked.length, 1);
  assert.equal(stats().pending, 0);
});

test("away, it is passed over", async (t) => {
  const { dns, store, filter } = await setUp(t);
  store.isAway = true;
  assert.equal((await filter().resolve("s._domainkey.example.com", "TXT")).status, "found");
  assert.equal(dns.asked.length, 1);
});
