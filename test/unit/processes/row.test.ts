import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Order } from "../../../src/processes/messages.ts";
import { createRow, type ProcessRow, type RowNeeds, restartDelay } from "../../../src/processes/row.ts";
import type { ServingProcess } from "../../../src/processes/serving-process.ts";

/** A process that does as told, and whose end a test decides. */
interface Actor extends ServingProcess {
  readonly orders: Order["kind"][];
  refuses: Order["kind"] | undefined;
  end(how: string): void;
}

interface Stage {
  readonly row: ProcessRow;
  readonly actors: Actor[];
  readonly told: string[];
  readonly ended: number[];
}

function createStage(
  t: { after(done: () => void): void },
  refuses?: (actor: number) => Order["kind"] | undefined,
): Stage {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  t.after(() => mock.timers.reset());
  const stage = { actors: [] as Actor[], told: [] as string[], ended: [] as number[] };
  const startProcess: RowNeeds["startProcess"] = () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const actor: Actor = {
      pid: 100 + stage.actors.length,
      orders: [],
      refuses: refuses?.(stage.actors.length),
      ended: promise,
      end: resolve,
      kill: () => resolve("signal SIGKILL"),
      async ask({ kind }) {
        actor.orders.push(kind);
        if (actor.refuses === kind) throw new Error(`${actor.pid} refuses ${kind}`);
        if (kind === "stop") resolve("exit code 0");
        return {};
      },
    };
    stage.actors.push(actor);
    return actor;
  };
  const row = createRow({
    count: 2,
    startProcess,
    startOrder: () => ({ kind: "reopen" }),
    tell: (severity, text) => stage.told.push(`${severity} ${text}`),
    onCounts: () => undefined,
    onLines: () => undefined,
    onEnded: (number) => stage.ended.push(number),
    now: () => Date.now(),
  });
  return { row, ...stage };
}

/** Lets everything happen that waits for no timer. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  await settled();
  mock.timers.tick(ms);
  await settled();
}

test("one that ends unasked is told, and another takes its place; the others are left alone", async (t) => {
  const { row, actors, told, ended } = createStage(t);
  await row.start();
  actors[1]?.end("signal SIGSEGV");
  await settled();
  assert.deepEqual(
    row.states().map(({ isRunning }) => isRunning),
    [true, false],
  );
  await pass(restartDelay(0));
  assert.equal(actors.length, 3);
  assert.deepEqual(
    row.states().map(({ pid, restarts }) => [pid, restarts]),
    [
      [100, 0],
      [102, 1],
    ],
  );
  assert.deepEqual(ended, [2]);
  assert.deepEqual(told, [
    "err process 2 (pid 101) ended: signal SIGSEGV; its mail under way comes again",
    "notice process 2 (pid 102) took its place",
  ]);
});

test("one that ends again and again is started less and less often, and at once again after it ran for long", async (t) => {
  const { row, actors } = createStage(t);
  await row.start();
  for (const failures of [0, 1, 2, 3]) {
    actors.at(-1)?.end("exit code 1");
    const before = actors.length;
    await pass(restartDelay(failures) - 1);
    assert.equal(actors.length, before);
    await pass(1);
    assert.equal(actors.length, before + 1);
  }
  mock.timers.tick(61_000);
  actors.at(-1)?.end("exit code 1");
  const before = actors.length;
  await pass(restartDelay(0));
  assert.equal(actors.length, before + 1);
  assert.equal(restartDelay(30), 30_000);
});

test("one that cannot be started again is tried on", async (t) => {
  const { row, actors, told } = createStage(t, (actor) => (actor === 2 ? "reopen" : undefined));
  await row.start();
  actors[0]?.end("exit code 1");
  await pass(restartDelay(0));
  assert.equal(told.at(-1), "err process 1 cannot be started: 102 refuses reopen");
  await pass(restartDelay(1));
  assert.equal(told.at(-1), "notice process 1 (pid 103) took its place");
});

test("when one of them cannot start, none is left", async (t) => {
  const { row, actors } = createStage(t, (actor) => (actor === 1 ? "reopen" : undefined));
  await assert.rejects(row.start(), /101 refuses reopen/);
  assert.deepEqual(await Promise.all(actors.map(({ ended }) => ended)), ["exit code 0", "signal SIGKILL"]);
  await pass(100_000);
  assert.equal(actors.length, 2);
});

test("a refusal is told only once all have answered; one that must do it and does not is replaced", async (t) => {
  const { row, actors } = createStage(t);
  await row.start();
  const [first, second] = actors;
  assert.ok(first !== undefined && second !== undefined);
  first.refuses = "abort";
  await assert.rejects(row.tell({ kind: "abort" }, 1), /100 refuses abort/);
  assert.deepEqual(second.orders, ["reopen", "abort"]);
  second.refuses = "commit";
  await row.force({ kind: "commit" }, 1);
  assert.equal(await second.ended, "signal SIGKILL");
  await pass(restartDelay(0));
  assert.equal(row.states()[1]?.pid, 102);
});

test("one that drains is not ended for what it no longer does", async (t) => {
  const { row, actors } = createStage(t);
  await row.start();
  const [first, second] = actors;
  assert.ok(first && second);
  first.refuses = "stop";
  const stopped = row.stop(1000);
  first.refuses = "commit";
  await row.force({ kind: "commit" }, 0);
  assert.deepEqual(first.orders.slice(-2), ["stop", "commit"]);
  first.end("exit code 0");
  await stopped;
  assert.equal(await first.ended, "exit code 0");
});

test("nothing is started while a configuration is being changed", async (t) => {
  const { row, actors } = createStage(t);
  await row.start();
  const changing = Promise.withResolvers<void>();
  const held = row.hold(() => changing.promise);
  actors[0]?.end("exit code 1");
  await pass(restartDelay(0));
  assert.equal(actors.length, 2);
  changing.resolve();
  await held;
  await settled();
  assert.equal(actors.length, 3);
});

test("a stop asks all, and starts none again", async (t) => {
  const { row, actors, ended } = createStage(t);
  await row.start();
  actors[0]?.end("exit code 1");
  await settled();
  await row.stop(1000);
  await pass(100_000);
  assert.deepEqual(actors[1]?.orders.at(-1), "stop");
  assert.equal(actors.length, 2);
  assert.deepEqual(ended, [1]);
});

test("one that hangs is ended, and another takes its place; a single question may stay unanswered", async (t) => {
  const { row, actors, told } = createStage(t);
  await row.start();
  const [busy, hanging] = actors;
  assert.ok(busy && hanging);
  const everyMs = 10_000;
  for (const actor of [busy, hanging]) actor.refuses = "alive";
  await pass(everyMs);
  await pass(everyMs);
  busy.refuses = undefined;
  await pass(everyMs);
  assert.deepEqual(told, [
    "err process 2 (pid 101) hangs: 3 questions without an answer",
    "err process 2 (pid 101) ended: signal SIGKILL; its mail under way comes again",
  ]);
  await pass(restartDelay(0));
  assert.equal(actors.length, 3);
  busy.refuses = "alive";
  await pass(everyMs);
  await pass(everyMs);
  assert.equal(told.length, 3);
  await row.stop(0);
  assert.equal(told.length, 3);
});
