// What several filters remember together: octets under a key, for a time. It may be away, be slow or hold anything at all,
// and is nothing that mail waits for: one failure, and it is left out until it proved itself again, in the background.
// How a server is spoken to is `redis.ts`; what the octets mean is their owners' business.
import { errorText } from "../mail/error-text.ts";

export interface Stored {
  readonly octets: Uint8Array;
  /** What is left of its time; 0 where the server would keep it without end. */
  readonly ttlMs: number;
}

/** One connection to a server. */
export interface CacheConnection {
  /** Settles when commands are taken; rejects when that will not be. */
  readonly ready: Promise<void>;
  /** Resolves to why, when it is gone; never rejects. */
  readonly gone: Promise<string>;
  /** Undefined where there is nothing; of more than `maxBytes` octets, one more than that. */
  read(key: string, maxBytes: number): Promise<Stored | undefined>;
  write(key: string, octets: Uint8Array, ttlMs: number): Promise<void>;
  close(): void;
}

export interface SharedCache {
  /** Connects, and stays connected from then on. */
  open(): void;
  /**
   * What `read` makes of the octets; undefined where they are not there, not to be had in time, or nothing that `read`
   * understands. Without a promise where the server is away. Never rejects.
   */
  get<T>(key: string, read: (octets: Uint8Array, ttlMs: number) => T | undefined): Promise<T | undefined> | undefined;
  /** Keeps the octets for so long, if the server will; nobody learns whether it did. */
  set(key: string, octets: Uint8Array, ttlMs: number): void;
  stats(): SharedCacheStats;
  close(): void;
}

export interface SharedCacheStats {
  readonly isConnected: boolean;
  readonly lookups: Readonly<Record<LookupResult, number>>;
  readonly writes: Readonly<Record<WriteResult, number>>;
}

/** `malformed`: something else than we write was there. `skipped`: the server was away, and not asked. */
export const lookupResults = ["hit", "miss", "malformed", "error", "skipped"] as const;
export type LookupResult = (typeof lookupResults)[number];
export const writeResults = ["written", "error"] as const;
export type WriteResult = (typeof writeResults)[number];

export interface SharedCacheNeeds {
  connect(): CacheConnection;
  /** The server, for the log. */
  readonly name: string;
  /** What all keys begin with. */
  readonly prefix: string;
  /** How long one command may take. */
  readonly timeoutMs: number;
  /** Called at a change of state only. */
  tell(severity: "notice" | "warning", text: string): void;
}

/** Connecting and the first command together; nobody waits for it. */
const connectMs = 5000;
const firstPauseMs = 200;
const maxPauseMs = 30_000;
/** A server that was well for so long is tried again soon. */
const settledMs = 60_000;
const maxUnderWay = 2000;
/** As much as the largest DNS message holds; also what one answer may cost us in memory. */
const maxValueBytes = 64 * 1024;

const failed = Symbol("failed");

/** `now` is monotonic, in milliseconds. */
export function createSharedCache(
  { connect, name, prefix, timeoutMs, tell }: SharedCacheNeeds,
  now: () => number = () => performance.now(),
): SharedCache {
  const lookups = { hit: 0, miss: 0, malformed: 0, error: 0, skipped: 0 };
  const writes = { written: 0, error: 0 };
  /** Commands without an answer yet, by what ends their wait. */
  const underWay = new Set<() => void>();
  let connection: CacheConnection | undefined;
  /** The connection, once it proved itself. */
  let proven: CacheConnection | undefined;
  let provenAt = 0;
  let pauseMs = firstPauseMs;
  let retry: NodeJS.Timeout | undefined;
  let isToldAway = false;
  let closed = false;

  async function open(): Promise<void> {
    const opened = connect();
    connection = opened;
    const late = setTimeout(() => away(opened, `no answer within ${connectMs / 1000} s`), connectMs);
    late.unref();
    try {
      await opened.ready;
      // A server that is loading, full, a replica or wants a password takes connections all the same.
      await opened.write(`${prefix}probe`, Buffer.from("signpost"), 1000);
    } catch (error) {
      away(opened, errorText(error));
      return;
    } finally {
      clearTimeout(late);
    }
    if (connection !== opened) return;
    proven = opened;
    provenAt = now();
    isToldAway = false;
    tell("notice", `redis: connected to ${name}`);
    away(opened, await opened.gone);
  }

  /** No more questions are sent, and those under way end without an answer; what another connection reports is out of date. */
  function away(lost: CacheConnection, reason: string): void {
    if (connection !== lost) return;
    if (proven === lost && now() - provenAt >= settledMs) pauseMs = firstPauseMs;
    drop();
    if (!isToldAway) tell("warning", `redis: going on without ${name} until it is back: ${reason}`);
    isToldAway = true;
    // Not all filters at the same moment.
    retry = setTimeout(open, pauseMs * (0.75 + Math.random() / 2));
    retry.unref();
    pauseMs = Math.min(2 * pauseMs, maxPauseMs);
  }

  function drop(): void {
    connection?.close();
    connection = undefined;
    proven = undefined;
    for (const giveUp of [...underWay]) giveUp();
  }

  function run<T>(asked: CacheConnection, command: Promise<T>): Promise<T | typeof failed> {
    return new Promise((resolve) => {
      const settle = (result: T | typeof failed): void => {
        clearTimeout(timer);
        underWay.delete(giveUp);
        resolve(result);
      };
      const giveUp = (): void => settle(failed);
      const timer = setTimeout(() => {
        // If this process was too busy to read in time, an answer that is there is taken first.
        setImmediate(() => {
          if (underWay.has(giveUp)) away(asked, `no answer within ${timeoutMs / 1000} s`);
        });
      }, timeoutMs);
      underWay.add(giveUp);
      command.then(settle, (error: unknown) => {
        giveUp();
        away(asked, errorText(error));
      });
    });
  }

  async function look<T>(
    asked: CacheConnection,
    key: string,
    read: (octets: Uint8Array, ttlMs: number) => T | undefined,
  ): Promise<T | undefined> {
    const found = await run(asked, asked.read(`${prefix}${key}`, maxValueBytes));
    if (found === failed) {
      lookups.error += 1;
      return undefined;
    }
    if (found === undefined) {
      lookups.miss += 1;
      return undefined;
    }
    const { octets, ttlMs } = found;
    const value = ttlMs > 0 && octets.length <= maxValueBytes ? read(octets, ttlMs) : undefined;
    lookups[value === undefined ? "malformed" : "hit"] += 1;
    return value;
  }

  return {
    open() {
      if (connection === undefined && retry === undefined && !closed) void open();
    },
    get(key, read) {
      if (proven !== undefined && underWay.size < maxUnderWay) return look(proven, key, read);
      lookups.skipped += 1;
      return undefined;
    },
    set(key, octets, ttlMs) {
      const whole = Math.floor(ttlMs);
      if (proven === undefined || underWay.size >= maxUnderWay || octets.length > maxValueBytes || whole < 1) return;
      void run(proven, proven.write(`${prefix}${key}`, octets, whole)).then((result) => {
        writes[result === failed ? "error" : "written"] += 1;
      });
    },
    stats: () => ({ isConnected: proven !== undefined, lookups: { ...lookups }, writes: { ...writes } }),
    close() {
      closed = true;
      clearTimeout(retry);
      drop();
    },
  };
}
