// Worker threads that die while they owe an answer: preloaded by NODE_OPTIONS, each thread ends in place of what would be
// its n-th message. What it was asked is out by then, and so is what waits behind it.
import { fileURLToPath } from "node:url";
import { isMainThread, MessagePort } from "node:worker_threads";

const variable = "TEST_DIES_AT_MESSAGE";

/** The environment of a process whose threads die; the first message of a pool's thread says that it is ready. */
export function dyingThreads(message: number): Readonly<Record<string, string>> {
  return { [variable]: String(message), NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}` };
}

const dies = Number(process.env[variable]);
if (!isMainThread && dies > 0) {
  const post = MessagePort.prototype.postMessage;
  let messages = 0;
  MessagePort.prototype.postMessage = function (this: MessagePort, ...given: unknown[]) {
    messages += 1;
    if (messages >= dies) process.exit(1);
    return Reflect.apply(post, this, given);
  };
}
