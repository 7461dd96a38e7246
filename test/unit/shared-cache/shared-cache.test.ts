// When the shared cache is asked, when it is left out, and when it is tried again; the server is a stand-in.
import assert from "node:assert/strict";
import { type MockTimersOptions, mock, type TestContext, test } from "node:test";
import { type CacheConnection, createSharedCache, type Stored } from "../../../src/shared-cache/shared-cache.ts";

/** A connection whose every answer the test gives. */
class StandIn implements CacheConnection {
  readonly #ready = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<string>();
  readonly ready = this.#ready.promise;
  readonly gone = this.#gone.promise;
  readonly kept = new Map<string, Stored>();
  readonly written: [key: string, octets: string, ttlMs: number][] = [];
  /** Instead of what is kept; undefined: no answer at all. */
  answers: "kept" | "none" | Error = "kept";
  closed = false;

  accept(): void {
    this.#ready.resolve();
  }
  refuse(reason: string): void {
    this.#ready.reject(new Error(reason));
  }
  leave(reason: string): void {
    this.#gone.resolve(reason);
  }
  async read(key: string): Promise<Stored | undefined> {
    await this.#answer();
    return this.kept.get(key);
  }
  async write(key: string, octets: Uint8Array, ttlMs: number): Promise<void> {
    this.written.push([key, Buffer.from(octets).toString(), ttlMs]);
    await this.#answer();
  }
  close(): void {
    this.closed = true;
  }
  async #answer(): Promise<void> {
    if (this.answers === "none") await new Promise(() => {});
    if (this.answers instanceof Error) throw this.answers;
  }
}

function setUp(t: TestContext) {
  const timers: MockTimersOptions = { apis: ["setTimeout"] };
  mock.timers.enable(timers);
  t.after(() => mock.timers.reset());
  const connections: StandIn[] = [];
  const told: string[] = [];
  let nowMs = 0;
  const cache = createSharedCache(
    {
      name: "redis://cache",
      prefix: "p:",
      timeoutMs: 500,
      connect() {
        const connection = new StandIn();
        connections.push(connection);
        return connection;
      },
      tell: (severity, text) => told.push(`${severity}: ${text}`),
    },
    () => nowMs,
  );
  const pass = async (ms: number) => {
    nowMs += ms;
    mock.timers.tick(ms);
    await settle();
  };
  const latest = () => {
    const connection = connections.at(-1);
    assert.ok(connection);
    return connection;
  };
  const connect = async () => {
    cache.open();
    latest().accept();
    await settle();
  };
  return { cache, connections, told, pass, latest, connect };
}

