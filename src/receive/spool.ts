// One body in a nameless file: written in blocks while it arrives, read as often as needed, gone when closed.
import type { FileHandle } from "node:fs/promises";
import { chunksHashedAtOnce } from "../dkim/engine.ts";
import type { SpooledBody } from "../mail/message.ts";
import { blockBytes, type MessageStore } from "./store.ts";

/** Blocks under way to disk or digester before the sender has to wait: 1 MiB. */
export const blocksUnderWay = 2 * chunksHashedAtOnce;

export class Spool {
  readonly #store: MessageStore;
  readonly #file: Promise<FileHandle>;
  readonly #free: Buffer[] = [];
  #ownedBytes = 0;
  #sizeBytes = 0;
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
    const position = this.#sizeBytes;
    this.#sizeBytes += octets.length;
    this.#underWay += 1;
    return this.#write(octets, position, hashed, block);
  }

  async #write(
    octets: Buffer,
    position: number,
    hashed: Promise<void> | undefined,
    block: Buffer | undefined,
  ): Promise<void> {
    try {
      const file = await this.#file;
      let done = 0;
      while (done < octets.length && this.#error === undefined && !this.#closed) {
        const { bytesWritten } = await file.write(octets, done, octets.length - done, position + done);
        done += bytesWritten;
      }
      await hashed;
    } catch (error) {
      this.#fail(error);
    }
    this.#underWay -= 1;
    if (block !== undefined) {
      if (this.#closed) this.#store.returnBlock(block);
      else this.#free.push(block);
    }
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

  /** Reads one block ahead, so that disk and reader work at the same time. */
  async *#read(): AsyncGenerator<Uint8Array> {
    const file = await this.#file;
    const size = this.#sizeBytes;
    const readAt = (block: Buffer, position: number) =>
      file.read(block, 0, Math.min(blockBytes, size - position), position);
    let current = this.#store.takeBlock();
    let ahead = this.#store.takeBlock();
    let reading = size > 0 ? readAt(current, 0) : undefined;
    try {
      for (let position = 0; reading !== undefined; ) {
        const { bytesRead } = await reading;
        if (bytesRead === 0) throw new Error("spool file is shorter than what was written to it");
        position += bytesRead;
        reading = position < size ? readAt(ahead, position) : undefined;
        // A rejection is met at the next turn of the loop, or by `finally`.
        reading?.catch(() => undefined);
        yield current.subarray(0, bytesRead);
        [current, ahead] = [ahead, current];
      }
    } finally {
      // The kernel may still be writing into the block ahead; nobody else may have it before that is over.
      await reading?.catch(() => undefined);
      this.#store.returnBlock(current);
      this.#store.returnBlock(ahead);
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
