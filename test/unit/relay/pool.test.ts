import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NextHopConnection } from "../../../src/relay/connection.ts";
import { defaultTimeouts } from "../../../src/relay/delivery.ts";
import type { Dial } from "../../../src/relay/dial.ts";
import { ConnectionPool, trustedIdleMs } from "../../../src/relay/pool.ts";
import { dialNobody, type HopScript, type ScriptedHop, scriptedHop } from "../../support/scripted-hop.ts";

const localEnd = { localhost_name: "here.example", local_client_bind_address: null };

interface Scene {
  readonly pool: ConnectionPool;
  readonly hop: ScriptedHop;
  /** Of connections, in order. */
  readonly events: string[];
  open(): Promise<NextHopConnection>;
  pass(ms: number): void;
}

function setUp(
  t: TestContext,
  script: HopScript = {},
  { maxIdle = 10, dial }: { maxIdle?: number; dial?: Dial } = {},
): Scene {
  const hop = scriptedHop(script);
  const events: string[] = [];
  let nowMs = 1000;
  const pool = new ConnectionPool(
    {
      localEnd,
      timeouts: defaultTimeouts,
      observer: { connection: (_remote, event) => events.push(event), reply() {} },
      discarded: new Set(),
      maxIdle,
      now: () => nowMs,
      dial: dial ?? hop.dial,
    },
    () => false,
    () => undefined,
  );
  t.after(() => pool.close(0));
  return {
    pool,
    hop,
    events,
    async open() {
      const opened = await pool.open(hop.nextHop, Number.POSITIVE_INFINITY);
      assert.ok(opened instanceof NextHopConnection);
      return opened;
    },
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

test("the connection that was used last is used again, and no other next hop's", async (t) => {
  const { pool, hop, open } = setUp(t);
  const [first, second] = [await open(), await open()];
  pool.release(first);
  pool.release(second);
  assert.equal(pool.idleCount, 2);
  assert.equal(pool.take({ ...hop.nextHop, protocol: "lmtp" }), undefined);
  assert.equal(pool.take(hop.nextHop), second);
  assert.equal(pool.take(hop.nextHop), first);
  assert.equal(pool.take(hop.nextHop), undefined);
  assert.equal(second.used, true);
});

test("mail that is to appear by another name or from another address has connections of its own", async (t) => {
  const { pool, hop, open } = setUp(t);
  pool.release(await open());
  const other = { ...localEnd, localhost_name: "other.example" };
  assert.equal(pool.take(hop.nextHop, other), undefined);
  const opened = await pool.open(hop.nextHop, Number.POSITIVE_INFINITY, other);
  assert.ok(opened instanceof NextHopConnection);
  pool.release(opened);
  assert.equal(hop.lines.at(-1), "2 EHLO other.example");
  assert.equal(pool.take(hop.nextHop, { ...other }), opened);
});

test("one that has failed, or fails while idle, is not kept", async (t) => {
  const { pool, hop, events, open } = setUp(t);
  const [failed, idle] = [await open(), await open()];
  failed.drop();
  pool.release(failed);
  pool.release(idle);
  idle.fail({ kind: "closed", detail: "ECONNRESET" });
  assert.equal(pool.take(hop.nextHop), undefined);
  assert.deepEqual([pool.openCount, pool.idleCount], [0, 0]);
  assert.deepEqual(events, ["opened", "opened", "closed", "closed"]);
});

test("one that was idle or open for too long is bidden farewell instead of used", async (t) => {
  const { pool, hop, open, pass } = setUp(t);
  pool.release(await open());
  pass(trustedIdleMs);
  const kept = pool.take(hop.nextHop);
  assert.ok(kept, "idle for a while: to be tested, but kept");
  pool.release(kept);
  pass(30_001);
  assert.equal(pool.take(hop.nextHop), undefined);
  await gone(kept);
  assert.equal(hop.lines.at(-1), "1 QUIT");
  const aged = await open();
  for (let count = 0; count < 3; count += 1) {
    pool.release(aged);
    assert.equal(pool.take(hop.nextHop), aged);
    pass(25_000);
  }
  pool.release(aged);
  assert.equal(pool.take(hop.nextHop), undefined, "never idle for long, but open for more than a minute");
});

test("no more are kept idle than the limit says", async (t) => {
  const { pool, hop, open } = setUp(t, {}, { maxIdle: 1 });
  const [first, second] = [await open(), await open()];
  pool.release(first);
  pool.release(second);
  await gone(second);
  assert.deepEqual([pool.idleCount, hop.lines.at(-1)], [1, "2 QUIT"]);
});

for (const [what, script, phase, kind] of [
  [
    "turns us away in its greeting",
    { reply: (line: string) => (line === "connect" ? "554 no" : undefined) },
    "greeting",
    "refused",
  ],
  [
    "turns us away at EHLO for now",
    { reply: (line: string) => (line.startsWith("EHLO") ? "450 no" : undefined) },
    "EHLO",
    "refused",
  ],
  [
    "ends the connection at EHLO",
    { reply: (line: string) => (line.startsWith("EHLO") ? null : undefined) },
    "EHLO",
    "closed",
  ],
  ["talks nonsense", { reply: (line: string) => (line === "connect" ? "hello" : undefined) }, "greeting", "garbage"],
] as const) {
  test(`a next hop that ${what} is told, and its connection is not kept`, async (t) => {
    const { pool, hop, events } = setUp(t, script);
    const trouble = await pool.open(hop.nextHop, Number.POSITIVE_INFINITY);
    assert.ok("phase" in trouble);
    assert.deepEqual([trouble.phase, trouble.failure.kind], [phase, kind]);
    await pool.close();
    assert.deepEqual(events, ["failed"]);
  });
}

test("where nobody listens that is told", async (t) => {
  const { pool, hop } = setUp(t, {}, { dial: dialNobody });
  const trouble = await pool.open(hop.nextHop, Number.POSITIVE_INFINITY);
  assert.deepEqual(trouble, { failure: { kind: "connect", detail: "ECONNREFUSED" }, phase: "connect" });
});

test("a next hop that knows no EHLO is greeted by HELO", async (t) => {
  const { hop, open } = setUp(t, { reply: (line) => (line.startsWith("EHLO") ? "502 5.5.2 what?" : undefined) });
  assert.equal((await open()).capabilities.pipelining, false);
  assert.deepEqual(hop.lines, ["1 EHLO here.example", "1 HELO here.example"]);
});

test("closing says good-bye to idle connections at once, and to the others as they come back", async (t) => {
  const { pool, hop, open } = setUp(t);
  const [idle, busy] = [await open(), await open()];
  pool.release(idle);
  const closed = pool.close();
  await gone(idle);
  assert.deepEqual(hop.lines.slice(2), ["1 QUIT"]);
  pool.release(busy);
  await closed;
  assert.deepEqual([hop.lines.at(-1), pool.openCount], ["2 QUIT", 0]);
});

/** Resolves when a connection has ended. */
async function gone(connection: NextHopConnection): Promise<void> {
  while (connection.failure === undefined) await new Promise((resolve) => setImmediate(resolve));
}
