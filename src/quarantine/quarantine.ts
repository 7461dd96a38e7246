// The quarantine of a daemon: its folders are looked at when it starts, its index is opened beside them, old copies go in
// the background.
import { access, constants, mkdir, stat } from "node:fs/promises";
import { errorCode, errorText } from "../mail/error-text.ts";
import type { IndexPlace } from "../mail/quarantine-question.ts";
import { settledWithin } from "../process/settled-within.ts";
import { type QuarantineFiles, realFiles } from "./files.ts";
import { createKeepCopies, type KeepCopies } from "./keep-copies.ts";
import { readPassKey } from "./pass-key.ts";
import { createPassTokens, type PassTokens } from "./pass-token.ts";
import type { QuarantineIndex } from "./quarantine-index.ts";
import { createRetention, type Retention } from "./retention.ts";
import { createRoom, type Room } from "./room.ts";
import { openSqliteIndex } from "./sqlite-index.ts";

export interface Quarantine {
  readonly keepCopies: KeepCopies;
  /** Knows nothing before it is open, or where nothing is kept in files. */
  readonly index: QuarantineIndex;
  readonly files: QuarantineFiles;
  /** Undefined before it is open, or where nothing is kept in files. */
  readonly passTokens: PassTokens | undefined;
  /** Undefined before it is open, or where nothing is kept in files. */
  readonly room: Room | undefined;
  /** Octets below which there is no room. */
  readonly minFreeBytes: number;
  /** For the log. */
  tell(text: string): void;
  /** Rejects, naming the folder, where copies cannot be kept. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface QuarantineOptions {
  /** Undefined: nothing is kept in files. */
  readonly place: IndexPlace | undefined;
  readonly keepMs: number;
  readonly maxOctets: number;
  /** With less free space in the first folder no mail is taken; 0: it is not looked at. */
  readonly minFreeBytes: number;
  /** URL of workers/quarantine. */
  readonly worker: string;
  /** Once for each kind of trouble, until it is over. */
  tell(text: string): void;
}

/** Postfix tries for five days (maximal_queue_lifetime); what comes later is no retry. */
const longestRetryMs = 5 * 86_400_000;

/** How long a round of removing may take when the process ends: the disk may hang. */
const lastWordsMs = 2000;

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { place, keepMs, maxOctets, minFreeBytes, worker, tell } = options;
  let index = noIndex;
  let retention: Retention | undefined;
  let passTokens: PassTokens | undefined;
  let room: Room | undefined;
  let opening: Promise<void> = Promise.resolve();

  async function open(): Promise<void> {
    if (place === undefined) return;
    for (const folder of place.folders) await mustBeUsable(folder);
    const [first] = place.folders;
    if (first !== undefined) {
      passTokens = createPassTokens(await readPassKey(first));
      room = createRoom({ folder: first, minFreeBytes });
    }
    index = openSqliteIndex({ place, worker, onTrouble: (error) => tell(`${place.file}: ${error.message}`) });
    retention = createRetention({
      index,
      files: realFiles,
      keepMs,
      maxOctets,
      now: Date.now,
      onTrouble: (detail) => tell(`old copies cannot be removed: ${detail}`),
    });
    retention.start();
  }

  return {
    keepCopies: createKeepCopies({
      files: realFiles,
      index: { add: (row) => index.add(row), sameMail: (digest, since) => index.sameMail(digest, since) },
      repeatWindowMs: Math.min(keepMs, longestRetryMs),
    }),
    get index() {
      return index;
    },
    files: realFiles,
    get room() {
      return room;
    },
    minFreeBytes,
    get passTokens() {
      return passTokens;
    },
    tell,
    open() {
      opening = open();
      return opening;
    },
    async close() {
      // One that is being opened is there to be closed by then.
      await opening.catch(() => undefined);
      if (retention !== undefined) await settledWithin(retention.stop(), lastWordsMs);
      await index.close();
    },
  };
}

/** The last folder of a path is made where it is missing: a new installation has none. */
async function mustBeUsable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o750 }).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
    if (!(await stat(folder)).isDirectory()) throw new Error("is no folder");
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Error(`the quarantine cannot use ${folder}: ${errorText(cause)}`, { cause });
  }
}

const noIndex: QuarantineIndex = {
  add: () => undefined,
  sameMail: async () => [],
  list: async () => [],
  oldest: async () => [],
  usage: async () => undefined,
  released: async () => undefined,
  deleted: async () => undefined,
  scan: async () => false,
  close: async () => undefined,
};
