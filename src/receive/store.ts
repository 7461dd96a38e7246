// Where messages are kept while they are here: shared memory under a budget of the process, then spool files that
// have no name, so that nothing is left behind however we end.

import { randomUUID } from "node:crypto";
import { type FileHandle, open, readdir, stat, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, systemError } from "../mail/error-text.ts";

export interface StoreLimits {
  /** Folder of the spool files. */
  readonly spoolDirectory: string;
  /** Octets of one message kept in memory; what is larger goes to a file. */
  readonly bodyMemoryBytes: number;
  /** Octets of all messages kept in memory. */
  readonly memoryBudgetBytes: number;
  /** Below this much free space no message is taken that memory cannot hold. */
  readonly minFreeBytes: number;
}

export interface MessageStore {
  readonly limits: StoreLimits;
  /** Octets of messages in memory now. */
  readonly usedBytes: number;
  /** Spool files open now. */
  readonly spoolFiles: number;
  /** Takes memory out of the budget, or says that there is not enough. */
  reserve(bytes: number): boolean;
  /** Takes memory whatever the budget says: the first block of a message. */
  charge(bytes: number): void;
  giveBack(bytes: number): void;
  /** Memory of `blockBytes`; the caller accounts for it. */
  takeBlock(): Buffer;
  /** Memory of `firstBlockBytes`, where a message begins and most end. */
  takeFirstBlock(): Buffer;
  /** Memory of a power of two octets, for a header section that the first block is too small for. */
  takeHeadBlock(bytes: number): Buffer;
  /** Gives a block back for the next message; nobody may look at it any more. */
  returnBlock(block: Buffer): void;
  /** Drops all blocks that are kept for the next messages. */
  letGo(): void;
  /** A new file for reading and writing, already without a name. The caller closes it with `closeSpool`. */
  openSpool(): Promise<FileHandle>;
  closeSpool(file: FileHandle): Promise<void>;
  /** Whether the spool's disk has room, as last looked at; looking happens in the background. */
  hasRoom(): boolean;
}

const filePrefix = "signpost-spool-";
const roomCheckEveryMs = 5000;

/** Octets of a block: large enough that a write to disk or a message to a worker costs little per octet. */
export const blockBytes = 128 * 1024;

/** Octets of a message's first block: enough for most whole messages. */
export const firstBlockBytes = 16 * 1024;

/** Octets of blocks for large headers that are kept for the next ones; what is beyond is let go. */
const maxFreeHeadBytes = 16 * 1024 * 1024;

/** Memory that a worker can read in place. */
function newBlock(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

/** What the store asks of the system; a test hands in its own. */
export interface StoreSystem {
  /** Epoch, milliseconds. */
  now(): number;
  freeBytes(directory: string): Promise<number>;
}

const realSystem: StoreSystem = {
  now: Date.now,
  async freeBytes(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

/**
 * Opens the store: removes spool files that a process killed between creating and unlinking one left behind, and
 * looks at the free space once. Rejects when the folder cannot be read.
 */
export async function createMessageStore(limits: StoreLimits, system: StoreSystem = realSystem): Promise<MessageStore> {
  const { spoolDirectory } = limits;
  await removeStaleFiles(spoolDirectory, system.now());
  let room = await hasRoomNow();
  let checkedAt = system.now();
  let checking = false;
  let usedBytes = 0;
  let spoolFiles = 0;
  const blocks = new FreeBlocks(blockBytes);
  const firstBlocks = new FreeBlocks(firstBlockBytes);
  const headBlocks = new Map<number, FreeBlocks>();
  let freeHeadBytes = 0;

  function headBlocksOf(bytes: number): FreeBlocks {
    const known = headBlocks.get(bytes) ?? new FreeBlocks(bytes);
    headBlocks.set(bytes, known);
    return known;
  }

  async function hasRoomNow(): Promise<boolean> {
    try {
      return (await system.freeBytes(spoolDirectory)) >= limits.minFreeBytes;
    } catch {
      return false;
    }
  }

  async function closeSpool(file: FileHandle): Promise<void> {
    spoolFiles -= 1;
    // An error here (EIO) concerns a file that nobody needs any more.
    await file.close().catch(() => undefined);
  }

  function checkRoom(): void {
    const now = system.now();
    if (checking || Math.abs(now - checkedAt) < roomCheckEveryMs) return;
    checking = true;
    checkedAt = now;
    hasRoomNow().then((answer) => {
      room = answer;
      checking = false;
    });
  }

  return {
    limits,
    get usedBytes() {
      return usedBytes;
    },
    get spoolFiles() {
      return spoolFiles;
    },
    reserve(bytes) {
      if (usedBytes + bytes > limits.memoryBudgetBytes) return false;
      usedBytes += bytes;
      return true;
    },
    charge(bytes) {
      usedBytes += bytes;
    },
    giveBack(bytes) {
      usedBytes -= bytes;
    },
    takeBlock: () => blocks.take(),
    takeFirstBlock: () => firstBlocks.take(),
    takeHeadBlock(bytes) {
      // `returnBlock` puts a block of this size there: one that came from elsewhere would make them more with each such
      // mail.
      if (bytes === blockBytes) return blocks.take();
      const free = headBlocksOf(bytes);
      if (free.count > 0) freeHeadBytes -= bytes;
      return free.take();
    },
    returnBlock(block) {
      const bytes = block.length;
      if (bytes === blockBytes) blocks.give(block);
      else if (bytes === firstBlockBytes) firstBlocks.give(block);
      else if (freeHeadBytes + bytes <= maxFreeHeadBytes) {
        freeHeadBytes += bytes;
        headBlocksOf(bytes).give(block);
      }
    },
    letGo() {
      blocks.letGo();
      firstBlocks.letGo();
      headBlocks.clear();
      freeHeadBytes = 0;
    },
    async openSpool() {
      const path = join(spoolDirectory, `${filePrefix}${randomUUID()}`);
      // O_EXCL and 0600: nobody prepares this file for us and nobody else reads it.
      const file = await open(path, "wx+", 0o600);
      spoolFiles += 1;
      try {
        await unlink(path);
      } catch (cause) {
        await closeSpool(file);
        throw new Error("cannot unlink a new spool file", { cause });
      }
      return file;
    },
    closeSpool,
    hasRoom() {
      checkRoom();
      return room;
    },
  };
}

/**
 * Free blocks for the next messages: as many as were in use at a time since it was last quiet. The garbage collector does
 * not count shared memory, so blocks that were dropped would pile up until something else starts a collection.
 */
class FreeBlocks {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get count(): number {
    return this.#free.length;
  }

  take(): Buffer {
    return this.#free.pop() ?? newBlock(this.#bytes);
  }

  give(block: Buffer): void {
    this.#free.push(block);
  }

  letGo(): void {
    this.#free.length = 0;
  }
}

/** Another process of ours may be between opening and unlinking right now, so what is seconds old stays. */
async function removeStaleFiles(directory: string, now: number): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (!name.startsWith(filePrefix)) continue;
    const path = join(directory, name);
    try {
      const { mtimeMs } = await stat(path);
      if (now - mtimeMs > 5000) await unlink(path);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    throw new Error(`spool.dir: the folder ${directory} cannot be used: ${systemError(error)}`, {
      cause: error,
    });
  }
}
