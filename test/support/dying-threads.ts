// Worker threads that fail: preloaded by NODE_OPTIONS, each thread ends in place of what would be its n-th message, so that
// what it was asked is out by then, and so is what waits behind it; or it does not come up at all.
import { fileURLToPath } from "node:url";
import { isMainThread, MessagePort } from "node:worker_threads";

const diesVariable = "TEST_DIES_AT_MESSAGE";
const loadVariable = "TEST_THREADS_LOAD";
const preloaded = { NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}` };

/** The environment of a process whose threads die; the first message of a pool's thread says that it is ready. */
export function dyingThreads(message: number): Readonly<Record<string, string>> {
  return { [diesVariable]: String(message), ...preloaded };
}

/** The environment of a process whose threads do not come up: what they load throws, ends them, or never ends. */
export function threadsThatDoNotLoad(how: "throw" | "exit" | "hang"): Readonly<Record<string, string>> {
  return { [loadVariable]: how, ...preloaded };
}

if (!isMainThread) {
  const dies = Number(process.env[diesVariable] ?? 0);
  const load = process.env[loadVariable];
  if (load === "throw") throw new Error("this thread does not load");
  if (load === "exit") process.exit(1);
  // Held up as by an endless loop, at no cost.
  if (load === "hang") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (dies > 0) {
    const post = MessagePort.prototype.postMessage;
    let messages = 0;
    MessagePort.prototype.postMessage = function (this: MessagePort, ...given: unknown[]) {
      messages += 1;
      if (messages >= dies) process.exit(1);
      return Reflect.apply(post, this, given);
    };
  }
}
