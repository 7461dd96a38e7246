// One body in a nameless file: written in blocks while it arrives, read as often as needed, gone when closed.
import type { FileHandle } from "node:fs/promises";
import { chunksHashedAtOnce } from "../dkim/engine.ts";
import type { SpooledBody } from "../mail/message.ts";
import { blockBytes, type MessageStore } from "./store.ts";

/** Blocks under way to disk or digester before the sender has to wait: 1 MiB. The digester waits for half as many. */
export const blocksUnderWay = 2 * chunksHashedAtOnce;

/** For each mail that is read twice as much memory is taken: one lot is read, the other handed on. */
const blocksReadAtOnce = 4;

interface Piece {
  readonly octets: Buffer;
  readonly hashed: Promise<void> | undefined;
  readonly block: Buffer | undefined;
  done(): void;
}

export class Spool {
  readonly #store: MessageStore;
  readonly #file: Promise<FileHandle>;
  readonly #free: Buffer[] = [];
  #ownedBytes = 0;
  #sizeBytes = 0;
  #writtenBytes = 0;
  /** Pieces for the next write, in their order. */
  readonly #waiting: Piece[] = [];
  #writing = false;
  #underWay = 0;
  #error: unknown;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(store: MessageStore) {
    this.#store = store;
    this.#file = store.openSpool();
    this.#file.catch((error) => this.#fail(error));
  }

  /** Set once the disk refused something: the message cannot be kept. */
  get error(): unknown {
    return this.#error;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** A block to fill: one that is done with, or a new one. */
  takeBlock(): Buffer {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#store.charge(blockBytes);
    this.#ownedBytes += blockBytes;
    return this.#store.takeBlock();
  }

  /**
   * Appends the octets; resolves when their memory is no longer needed, also after trouble. `block` is that memory
   * where it came from `takeBlock`: it is used again once the octets are on disk and `hashed` resolved.
   */
  append(octets: Buffer, hashed: Promise<void> | undefined, block: Buffer | undefined): Promise<void> {
    this.#sizeBytes += octets.length;
    this.#underWay += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ octets, hashed, block, done: resolve });
    if (!this.#writing) this.#write();
    return promise;
  }

  /** What came while one write was under way goes in the next: each costs a turn of a thread, whatever its size. */
  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const pieces = this.#waiting.splice(0, blocksUnderWay);
      try {
        await this.#writeFully(pieces.map(({ octets }) => octets));
      } catch (error) {
        this.#fail(error);
      }
      for (const piece of pieces) this.#finish(piece);
    }
    this.#writing = false;
  }

  async #writeFully(octets: readonly Buffer[]): Promise<void> {
    const file = await this.#file;
    let left = octets;
    while (left.length > 0 && this.#error === undefined && !this.#closed) {
      const { bytesWritten } = await file.writev(left, this.#writtenBytes);
      this.#writtenBytes += bytesWritten;
      left = after(left, bytesWritten);
    }
  }

  async #finish({ hashed, block, done }: Piece): Promise<void> {
    try {
      await hashed;
    } catch (error) {
      this.#fail(error);
    }
    this.#underWay -= 1;
    if (block !== undefined) {
      if (this.#closed) this.#store.returnBlock(block);
      else this.#free.push(block);
    }
    done();
    this.#stir();
  }

  /** Resolves when few enough blocks are under way for more to come; undefined when that is so now. */
  pressure(): Promise<void> | undefined {
    return this.#settle(blocksUnderWay - 1);
  }

  /** Resolves when everything is on disk, or when the disk refused. */
  written(): Promise<void> | undefined {
    return this.#settle(0);
  }

  /** The body as it lies in the file, readable until `close`. */
  body(): SpooledBody {
    return { kind: "spool", sizeBytes: this.#sizeBytes, read: () => this.#read() };
  }

  /** Ends the file and gives the memory back; reads still going on fail. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#store.giveBack(this.#ownedBytes);
    for (const block of this.#free) this.#store.returnBlock(block);
    this.#free.length = 0;
    const file = await this.#file.catch(() => undefined);
    if (file !== undefined) await this.#store.closeSpool(file);
  }

  /** Reads some blocks at a time, and the next ones ahead, so that disk and reader work at the same time. */
  async *#read(): AsyncGenerator<Uint8Array> {
    const file = await this.#file;
    const size = this.#sizeBytes;
    const takeBlocks = () =>
      Array.from({ length: Math.min(blocksReadAtOnce, Math.ceil(size / blockBytes)) }, () => this.#store.takeBlock());
    let current = takeBlocks();
    let ahead = takeBlocks();
    let reading = size > 0 ? file.readv(current, 0) : undefined;
    try {
      for (let position = 0; reading !== undefined; ) {
        const { bytesRead } = await reading;
        if (bytesRead === 0) throw new Error("spool file is shorter than what was written to it");
        position += bytesRead;
        reading = position < size ? file.readv(ahead, position) : undefined;
        // A rejection is met at the next turn of the loop, or by `finally`.
        reading?.catch(() => undefined);
        for (const [index, block] of current.entries()) {
          const octets = bytesRead - index * blockBytes;
          if (octets > 0) yield block.subarray(0, octets);
        }
        [current, ahead] = [ahead, current];
      }
    } finally {
      // The kernel may still be writing into the blocks ahead; nobody else may have them before that is over.
      await reading?.catch(() => undefined);
      for (const block of [...current, ...ahead]) this.#store.returnBlock(block);
    }
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#stir();
  }

  #settle(most: number): Promise<void> | undefined {
    if (this.#underWay <= most || this.#error !== undefined) return undefined;
    return new Promise((resolve) => {
      this.#wake = () => {
        if (this.#underWay > most && this.#error === undefined) return;
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #stir(): void {
    this.#wake?.();
  }
}

/** What is left of the pieces after their first octets. */
function after(pieces: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skipped = 0;
  return pieces.flatMap((piece) => {
    const from = Math.min(piece.length, Math.max(0, bytes - skipped));
    skipped += piece.length;
    return from === piece.length ? [] : [piece.subarray(from)];
  });
}
