// Collects one message while it arrives: the header section in one piece, the body in shared memory or a spool file,
// hashed on the way when it is large. Knows nothing of SMTP.
import type { BodyDigester, DkimEngine } from "../dkim/engine.ts";
import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";
import { type HeaderLimits, splitHeader } from "../mail/header.ts";
import type { Body, Message, MessageHead } from "../mail/message.ts";
import { blocksUnderWay, Spool } from "./spool.ts";
import { blockBytes, firstBlockBytes, type MessageStore } from "./store.ts";

/** Why a message was not kept: over a size limit, no room for it, a bare CR or LF, trouble of our own, client gone. */
export type IntakeFailure = "size" | "header-size" | "storage" | "bare-newline" | "trouble" | "gone";

export interface IntakeOptions {
  /** Octets of the whole message; 0 for no limit. */
  readonly sizeLimit: number;
  readonly maxHeaderBytes: number;
  readonly headerLimits: HeaderLimits;
  /** Called once, when the header section is in. What it returns says which digests a body over one block needs. */
  readonly onHead: (head: MessageHead) => () => readonly BodyDigestSpec[];
  readonly startDigest: DkimEngine["startDigest"];
}

export interface Received {
  readonly message: Message;
  readonly digests?: Promise<readonly BodyDigest[]>;
}

interface Piece {
  readonly chunk: Buffer;
  /** The memory under it, where it goes back to the store. */
  readonly block: Buffer | undefined;
  hashed: Promise<void> | undefined;
}

export class Intake {
  /** Octets of the message so far, dot-stuffing removed, those that were thrown away included. */
  sizeBytes = 0;
  failure: IntakeFailure | undefined;
  /** What was thrown, where the failure is "storage" or "trouble". */
  error: unknown;

  readonly #store: MessageStore;
  readonly #options: IntakeOptions;
  /** The block being filled: octets up to `#fill` are in, those from `#start` on belong to the body. */
  #block: Buffer;
  #start = 0;
  #fill = 0;
  /** The header section lies in it: it is given back with the message. */
  #headBlock: Buffer;
  /** The block being filled came from the store for the body alone. */
  #pooled = false;
  #head: MessageHead | undefined;
  #separator: "\r\n" | "" = "";
  #askSpecs: (() => readonly BodyDigestSpec[]) | undefined;
  /** Full pieces of the body; empty once it goes to a file. */
  #pieces: Piece[] = [];
  #bodyBytes = 0;
  /** What the budget knows of, without the spool's own blocks; of that, the block the header section lies in. */
  #reservedBytes: number;
  #headBytes: number;
  #spool: Spool | undefined;
  #digester: BodyDigester | undefined;
  #hashing = 0;
  #wake: (() => void) | undefined;
  #released = false;

  constructor(store: MessageStore, options: IntakeOptions) {
    this.#store = store;
    this.#options = options;
    this.#block = this.#headBlock = store.takeFirstBlock();
    this.#reservedBytes = this.#headBytes = firstBlockBytes;
    store.charge(firstBlockBytes);
  }