/** All that is under way and waits for no timer comes to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const asText = (octets: Uint8Array) => Buffer.from(octets).toString();

test("before it is connected nothing is asked, and nobody gets a promise to wait for", async (t) => {
  const { cache, latest } = setUp(t);
  cache.open();
  assert.equal(cache.get("k", asText), undefined);
  cache.set("k", Buffer.from("v"), 1000);
  assert.deepEqual(latest().written, []);
  assert.equal(cache.stats().lookups.skipped, 1);
});

test("octets go out under the prefix with their time, and come back through their reader", async (t) => {
  const { cache, latest, connect, told } = setUp(t);
  await connect();
  cache.set("k", Buffer.from("v"), 1500.7);
  await settle();
  assert.deepEqual(latest().written.at(-1), ["p:k", "v", 1500]);
  latest().kept.set("p:k", { octets: Buffer.from("v"), ttlMs: 900 });
  const read = (octets: Uint8Array, ttlMs: number) => `${asText(octets)} ${ttlMs}`;
  assert.equal(await cache.get("k", read), "v 900");
  assert.equal(await cache.get("other", read), undefined);
  const { lookups, writes, isConnected } = cache.stats();
  assert.deepEqual(lookups, { hit: 1, miss: 1, malformed: 0, error: 0, skipped: 0 });
  assert.deepEqual(writes, { written: 1, error: 0 });
  assert.equal(isConnected, true);
  assert.deepEqual(told, ["notice: redis: connected to redis://cache"]);
});

test("what is too long, without end or not understood counts as malformed and is no answer", async (t) => {
  const { cache, latest, connect } = setUp(t);
  await connect();
  const { kept } = latest();
  kept.set("p:long", { octets: new Uint8Array(64 * 1024 + 1), ttlMs: 1000 });
  kept.set("p:endless", { octets: Buffer.from("v"), ttlMs: 0 });
  kept.set("p:odd", { octets: Buffer.from("v"), ttlMs: 1000 });
  assert.equal(await cache.get("long", asText), undefined);
  assert.equal(await cache.get("endless", asText), undefined);
  assert.equal(await cache.get("odd", () => undefined), undefined);
  assert.equal(cache.stats().lookups.malformed, 3);
  assert.equal(cache.stats().isConnected, true);
});

test("what is too long or hardly lasts is not written", async (t) => {
  const { cache, latest, connect } = setUp(t);
  await connect();
  const before = latest().written.length;
  cache.set("long", new Uint8Array(64 * 1024 + 1), 1000);
  cache.set("short", Buffer.from("v"), 0.9);
  assert.equal(latest().written.length, before);
});

test("one answer that does not come in time ends all waits, and the server is left out", async (t) => {
  const { cache, latest, connect, pass, told } = setUp(t);
  await connect();
  latest().answers = "none";
  const first = cache.get("a", asText);
  await pass(400);
  const second = cache.get("b", asText);
  await pass(100);
  assert.equal(await first, undefined);
  assert.equal(await second, undefined);
  assert.equal(latest().closed, true);
  assert.equal(cache.get("c", asText), undefined);
  const { lookups, isConnected } = cache.stats();
  assert.deepEqual([lookups.error, lookups.skipped, isConnected], [2, 1, false]);
  assert.deepEqual(told.slice(1), [
    "warning: redis: going on without redis://cache until it is back: no answer within 0.5 s",
  ]);
});

test("an answer that is there when we get to look is taken, however late we are", async (t) => {
  const { cache, latest, connect } = setUp(t);
  await connect();
  const { promise, resolve } = Promise.withResolvers<Stored | undefined>();
  mock.method(latest(), "read", () => promise);
  const asked = cache.get("k", asText);
  mock.timers.tick(10_000);
  resolve({ octets: Buffer.from("v"), ttlMs: 1000 });
  assert.equal(await asked, "v");
  await settle();
  assert.equal(cache.stats().isConnected, true);
});

test("an error reply leaves the server out, too", async (t) => {
  const { cache, latest, connect, told } = setUp(t);
  await connect();
  latest().answers = new Error("OOM command not allowed");
  cache.set("k", Buffer.from("v"), 1000);
  await settle();
  assert.equal(cache.stats().isConnected, false);
  assert.equal(cache.stats().writes.error, 1);
  assert.match(told.at(-1) ?? "", /^warning: .*: OOM command not allowed$/);
});

test("it is in use only after it took a value", async (t) => {
  const { cache, latest, told } = setUp(t);
  cache.open();
  latest().answers = new Error("NOAUTH Authentication required.");
  latest().accept();
  await settle();
  assert.equal(cache.stats().isConnected, false);
  assert.match(told.join("\n"), /^warning: .*NOAUTH/);
});

test("a server that takes connections and says nothing is given up", async (t) => {
  const { cache, latest, pass, told } = setUp(t);
  cache.open();
  latest().answers = "none";
  latest().accept();
  await settle();
  await pass(5000);
  assert.equal(latest().closed, true);
  assert.match(told.join("\n"), /^warning: .*no answer within 5 s$/);
});

test("it is tried again after pauses that grow, and the log hears of a change alone", async (t) => {
  const { cache, connections, latest, pass, told } = setUp(t);
  cache.open();
  const pauses: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    latest().refuse("ECONNREFUSED");
    await settle();
    let waited = 0;
    while (connections.length === attempt) {
      await pass(50);
      waited += 50;
    }
    pauses.push(waited);
  }
  assert.ok((pauses[0] ?? 0) <= 300, String(pauses));
  assert.ok(
    pauses.slice(-3).every((ms) => ms >= 22_000 && ms <= 38_000),
    String(pauses),
  );
  assert.equal(told.length, 1);
  latest().accept();
  await settle();
  assert.equal(cache.stats().isConnected, true);
  assert.equal(told.length, 2);
});

test("a connection that ends is noticed at once; one that lasted a minute is tried again soon", async (t) => {
  const { cache, connections, latest, pass, connect, told } = setUp(t);
  await connect();
  for (const [lasts, within, wanted] of [
    [0, 300, true],
    [0, 250, false],
    [60_000, 300, true],
  ] as const) {
    const before = connections.length;
    await pass(lasts);
    latest().leave("the connection was closed");
    await settle();
    assert.equal(cache.stats().isConnected, false);
    await pass(within);
    assert.equal(connections.length > before, wanted, `${lasts} ${within}`);
    if (!wanted) await pass(300);
    latest().accept();
    await settle();
    assert.equal(cache.stats().isConnected, true);
  }
  assert.equal(told.length, 7);
});

test("closed, it connects no more and nobody waits for it", async (t) => {
  const { cache, connections, latest, connect, pass } = setUp(t);
  await connect();
  latest().answers = "none";
  const asked = cache.get("k", asText);
  cache.close();
  assert.equal(await asked, undefined);
  assert.equal(latest().closed, true);
  cache.open();
  await pass(100_000);
  assert.equal(connections.length, 1);
});
