// A connection to a Redis server by ioredis, which is loaded only where there is to be one. When to connect, for how long to wait
// and what to do without it is decided in `shared-cache.ts`: ioredis neither connects again nor queues anything.
import type { Redis, RedisOptions } from "ioredis";
import type { ServerPlace } from "../settings/server-url.ts";
import type { CacheConnection, Stored } from "./shared-cache.ts";

/** Loads ioredis ahead of the first connection, which else stops everything for that time; whether it is there shows then. */
export async function loadRedis(): Promise<void> {
  await import("ioredis").catch(() => undefined);
}

/** Gives one new connection at each call. */
export function createRedisConnect(place: ServerPlace): () => CacheConnection {
  return () => openConnection(optionsOf(place));
}

type Options = RedisOptions & { readonly replyMapping: "legacy" };

function optionsOf({ at, database, username, password }: ServerPlace): Options {
  return {
    ...("path" in at ? { path: at.path } : { host: at.host, port: at.port, ...(at.isTls && { tls: {} }) }),
    db: database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    lazyConnect: true,
    // What we say is the same in both protocols, and the older one begins with less.
    protocol: 2,
    replyMapping: "legacy",
    disableClientInfo: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
    disconnectTimeout: 100,
  };
}

function openConnection(options: Options): CacheConnection {
  const gone = Promise.withResolvers<string>();
  let redis: Redis | undefined;
  let trouble: string | undefined;
  let closed = false;

  async function open(): Promise<void> {
    const { Redis } = await import("ioredis");
    if (closed) throw new Error("closed");
    redis = new Redis(options);
    redis.on("error", (error: Error & { readonly code?: string }) => {
      trouble = error.message || error.code || error.name;
    });
    redis.on("end", () => gone.resolve(trouble ?? "the connection was closed"));
    try {
      await redis.connect();
    } catch (error) {
      throw trouble === undefined ? error : new Error(trouble, { cause: error });
    }
    // The database could not be had, and another one is none of ours.
    if (trouble !== undefined) throw new Error(trouble);
  }

  function inUse(): Redis {
    if (redis === undefined) throw new Error("not connected");
    return redis;
  }

  return {
    ready: open(),
    gone: gone.promise,
    async read(key, maxBytes) {
      // The whole of what is too long would have to fit into memory first. The time left is the server's word: clocks differ.
      const replies = await inUse().pipeline().getrangeBuffer(key, 0, maxBytes).pttl(key).exec();
      const [[octetsError, octets], [ttlError, ttlMs]] = pairOf(replies);
      if (octetsError?.message.startsWith("WRONGTYPE")) return { octets: new Uint8Array(), ttlMs: 0 };
      if (octetsError !== null || ttlError !== null) throw octetsError ?? ttlError;
      return stored(octets, ttlMs);
    },
    async write(key, octets, ttlMs) {
      await inUse().set(key, Buffer.from(octets), "PX", ttlMs);
    },
    close() {
      closed = true;
      redis?.disconnect();
    },
  };
}

type Result = readonly [error: Error | null, result: unknown];

function pairOf(replies: readonly Result[] | null): readonly [Result, Result] {
  const [first, second] = replies ?? [];
  if (first === undefined || second === undefined) throw new Error("no reply");
  return [first, second];
}

function stored(octets: unknown, ttlMs: unknown): Stored | undefined {
  if (!(octets instanceof Uint8Array) || typeof ttlMs !== "number") throw new Error("a reply of another kind");
  // PTTL says -2 where the key is gone, -1 where it has no end.
  return octets.length === 0 || ttlMs === -2 ? undefined : { octets, ttlMs: Math.max(0, ttlMs) };
}
