// Hashes a body in a worker while it is still arriving: chunks are shared, not copied, and go there several at a time,
// because waking a thread costs a third of what hashing a block does.
import { MessageChannel } from "node:worker_threads";
import type { BodyDigester } from "../dkim/engine.ts";
import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";

/** Starts a stream task on some worker with the port it is to listen on; resolves with its digests. */
export type StartStream = (port: object) => Promise<readonly BodyDigest[]>;

/** No worker is free for another stream; the body is to be hashed once it is in. */
export class NoStreamSlot extends Error {
  override name = "NoStreamSlot";
}

export interface StreamDeadline {
  /** A worker that acknowledges nothing for this long, in milliseconds, is taken for hung. */
  readonly deadlineMs: number;
  onOverdue(): void;
}

/** `chunksAtOnce`: so many go in one message; fewer once the digest is asked for. */
export function createDigester(startStream: StartStream, deadline: StreamDeadline, chunksAtOnce: number): BodyDigester {
  const { port1, port2 } = new MessageChannel();
  /** Who waits for a chunk, in order; the last ones are not sent yet. */
  const waiting: (() => void)[] = [];
  let unsent: Uint8Array[] = [];
  let waitingSince = 0;
  let over = false;

  const watch = setInterval(() => {
    if (waiting.length > unsent.length && performance.now() - waitingSince > deadline.deadlineMs) deadline.onOverdue();
  }, 1000);
  watch.unref();

  port1.on("message", (acknowledged: number) => {
    waitingSince = performance.now();
    for (const resolve of waiting.splice(0, acknowledged)) resolve();
  });
  port1.unref();

  function end(): void {
    if (over) return;
    over = true;
    clearInterval(watch);
    port1.close();
    // The caller that waits for its memory gets it back: nothing reads it any more.
    for (const resolve of waiting.splice(0)) resolve();
  }

  function send(): void {
    if (unsent.length === 0) return;
    if (waiting.length === unsent.length) waitingSince = performance.now();
    port1.postMessage(unsent);
    unsent = [];
  }

  const digests = startStream(port2).finally(end);
  // The receive part may never ask (client gone): that is no unhandled rejection.
  digests.catch(() => {});

  return {
    update(chunk) {
      if (over) return Promise.resolve();
      const hashed = new Promise<void>((resolve) => waiting.push(resolve));
      unsent.push(chunk);
      if (unsent.length >= chunksAtOnce) send();
      return hashed;
    },
    digest() {
      if (!over) {
        send();
        port1.postMessage(null);
      }
      return digests;
    },
    abort: end,
  };
}

/** Stands in where no stream slot is free: takes the octets, and says at the end that they are still to be hashed. */
export function createDeferredDigester(): BodyDigester {
  return {
    update: () => Promise.resolve(),
    digest: () => Promise.reject(new NoStreamSlot("all stream slots were taken")),
    abort() {},
  };
}

/** The job of the receive part done once more from where the body is kept, e.g. when a worker died meanwhile. */
export async function digestStored(
  start: (specs: readonly BodyDigestSpec[]) => BodyDigester,
  specs: readonly BodyDigestSpec[],
  chunks: AsyncIterable<Uint8Array>,
): Promise<readonly BodyDigest[]> {
  const digester = start(specs);
  try {
    for await (const chunk of chunks) await digester.update(chunk);
    return await digester.digest();
  } catch (error) {
    digester.abort();
    throw error;
  }
}
