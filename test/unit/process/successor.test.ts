import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { predecessor, startSuccessor } from "../../../src/process/successor.ts";

const start = (program: string) =>
  startSuccessor({ args: ["-e", program], descriptors: [], env: { ...process.env }, patienceMs: 30_000 });

test("a new process says that its ports are open, and that it serves once it was told what is free", async () => {
  const successor = start(
    `process.on("message", (text) => { if (text === "yours") process.send("serving", () => process.disconnect()); });
     process.send("open");`,
  );
  await successor.open;
  await successor.handOver();
  successor.release();
  assert.ok(successor.pid > 0);
});

for (const [program, words] of [
  ["process.exit(78)", /of no use: it ended with exit code 78/],
  ["process.kill(process.pid, 'SIGKILL')", /of no use: it ended: signal SIGKILL/],
] as const) {
  test(`one that ends instead is of no use: ${program}`, async () => {
    await assert.rejects(start(program).open, words);
  });
}

test("it does not inherit what was said of our own sockets", async () => {
  const env = { ...process.env, LISTEN_PID: "1", LISTEN_FDS: "7", LISTEN_FDNAMES: "a:b" };
  const program = `const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env;
    if (LISTEN_PID === undefined && LISTEN_FDNAMES === undefined && LISTEN_FDS === "0") process.send("open");`;
  const { open } = startSuccessor({ args: ["-e", program], descriptors: [], env, patienceMs: 30_000 });
  await assert.doesNotReject(open);
});

/** The channel to the process that started us. */
function channel() {
  const sent: unknown[] = [];
  const events = new EventEmitter();
  const send = (message: unknown, _handle: unknown, _options: unknown, done: () => void) => {
    sent.push(message);
    done();
    return true;
  };
  return { sent, events, process: Object.assign(events, { send }) as unknown as NodeJS.Process };
}

test("nobody's successor has no predecessor", () => {
  assert.equal(predecessor(new EventEmitter() as unknown as NodeJS.Process), undefined);
});

test("the successor waits until it is told, whatever else is said", async () => {
  const { sent, events, process } = channel();
  const before = predecessor(process);
  const taken = before?.takeOver();
  events.emit("message", "something else");
  events.emit("message", "yours");
  await taken;
  before?.serving();
  assert.deepEqual(sent, ["open", "serving"]);
  assert.equal(events.listenerCount("message"), 0);
});

test("a predecessor that is gone before it handed over ends its successor", async () => {
  const { events, process } = channel();
  const taken = predecessor(process)?.takeOver();
  events.emit("disconnect");
  await assert.rejects(taken ?? Promise.resolve(), /is gone/);
});