  /** Copies the next octets. After a failure they are counted and dropped. */
  take(octets: Buffer, from: number, to: number): void {
    this.sizeBytes += to - from;
    if (this.failure !== undefined) return;
    const { sizeLimit } = this.#options;
    if (sizeLimit > 0 && this.sizeBytes > sizeLimit) this.fail("size");
    else if (this.#head === undefined) this.#takeHead(octets, from, to);
    else this.#takeBody(octets, from, to);
  }

  /** Resolves when more octets may come; undefined when they may at once. */
  pressure(): Promise<void> | undefined {
    if (this.failure !== undefined) return undefined;
    if (this.#spool !== undefined) return this.#spool.pressure();
    if (this.#hashing < blocksUnderWay) return undefined;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The message is complete. Undefined when there was a failure: then everything is given back already. */
  finish(): Received | undefined | Promise<Received | undefined> {
    if (this.failure !== undefined) return undefined;
    if (this.#head === undefined) this.#headIsIn(this.#fill, this.#fill, "");
    if (this.#fill > this.#start) this.#completeBlock();
    if (this.failure !== undefined) return undefined;
    const { digester, spool } = { digester: this.#digester, spool: this.#spool };
    const digests = digester?.digest();
    // The flow awaits them when it gets that far; until then nothing listens to a rejection.
    digests?.catch(() => undefined);
    if (spool === undefined) return this.#received(this.#memoryBody(), digests);
    const written = spool.written();
    if (written === undefined) return this.#spooled(spool, digests);
    return written.then(() => this.#spooled(spool, digests));
  }

  /** Gives up the message; octets that still come are dropped. */
  fail(failure: IntakeFailure, error?: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = failure;
    this.error = error;
    this.#digester?.abort();
    this.#wake?.();
    this.release();
  }

  /** Nobody needs the message any more. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#store.giveBack(this.#reservedBytes);
    // A digester that was given up may still read a block somebody else has by now: nobody asks for its result.
    for (const { block } of this.#pieces) if (block !== undefined) this.#store.returnBlock(block);
    this.#pieces = [];
    this.#store.returnBlock(this.#headBlock);
    this.#spool?.close();
  }

  #takeHead(octets: Buffer, from: number, to: number): void {
    const before = this.#fill;
    const fill = before + to - from;
    if (fill > this.#block.length && !this.#growHead(fill)) return;
    octets.copy(this.#block, before, from, to);
    this.#fill = fill;
    const block = this.#block;
    // RFC 5322 section 2.1: the first empty line ends the header section; it may be the very first line.
    if (before < 2 && fill >= 2 && block[0] === 13 && block[1] === 10) {
      this.#headIsIn(0, 2, "\r\n");
      return;
    }
    // In what has come, and not in the block: that is up to twice as long, and would be searched for each piece.
    const start = Math.max(0, before - 3);
    const found = block.subarray(start, fill).indexOf("\r\n\r\n", 0, "latin1");
    if (found !== -1) this.#headIsIn(start + found + 2, start + found + 4, "\r\n");
    else if (fill > this.#options.maxHeaderBytes) this.fail("header-size");
  }

  /** The header section stays in one piece, so that it can be looked at and handed on as one view. */
  #growHead(atLeast: number): boolean {
    let bytes = this.#block.length * 2;
    while (bytes < atLeast) bytes *= 2;
    if (bytes > blockBytes && !this.#store.reserve(bytes)) {
      this.fail("storage");
      return false;
    }
    if (bytes <= blockBytes) this.#store.charge(bytes);
    this.#store.giveBack(this.#reservedBytes);
    this.#reservedBytes = this.#headBytes = bytes;
    const grown = this.#store.takeHeadBlock(bytes);
    this.#block.copy(grown, 0, 0, this.#fill);
    this.#store.returnBlock(this.#headBlock);
    this.#block = this.#headBlock = grown;
    return true;
  }

  #headIsIn(headerEnd: number, bodyStart: number, separator: "\r\n" | ""): void {
    const header = this.#block.subarray(0, headerEnd);
    const { fields, cut } = splitHeader(header, this.#options.headerLimits);
    this.#head = cut === undefined ? { header, fields } : { header, fields, cut };
    this.#separator = separator;
    this.#start = bodyStart;
    try {
      this.#askSpecs = this.#options.onHead(this.#head);
    } catch (error) {
      this.fail("trouble", error);
    }
  }

  #takeBody(octets: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#fill === this.#block.length && !this.#nextBlock()) return;
      const count = Math.min(to - at, this.#block.length - this.#fill);
      octets.copy(this.#block, this.#fill, at, at + count);
      this.#fill += count;
      at += count;
    }
  }

  #nextBlock(): boolean {
    if (this.#fill > this.#start) this.#completeBlock();
    if (this.#bodyBytes >= blockBytes) this.#startDigest();
    if (this.failure !== undefined) return false;
    if (this.#spool === undefined) {
      const most = this.#store.limits.bodyMemoryBytes;
      if (this.#bodyBytes + blockBytes <= most && this.#store.reserve(blockBytes)) {
        this.#reservedBytes += blockBytes;
        this.#block = this.#store.takeBlock();
        this.#start = this.#fill = 0;
        this.#pooled = true;
        return true;
      }
      this.#moveToSpool();
    }
    if (this.#spool === undefined) return false;
    this.#block = this.#spool.takeBlock();
    this.#start = this.#fill = 0;
    return true;
  }

  #completeBlock(): void {
    const chunk = this.#block.subarray(this.#start, this.#fill);
    this.#bodyBytes += chunk.length;
    const hashed = this.#digester === undefined ? undefined : this.#hash(this.#digester, chunk);
    if (this.#spool === undefined) {
      this.#pieces.push({ chunk, block: this.#pooled ? this.#block : undefined, hashed });
      return;
    }
    if (this.#spool.error !== undefined) this.fail("storage", this.#spool.error);
    else this.#spool.append(chunk, hashed, this.#block);
  }

  /** The first time it is called: asks what is to be hashed and begins with what is in. */
  #startDigest(): void {
    const askSpecs = this.#askSpecs;
    this.#askSpecs = undefined;
    if (askSpecs === undefined) return;
    try {
      const specs = askSpecs();
      if (specs.length === 0) return;
      this.#digester = this.#options.startDigest(specs);
      for (const piece of this.#pieces) piece.hashed = this.#hash(this.#digester, piece.chunk);
    } catch (error) {
      this.fail("trouble", error);
    }
  }

  #hash(digester: BodyDigester, chunk: Buffer): Promise<void> {
    this.#hashing += 1;
    return digester.update(chunk).then(() => {
      this.#hashing -= 1;
      if (this.#hashing < blocksUnderWay) {
        this.#wake?.();
        this.#wake = undefined;
      }
    });
  }

  #moveToSpool(): void {
    if (!this.#store.hasRoom()) {
      this.fail("storage");
      return;
    }
    // From here on blocks are used again, so what is to be hashed is hashed on the way.
    this.#startDigest();
    if (this.failure !== undefined) return;
    const spool = new Spool(this.#store);
    this.#spool = spool;
    const written = this.#pieces.map(({ chunk, block, hashed }) =>
      spool.append(chunk, hashed, undefined).then(() => {
        if (block !== undefined) this.#store.returnBlock(block);
      }),
    );
    this.#pieces = [];
    Promise.all(written).then(() => {
      if (this.#released) return;
      this.#store.giveBack(this.#reservedBytes - this.#headBytes);
      this.#reservedBytes = this.#headBytes;
    });
  }

  #memoryBody(): Body {
    return { kind: "memory", sizeBytes: this.#bodyBytes, chunks: this.#pieces.map(({ chunk }) => chunk) };
  }

  #spooled(spool: Spool, digests: Promise<readonly BodyDigest[]> | undefined): Received | undefined {
    if (spool.error === undefined) return this.#received(spool.body(), digests);
    this.fail("storage", spool.error);
    return undefined;
  }

  #received(body: Body, digests: Promise<readonly BodyDigest[]> | undefined): Received | undefined {
    if (this.#head === undefined) return undefined;
    const { header, fields, cut } = this.#head;
    const whole = { header, fields, separator: this.#separator, body };
    const message = cut === undefined ? whole : { ...whole, cut };
    return digests === undefined ? { message } : { message, digests };
  }
}
