// What two threads that read the same keys share: which of them reads what, and how one batch is read and handed over.

import { readdirSync } from "node:fs";
import { errorCode, errorText } from "../mail/error-text.ts";
import { readWhole } from "../process/read-whole.ts";
import { keyForms, readPrivateKey } from "../signing/private-key.ts";

/** What is asked of each name: the key in a file, or what is in a folder. */
export type Question = "key" | "folder";

export const batchSize = 500;

/** Of each batch, in memory that both threads see. */
export const state = { free: 0, claimed: 1, done: 2 } as const;

/** The answers of a batch, in few objects: each of them costs when it goes from one thread to the other. */
export interface Fetched {
  readonly batch: number;
  /** The DER of keys, one after the other. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** Of each file five numbers: where its DER ends, index in `keyForms`, bits, mode, owner. */
  readonly columns: Uint32Array;
  /** What is wrong with a file that is no key, by place in the batch. */
  readonly faults: ReadonlyMap<number, string>;
  /** The names in each folder, with slashes between. */
  readonly folders: readonly string[];
  /** What the system said instead, by place in the batch. */
  readonly troubles: ReadonlyMap<number, { readonly message: string; readonly code: string | undefined }>;
}

export const columnCount = 5;

/** The next batch that nobody reads yet. */
export function claimBatch(states: Int32Array): number | undefined {
  for (let batch = 0; batch < states.length; batch += 1) {
    if (Atomics.compareExchange(states, batch, state.free, state.claimed) === state.free) return batch;
  }
  return undefined;
}

export function fetchBatch(question: Question, names: readonly string[], batch: number): Fetched {
  const mine = names.slice(batch * batchSize, (batch + 1) * batchSize);
  const columns = new Uint32Array(question === "key" ? columnCount * mine.length : 0);
  const faults = new Map<number, string>();
  const folders: string[] = [];
  const troubles = new Map<number, { message: string; code: string | undefined }>();
  const parts: Buffer[] = [];
  let end = 0;
  for (const [place, name] of mine.entries()) {
    try {
      if (question === "folder") {
        folders[place] = readdirSync(name).join("/");
        continue;
      }
      const { octets, mode, uid } = readWhole(name);
      const read = readPrivateKey(octets);
      if ("key" in read) {
        parts.push(read.key.der);
        end += read.key.der.length;
        columns.set([end, keyForms.indexOf(read.key.form), read.key.bits, mode, uid], columnCount * place);
      } else {
        faults.set(place, read.trouble);
        columns.set([end, 0, 0, mode, uid], columnCount * place);
      }
    } catch (error) {
      const code = errorCode(error);
      troubles.set(place, { message: errorText(error), code });
      folders[place] = "";
      if (question === "key") columns[columnCount * place] = end;
    }
  }
  const der = new Uint8Array(end);
  let at = 0;
  for (const part of parts) {
    der.set(part, at);
    at += part.length;
  }
  return { batch, der, columns, faults, folders, troubles };
}
