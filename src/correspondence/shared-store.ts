// Times in the cache that filters share (Redis).
import type { SentStore } from "./sent-mail.ts";

/** As the shared cache has it. */
export interface SharedTimes {
  get<T>(key: string, read: (octets: Uint8Array, ttlMs: number) => T | undefined): Promise<T | undefined> | undefined;
  set(key: string, octets: Uint8Array, ttlMs: number): void;
}

export function createSharedStore(shared: SharedTimes, keepMs: number): SentStore {
  return {
    note(keys, at) {
      for (const key of keys) shared.set(`sent:${key}`, Buffer.from(String(at)), keepMs);
    },
    when: (keys) => Promise.all(keys.map((key) => shared.get(`sent:${key}`, readTime))),
  };
}

function readTime(octets: Uint8Array): number | undefined {
  const text = Buffer.from(octets).toString("latin1");
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
