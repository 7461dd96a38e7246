import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { SpamFound, VirusFound } from "../../../src/mail/content.ts";
import {
  createVerdictCache,
  type SharedOctets,
  type VerdictCacheOptions,
} from "../../../src/verdicts/verdict-cache.ts";
import { subject } from "./subject.ts";

const far = 1e9;
const ttls = { ham: 600_000, spam: 1_800_000, clean: 180_000, infected: 1_800_000 };
const clean: VirusFound = {
  names: [],
  answers: [{ scanner: "A", result: "clean", detail: [] }],
  failed: false,
  cached: false,
};
const infected: VirusFound = {
  names: ["V"],
  answers: [{ scanner: "A", result: "infected", detail: ["V"] }],
  failed: false,
  cached: false,
};
const failed: VirusFound = {
  names: [],
  answers: [{ scanner: "A", result: "failed", detail: ["connect: x"] }],
  failed: true,
  cached: false,
};
const scored = (score: number): SpamFound => ({ score, tests: [{ name: "T", score }], scanner: "S", cached: false });

function cacheWith(options: Partial<VerdictCacheOptions> = {}) {
  let nowMs = 1000;
  const told: string[] = [];
  const cache = createVerdictCache({
    ttls,
    key: "full",
    now: () => nowMs,
    asked: (kind, result) => told.push(`${kind} ${result}`),
    ...options,
  });
  let asked = 0;
  const asking =
    <T>(answer: T) =>
    async () => {
      asked += 1;
      return answer;
    };
  return {
    cache,
    told,
    asked: () => asked,
    virus: (found: VirusFound, about = subject()) => cache.virus(about, far, asking(found)),
    spam: (score: number, verdict: "ham" | "spam" | "unsure", about = subject()) =>
      cache.spam(about, far, asking({ found: scored(score), verdict })),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("a verdict is kept for its time, and marked", async () => {
  for (const [found, ttl] of [
    [clean, ttls.clean],
    [infected, ttls.infected],
  ] as const) {
    const it = cacheWith();
    assert.deepEqual(await it.virus(found), found);
    it.pass(ttl - 1);
    assert.deepEqual(await it.virus(failed), { ...found, cached: true });
    it.pass(2);
    assert.deepEqual(await it.virus(found), found);
    assert.equal(it.asked(), 2);
    assert.deepEqual(it.told, ["virus miss", "virus hit", "virus miss"]);
  }
});

test("ham and spam have times of their own; 0 keeps nothing", async () => {
  const it = cacheWith({ ttls: { ...ttls, ham: 0 } });
  await it.spam(1, "ham");
  assert.equal((await it.spam(9, "spam")).cached, false);
  assert.deepEqual(await it.spam(1, "ham"), { ...scored(9), cached: true });
  assert.ok(it.cache.remembers("spam"));
  assert.ok(!cacheWith({ ttls: { ...ttls, ham: 0, spam: 0 } }).cache.remembers("spam"));
});

test("what failed, or is clean by the word of some only, is not kept", async () => {
  const partly: VirusFound = { ...clean, answers: [...clean.answers, ...failed.answers] };
  const it = cacheWith();
  for (const found of [failed, partly, clean]) assert.deepEqual(await it.virus(found), found);
  await it.spam(1, "unsure", subject({ bankPath: "A" }));
  assert.equal((await it.spam(2, "ham", subject({ bankPath: "A" }))).score, 2);
});

test("a list's signed copy does not get the verdict on the unsigned mail", async () => {
  const it = cacheWith();
  await it.spam(6, "spam");
  const signed = subject({ further: ["user=", "client=192.0.2", "dkim=pass header.d=example.com"] });
  assert.equal((await it.spam(0.1, "ham", signed)).score, 0.1);
  const amavisds = cacheWith({ key: "body" });
  await amavisds.spam(6, "spam");
  assert.equal((await amavisds.spam(0.1, "ham", signed)).score, 6, "with amavisd's key it does");
});

function slow<T>() {
  const asks: ((answer: T) => void)[] = [];
  return { asks, ask: () => new Promise<T>((resolve) => asks.push(resolve)) };
}

test("equal mails at once ask the scanners once", async () => {
  const { cache, told } = cacheWith();
  const { asks, ask } = slow<VirusFound>();
  const all = Array.from({ length: 5 }, () => cache.virus(subject(), far, ask));
  await turn();
  assert.equal(asks.length, 1);
  asks[0]?.(infected);
  assert.deepEqual(await Promise.all(all), [
    infected,
    ...Array.from({ length: 4 }, () => ({ ...infected, cached: true })),
  ]);
  assert.deepEqual(told, ["virus miss", "virus joined", "virus joined", "virus joined", "virus joined"]);
});

test("what is not to be kept, equal mails at once do not get either", async () => {
  const { cache } = cacheWith({ ttls: { ...ttls, ham: 0 } });
  const { asks, ask } = slow<{ found: SpamFound; verdict: "ham" }>();
  const both = [1, 2].map(() => cache.spam(subject(), far, ask));
  await turn();
  asks[0]?.({ found: scored(1), verdict: "ham" });
  await turn();
  assert.equal(asks.length, 2);
  asks[1]?.({ found: scored(2), verdict: "ham" });
  assert.deepEqual(
    (await Promise.all(both)).map(({ score }) => score),
    [1, 2],
  );
});

test("a failure that took long is shared by those who wait, and by nobody later", async () => {
  const { cache, pass } = cacheWith();
  const { asks, ask } = slow<VirusFound>();
  const both = [1, 2].map(() => cache.virus(subject(), far, ask));
  await turn();
  pass(2000);
  asks[0]?.(failed);
  assert.deepEqual(await Promise.all(both), [failed, failed]);
  assert.deepEqual(await cache.virus(subject(), far, async () => clean), clean);
});

test("a failure that is there at once is that of one mail: the others ask themselves", async () => {
  const { cache, told } = cacheWith();
  const { asks, ask } = slow<VirusFound>();
  const all = [1, 2, 3].map(() => cache.virus(subject(), far, ask));
  await turn();
  asks[0]?.(failed);
  await turn();
  assert.equal(asks.length, 3);
  for (const answer of asks) answer(clean);
  assert.deepEqual(await Promise.all(all), [failed, clean, clean]);
  assert.deepEqual(told, ["virus miss", "virus miss", "virus miss"]);
});

test("nobody waits for an equal mail beyond its own deadline", async () => {
  const { cache } = cacheWith();
  const { asks, ask } = slow<VirusFound>();
  const first = cache.virus(subject(), far, ask);
  await turn();
  assert.equal((await cache.virus(subject(), 1, ask)).failed, true);
  asks[0]?.(clean);
  assert.deepEqual(await first, clean);
});

test("who waited for a question that broke asks itself", async () => {
  const { cache } = cacheWith();
  const broken = async () => {
    await turn();
    throw new Error("broken");
  };
  const first = Promise.resolve(cache.virus(subject(), far, broken));
  const second = cache.virus(subject(), far, async () => clean);
  await assert.rejects(first, /broken/);
  assert.deepEqual(await second, clean);
});

test("a mail that is like no other is asked about each time", async () => {
  const it = cacheWith();
  const unlike = subject({}, "no field name\r\n");
  await it.virus(clean, unlike);
  await it.virus(clean, unlike);
  assert.equal(it.asked(), 2);
  assert.deepEqual(it.told, ["virus unlike", "virus unlike"]);
});

test("bounded in count and octets", async () => {
  const few = cacheWith({ maxEntries: 10 });
  for (let i = 0; i < 50; i += 1) await few.virus(clean, subject({ bankPath: `${i}` }));
  assert.deepEqual([few.cache.stats().entries, few.cache.stats().evictions], [10, 40]);
  const small = cacheWith({ maxBytes: 10_000 });
  for (let i = 0; i < 50; i += 1) await small.virus(clean, subject({ bankPath: `${i}` }));
  assert.ok(small.cache.stats().bytes <= 10_000 && small.cache.stats().entries > 2);
  small.cache.clear();
  assert.equal(small.cache.stats().entries, 0);
});

/** Octets for a time, as another filter's Redis would have them. */
function sharedOctets() {
  const kept = new Map<string, { octets: Uint8Array; ttlMs: number }>();
  const shared: SharedOctets = {
    async get(key, read) {
      const found = kept.get(key);
      return found === undefined ? undefined : read(found.octets, found.ttlMs);
    },
    set: (key, octets, ttlMs) => void kept.set(key, { octets, ttlMs }),
  };
  return { kept, shared };
}

test("what one filter knows another one knows, for the time that is left", async () => {
  const { kept, shared } = sharedOctets();
  await cacheWith({ shared }).virus(infected);
  assert.deepEqual(
    [...kept.values()].map(({ ttlMs }) => ttlMs),
    [ttls.infected],
  );
  for (const entry of kept.values()) entry.ttlMs = 1000;
  const other = cacheWith({ shared });
  assert.deepEqual(await other.virus(clean), { ...infected, cached: true });
  other.pass(999);
  assert.deepEqual(await other.virus(clean), { ...infected, cached: true });
  assert.deepEqual(other.told, ["virus shared", "virus hit"]);
  kept.clear();
  other.pass(2);
  assert.deepEqual(await other.virus(clean), clean);
});

test("what another filter knows is kept by our own times: 0 is off, whatever others do", async () => {
  const { kept, shared } = sharedOctets();
  const generous = cacheWith({ shared });
  await generous.spam(1, "ham");
  await generous.virus(clean);
  const strict = cacheWith({ shared, ttls: { ...ttls, ham: 0, clean: 0 } });
  assert.equal((await strict.spam(2, "ham")).score, 2);
  assert.deepEqual(await strict.virus(infected), infected);
  assert.deepEqual(strict.told, ["spam miss", "virus miss"]);

  for (const entry of kept.values()) entry.ttlMs = ttls.spam;
  await generous.spam(1, "ham", subject({ bankPath: "B" }));
  const shorter = cacheWith({ shared, ttls: { ...ttls, ham: 1000 } });
  await shorter.spam(2, "ham", subject({ bankPath: "B" }));
  kept.clear();
  shorter.pass(999);
  assert.equal((await shorter.spam(3, "ham", subject({ bankPath: "B" }))).score, 1);
  shorter.pass(2);
  assert.equal((await shorter.spam(3, "ham", subject({ bankPath: "B" }))).score, 3);
});

test("a shared cache that is away, empty or holds anything at all is as none", async () => {
  const caches: readonly SharedOctets[] = [
    { get: () => undefined, set() {} },
    { get: async () => undefined, set() {} },
    { get: async (_key, read) => read(Buffer.from("anything"), 1000), set() {} },
    { get: async (_key, read) => read(Buffer.from(JSON.stringify(clean)), 0), set() {} },
  ];
  for (const shared of caches) {
    const it = cacheWith({ shared });
    assert.deepEqual(await it.virus(infected), infected);
    assert.deepEqual(await it.virus(clean), { ...infected, cached: true });
  }
});
