import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NextHopConnection } from "../../../src/relay/connection.ts";
import { type HopScript, type ScriptedHop, scriptedHop } from "../../support/scripted-hop.ts";

const patience = { eachMs: 100, lastMs: 500 };

interface Scene {
  readonly hop: ScriptedHop;
  readonly connection: NextHopConnection;
  readonly clock: { nowMs: number };
  readonly failures: string[];
}

async function setUp(t: TestContext, script: HopScript = {}): Promise<Scene> {
  const hop = scriptedHop(script);
  const clock = { nowMs: 0 };
  const failures: string[] = [];
  const failed = ({ failure }: NextHopConnection) => failures.push(failure?.kind ?? "");
  const connection = new NextHopConnection(hop.nextHop, null, () => clock.nowMs, failed, hop.dial);
  t.after(() => connection.drop());
  assert.equal((await connection.greeted(100, 100)).replies[0]?.code, 220);
  return { hop, connection, clock, failures };
}

const silentTo =
  (begin: string): NonNullable<HopScript["reply"]> =>
  (line) =>
    line.startsWith(begin) ? "" : undefined;

test("there are as many replies as were asked for, in order", async (t) => {
  const { connection } = await setUp(t, { reply: (line) => (line === "B" ? "550 5.0.0 b" : undefined) });
  const { replies, failure } = await connection.exchange("A\r\nB\r\nC\r\n", 3, patience);
  assert.deepEqual([replies.map(({ code }) => code), failure], [[250, 550, 250], undefined]);
});

test("each reply has its time, the last one its own, and two looks at the clock are needed to call it late", async (t) => {
  const { connection, clock, failures } = await setUp(t, { reply: silentTo("C") });
  const answer = connection.exchange("A\r\nB\r\nC\r\n", 3, patience);
  await turns();
  clock.nowMs = 499;
  connection.expire(clock.nowMs);
  clock.nowMs = 500;
  connection.expire(clock.nowMs);
  assert.deepEqual(failures, [], "what has come while we were busy is read before the second look");
  connection.expire(clock.nowMs);
  const { replies, failure } = await answer;
  assert.deepEqual([replies.length, failure, failures], [2, { kind: "timeout" }, ["timeout"]]);
});

test("the mail's own deadline is shorter than any patience", async (t) => {
  const { connection } = await setUp(t, { reply: silentTo("A") });
  connection.limitMs = 20;
  const answer = connection.exchange("A\r\n", 1, patience);
  connection.expire(20);
  connection.expire(20);
  assert.equal((await answer).failure?.kind, "timeout");
});

test("an idle connection is never late, and 421 on it ends it", async (t) => {
  const { connection, failures } = await setUp(t, {
    reply: (line) => (line === "A" ? "250 2.0.0 Ok\r\n421 4.3.2 bye" : undefined),
  });
  await connection.exchange("B\r\n", 1, patience);
  connection.rest(0);
  connection.expire(1_000_000);
  connection.expire(1_000_000);
  assert.deepEqual(failures, []);
  await connection.exchange("A\r\n", 1, patience);
  await turns();
  assert.deepEqual(failures, ["refused"]);
});

test("the reply to an RSET that nobody waits for is not taken for another's", async (t) => {
  const { connection } = await setUp(t, { reply: (line) => (line === "RSET" ? "250 2.0.0 reset" : undefined) });
  connection.resetAhead();
  const { replies } = await connection.exchange("MAIL\r\n", 1, patience);
  assert.equal(replies[0]?.text, "Ok");
});

test("a failed connection answers at once, and tells of its failure once", async (t) => {
  const { hop, connection, failures } = await setUp(t);
  const waiting = connection.exchange("A\r\n", 1, patience);
  connection.drop();
  connection.fail({ kind: "timeout" });
  assert.equal((await waiting).failure?.kind, "dropped");
  const before = hop.lines.length;
  assert.equal((await connection.exchange("B\r\n", 1, patience)).failure?.kind, "dropped");
  connection.quit(100);
  connection.resetAhead();
  assert.deepEqual([hop.lines.length, failures], [before, ["dropped"]]);
});

/** What was written and is to be said has its turns of the event loop. */
async function turns(): Promise<void> {
  for (let count = 0; count < 5; count += 1) await new Promise((resolve) => setImmediate(resolve));
}
