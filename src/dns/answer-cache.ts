// Answers kept by their TTL, bounded in count and octets; trouble is never kept (a retry may find the DNS well).
import { LRUCache } from "lru-cache";
import type { Answer, RecordType } from "../rr/answer.ts";

export interface CacheLimits {
  /** 0, here or in octets: nothing is kept. */
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Answers are kept for their TTL, but no longer than this. */
  readonly maxTtlSeconds: number;
  readonly maxNegativeTtlSeconds: number;
}

/** An answer beside the type it is for, so that a typed question gives a typed answer. */
interface Entry {
  readonly type: RecordType;
  readonly answer: Answer;
}

function isFor<T extends RecordType>(entry: Entry, type: T): entry is { type: T; answer: Answer<T> } {
  return entry.type === type;
}

export interface AnswerCache {
  get<T extends RecordType>(name: string, type: T): Answer<T> | undefined;
  /** Keeps the answer and gives back what was kept: its TTL is the one that will be applied. */
  keep<T extends RecordType>(name: string, type: T, answer: Answer<T>): Answer<T>;
  readonly size: number;
  readonly sizeBytes: number;
  /** Answers that had to make room for others, since the start. */
  readonly evictions: number;
  clear(): void;
}

/** What an entry costs beside its text: the objects, the key, the list's links. */
const overheadBytes = 300;

/** `now` is monotonic, in milliseconds: a jump of the wall clock must not empty or freeze the cache. */
export function createAnswerCache(limits: CacheLimits, now: () => number): AnswerCache {
  let evictions = 0;
  const keepsNone = limits.maxEntries === 0 || limits.maxBytes === 0;
  const entries = new LRUCache<string, Entry>({
    // 0 would be no limit to it.
    max: Math.max(1, limits.maxEntries),
    maxSize: Math.max(1, limits.maxBytes),
    ttlResolution: 0,
    perf: { now },
    dispose(_entry, _key, reason) {
      if (reason === "evict") evictions += 1;
    },
  });
  return {
    get(name, type) {
      const entry = entries.get(cacheKey(name, type));
      return entry !== undefined && isFor(entry, type) ? entry.answer : undefined;
    },
    keep(name, type, answer) {
      if (answer.status === "trouble") return answer;
      const cap = answer.status === "found" ? limits.maxTtlSeconds : limits.maxNegativeTtlSeconds;
      const kept = { ...answer, ttlSeconds: Math.max(0, Math.min(answer.ttlSeconds, cap)) };
      if (kept.ttlSeconds === 0 || keepsNone) return kept;
      const key = cacheKey(name, type);
      entries.set(key, { type, answer: kept }, { ttl: kept.ttlSeconds * 1000, size: sizeBytes(key, kept) });
      return kept;
    },
    get size() {
      return entries.size;
    },
    get sizeBytes() {
      return entries.calculatedSize;
    },
    get evictions() {
      return evictions;
    },
    clear() {
      entries.clear();
    },
  };
}

function cacheKey(name: string, type: RecordType): string {
  // A space is in no name that is asked for, so no two questions share a key.
  return `${type} ${name}`;
}

function sizeBytes(key: string, answer: Answer): number {
  let size = overheadBytes + key.length;
  if (answer.status !== "found") return size;
  for (const record of answer.records) {
    if (typeof record === "string") size += record.length + 16;
    else if ("exchange" in record) size += record.exchange.length + 48;
    else for (const text of record) size += text.length + 16;
  }
  return size;
}
