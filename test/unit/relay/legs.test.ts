import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { defaultTimeouts } from "../../../src/relay/delivery.ts";
import { createLegs, type Legs } from "../../../src/relay/legs.ts";
import { ConnectionPool } from "../../../src/relay/pool.ts";
import { Shortage } from "../../../src/relay/shortage.ts";
import { formatReply } from "../../../src/smtp/reply.ts";
import { envelopeFrom, outgoingTo, plainMail } from "../../support/relay-mail.ts";
import { dialNobody, type HopScript, queued, type ScriptedHop, scriptedHop } from "../../support/scripted-hop.ts";

const envelope = envelopeFrom("a@example.com", "b@example.com");

function setUp(t: TestContext, script: HopScript = {}): { legs: Legs; hop: ScriptedHop; pool: ConnectionPool } {
  const hop = scriptedHop(script);
  const pool = new ConnectionPool(
    {
      localEnd: { localhost_name: "here.example", local_client_bind_address: null },
      timeouts: defaultTimeouts,
      observer: { connection() {}, reply() {} },
      discarded: new Set(),
      maxIdle: 10,
      now: () => 1000,
      dial: (to, address, onread) =>
        "host" in to && to.host === "down.example" ? dialNobody(to, address, onread) : hop.dial(to, address, onread),
    },
    () => false,
    () => undefined,
  );
  t.after(() => pool.close(0));
  const shortage = new Shortage(() => undefined);
  const observer = { connection() {}, reply() {} };
  return { legs: createLegs({ pool, shortage, timeouts: defaultTimeouts, observer, now: () => 1000 }), hop, pool };
}

const down = { protocol: "smtp", host: "down.example", port: 25 } as const;

test("a leg opens on the first next hop that can be reached, and its connection is kept once it is finished", async (t) => {
  const { legs, hop, pool } = setUp(t);
  const leg = await legs.open({ ...outgoingTo(down, envelope), failover: [hop.nextHop] }, false);
  assert.deepEqual([leg.transaction === undefined, leg.reusedConnection, hop.contents], [false, false, []]);
  const answers = await legs.finish(leg, () => true);
  assert.deepEqual(answers, [{ reply: queued, fromNextHop: true }]);
  assert.deepEqual([hop.contents, pool.idleCount], [[plainMail], 1]);
});

test("an abandoned leg sends no content and leaves its connection free of the mail", async (t) => {
  const { legs, hop } = setUp(t);
  const leg = await legs.open(outgoingTo(hop.nextHop, envelope), false);
  legs.abandon(leg);
  assert.deepEqual(hop.contents, []);
  const next = await legs.open(outgoingTo(hop.nextHop, envelope), false);
  assert.deepEqual(await legs.finish(next, () => true), [{ reply: queued, fromNextHop: true }]);
  assert.deepEqual(hop.contents, [plainMail]);
});

test("where no next hop can be reached the leg has our own answer for each recipient, finished or abandoned", async (t) => {
  const { legs } = setUp(t);
  const two = envelopeFrom("a@example.com", "b@example.com", "c@example.com");
  const leg = await legs.open(outgoingTo(down, two), false);
  assert.equal(leg.transaction, undefined);
  for (const answers of [legs.abandon(leg), await legs.finish(leg, () => true)]) {
    assert.deepEqual(
      answers.map(({ reply, fromNextHop }) => [formatReply(reply).slice(0, 9), fromNextHop]),
      [
        ["450 4.4.1", false],
        ["450 4.4.1", false],
      ],
    );
  }
});
