// Reads many keys with two threads. A hundred thousand key files are a hundred thousand times a few calls to the system,
// which take longer than all else at a start: a second thread reads ahead, and the first one reads along whenever what it
// needs next is not there yet. All of it is synchronous, as whoever reads keys is.

import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { moduleUrl } from "../process/module-url.ts";
import type { WholeFile } from "../process/read-whole.ts";
import { keyForms, type ReadKey, StoredKey } from "../signing/private-key.ts";
import { batchSize, claimBatch, columnCount, type Fetched, fetchBatch, type Question, state } from "./fetch-batch.ts";

export interface ReadAhead {
  /** Whether this is among the names. */
  has(name: string): boolean;
  /** Throws as node:fs does. */
  key(name: string): { readonly read: ReadKey } & Pick<WholeFile, "mode" | "uid">;
  /** Throws as node:fs does. */
  folder(name: string): readonly string[];
  close(): void;
}

/** Fewer are read before a thread has started. */
export const worthIt = 4 * batchSize;
/** After so long a batch is read once more: the other thread may be gone. */
const patienceMs = 10_000;

/** The file's own kind: TypeScript in a checkout, JavaScript in a published package. */
const thread = moduleUrl("./read-ahead-thread", import.meta.url);

/** @param names in the order in which they will be wanted */
export function readAhead(question: Question, names: readonly string[]): ReadAhead {
  const states = new Int32Array(new SharedArrayBuffer(4 * Math.ceil(names.length / batchSize)));
  const { port1, port2 } = new MessageChannel();
  const workerData = { question, names, states, port: port2 };
  const worker = new Worker(thread, { workerData, transferList: [port2] });
  worker.unref();
  // Then this thread reads everything.
  worker.on("error", () => undefined);
  /** By name, once somebody asks out of order. */
  let places: ReadonlyMap<string, number> | undefined;
  let next = 0;
  const fetched = new Map<number, Fetched>();
  let current: Fetched | undefined;

  function receive(): void {
    for (let got = receiveMessageOnPort(port1); got !== undefined; got = receiveMessageOnPort(port1)) {
      const message: Fetched = got.message;
      fetched.set(message.batch, message);
    }
  }

  function fetchedBatch(batch: number): Fetched {
    for (;;) {
      const wasDone = Atomics.load(states, batch) === state.done;
      receive();
      const there = fetched.get(batch);
      if (there !== undefined) {
        fetched.delete(batch);
        return there;
      }
      // It has been here before: what is asked for once more is read once more.
      if (wasDone) return fetchBatch(question, names, batch);
      const mine = claimBatch(states);
      if (mine !== undefined) {
        fetched.set(mine, fetchBatch(question, names, mine));
        Atomics.store(states, mine, state.done);
      } else if (Atomics.wait(states, batch, state.claimed, patienceMs) === "timed-out") {
        return fetchBatch(question, names, batch);
      }
    }
  }

  function placeOf(name: string): number | undefined {
    if (names[next] === name) return next;
    if (names[next + 1] === name) return next + 1;
    places ??= new Map(names.map((each, place) => [each, place]));
    return places.get(name);
  }

  /** The batch that it is in, and its place there. */
  function find(name: string): readonly [Fetched, number] {
    const at = placeOf(name);
    if (at === undefined) throw new RangeError(`${name} is not among the names`);
    next = at;
    const batch = Math.floor(at / batchSize);
    if (current?.batch !== batch) current = fetchedBatch(batch);
    const place = at % batchSize;
    const trouble = current.troubles.get(place);
    if (trouble === undefined) return [current, place];
    throw Object.assign(new Error(trouble.message), trouble.code === undefined ? {} : { code: trouble.code });
  }

  return {
    has: (name) => placeOf(name) !== undefined,
    key(name) {
      const [{ der, columns, faults }, place] = find(name);
      const [end = 0, form = 0, bits = 0, mode = 0, uid = 0] = columns.subarray(columnCount * place);
      const fault = faults.get(place);
      if (fault !== undefined) return { read: { trouble: fault }, mode, uid };
      const start = place === 0 ? 0 : (columns[columnCount * (place - 1)] ?? 0);
      const stored = new StoredKey(keyForms[form] ?? "rsa pkcs8", bits, { array: der, start, end });
      return { read: { key: stored }, mode, uid };
    },
    folder(name) {
      const [{ folders }, place] = find(name);
      const text = folders[place] ?? "";
      return text === "" ? [] : text.split("/");
    },
    close() {
      port1.close();
      void worker.terminate();
    },
  };
}
