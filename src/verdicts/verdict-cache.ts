// Verdicts of scanners, kept for a time and bounded in count and octets; equal mails at once ask the scanners once. With a cache
// that filters share, what one knows all know; without it, or while it is away, nothing is different but that.
import { LRUCache } from "lru-cache";
import type { SpamFound, VirusFound } from "../mail/content.ts";
import type { VerdictSubject } from "../mail/verdict-subject.ts";
import { decodeSpam, decodeVirus, encodeSpam, encodeVirus } from "./kept-verdict.ts";
import { sharedVerdictKey, type VerdictKeyMode, type VerdictKind, verdictKey } from "./verdict-key.ts";

/** How long verdicts are kept, in milliseconds; 0: not at all. */
export interface VerdictTtls {
  readonly ham: number;
  readonly spam: number;
  readonly clean: number;
  readonly infected: number;
}

export interface VerdictCacheOptions {
  readonly ttls: VerdictTtls;
  readonly key: VerdictKeyMode;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  /** What other filters know. */
  readonly shared?: SharedOctets;
  /** Called for each question, for metrics. */
  readonly asked?: (kind: VerdictKind, result: VerdictResult) => void;
  /** A monotonic clock, in milliseconds; that of performance.now(). */
  readonly now?: () => number;
}

/** Octets under a key, for a time; as the shared cache has them. */
export interface SharedOctets {
  /** Undefined at once where the cache is away; never rejects, and never waits for long. */
  get<T>(key: string, read: (octets: Uint8Array, ttlMs: number) => T | undefined): Promise<T | undefined> | undefined;
  set(key: string, octets: Uint8Array, ttlMs: number): void;
}

/**
 * Metric labels. "hit": known here. "shared": known to another filter. "joined": an equal mail was being looked at. "miss": the
 * scanners were asked. "unlike": the mail is like no other, the scanners were asked.
 */
const verdictResults = ["hit", "shared", "joined", "miss", "unlike"] as const;
export type VerdictResult = (typeof verdictResults)[number];

export interface VerdictCache {
  remembers(kind: VerdictKind): boolean;
  /** `deadlineMs`: on the clock of `now`; nobody waits longer for an equal mail. Rejects where `ask` does. */
  virus(subject: VerdictSubject, deadlineMs: number, ask: () => Promise<VirusFound>): VirusFound | Promise<VirusFound>;
  spam(subject: VerdictSubject, deadlineMs: number, ask: () => Promise<AskedSpam>): SpamFound | Promise<SpamFound>;
  stats(): VerdictStats;
  /** Forgets all that is known here. */
  clear(): void;
}

export interface AskedSpam {
  readonly found: SpamFound;
  /** "unsure" is not kept. */
  readonly verdict: "ham" | "spam" | "unsure";
}

export interface VerdictStats {
  readonly entries: number;
  readonly bytes: number;
  /** Verdicts that had to make room for others, since the start. */
  readonly evictions: number;
}

/** What one kind of verdict needs. */
interface Kind<T, Asked> {
  readonly name: VerdictKind;
  found(asked: Asked): T;
  /** 0: not kept, and no equal mail gets it. */
  ttlMs(asked: Asked): number;
  /** No scanner said anything. */
  isFailure(asked: Asked): boolean;
  /** Of what has a time to be kept. */
  encode(asked: Asked): Uint8Array;
  decode(octets: Uint8Array): Asked | undefined;
  late(): T;
}

/** Of a failure that took so long equal mails that wait get the same. */
const slowFailureMs = 2000;

/** What an entry costs beside its text: the objects, the list's links. */
const overheadBytes = 500;

/** Of its text as objects, and as the header fields that are made of a score and kept with it. */
const textFactor = 4;

export function createVerdictCache(options: VerdictCacheOptions): VerdictCache {
  const { ttls, key, maxEntries = 20_000, maxBytes = 8 * 1024 * 1024, shared, asked: tell } = options;
  const now = options.now ?? (() => performance.now());
  const isKept = { virus: ttls.clean > 0 || ttls.infected > 0, spam: ttls.ham > 0 || ttls.spam > 0 };
  let evictions = 0;
  const entries = new LRUCache<string, VirusFound | SpamFound>({
    max: maxEntries,
    maxSize: maxBytes,
    ttlResolution: 0,
    perf: { now },
    dispose(_found, _key, reason) {
      if (reason === "evict") evictions += 1;
    },
  });
  /** Questions that are being asked, by key. */
  const pending = {
    virus: new Map<string, Promise<VirusFound | undefined>>(),
    spam: new Map<string, Promise<SpamFound | undefined>>(),
  };

  const virusKind: Kind<VirusFound, VirusFound> = {
    name: "virus",
    found: (found) => found,
    ttlMs({ names, answers, failed }) {
      if (names.length > 0) return ttls.infected;
      // Clean by the word of some scanners only: the others are asked when they are back.
      return failed || answers.some(({ result }) => result === "failed") ? 0 : ttls.clean;
    },
    isFailure: ({ failed }) => failed,
    encode: encodeVirus,
    decode: decodeVirus,
    late: () => ({ names: [], answers: [], failed: true, cached: false }),
  };
  const spamKind: Kind<SpamFound, AskedSpam> = {
    name: "spam",
    found: ({ found }) => found,
    ttlMs: ({ verdict }) => (verdict === "unsure" ? 0 : ttls[verdict]),
    isFailure: ({ found }) => found.score === undefined,
    encode: ({ found, verdict }) => encodeSpam({ found, verdict: verdict === "spam" ? "spam" : "ham" }),
    decode: decodeSpam,
    late: () => ({ tests: [], scanner: "", failure: "busy: an equal mail was looked at for too long", cached: false }),
  };

  function keep(key: string, found: VirusFound | SpamFound, ttlMs: number): void {
    // Read again: what a scanner said is pieces of its answer, and would keep all of that.
    const text = JSON.stringify({ ...found, cached: true });
    const size = overheadBytes + key.length + textFactor * text.length;
    entries.set(key, JSON.parse(text), { ttl: ttlMs, size });
  }

  /** A remembered verdict is there at once. */
  function look<T extends VirusFound | SpamFound, Asked>(
    kind: Kind<T, Asked>,
    waiting: Map<string, Promise<T | undefined>>,
    known: (found: VirusFound | SpamFound | undefined) => T | undefined,
    subject: VerdictSubject,
    deadlineMs: number,
    ask: () => Promise<Asked>,
  ): T | Promise<T> {
    const at = verdictKey(key, kind.name, subject);
    const hit = at === undefined ? undefined : known(entries.get(at));
    if (hit === undefined) return lookFurther(kind, waiting, at, deadlineMs, ask);
    tell?.(kind.name, "hit");
    return hit;
  }

  async function lookFurther<T extends VirusFound | SpamFound, Asked>(
    kind: Kind<T, Asked>,
    waiting: Map<string, Promise<T | undefined>>,
    at: string | undefined,
    deadlineMs: number,
    ask: () => Promise<Asked>,
  ): Promise<T> {
    if (at === undefined) {
      tell?.(kind.name, "unlike");
      return kind.found(await ask());
    }
    const other = waiting.get(at);
    if (other !== undefined) {
      const found = await before(deadlineMs, other, kind.late);
      if (found !== undefined) {
        tell?.(kind.name, "joined");
        return found;
      }
      // What the other mail got is not kept, so it is not for this one either.
      tell?.(kind.name, "miss");
      return kind.found(await ask());
    }
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    waiting.set(at, promise);
    const startMs = now();
    let passedOn: T | undefined;
    try {
      const remembered = await shared?.get(sharedVerdictKey(kind.name, at), (octets, ttlMs) =>
        fromShared(kind, at, octets, ttlMs),
      );
      if (remembered !== undefined) {
        tell?.(kind.name, "shared");
        passedOn = remembered;
        return remembered;
      }
      tell?.(kind.name, "miss");
      const asked = await ask();
      const found = kind.found(asked);
      const ttlMs = kind.ttlMs(asked);
      if (ttlMs > 0) {
        keep(at, found, ttlMs);
        shared?.set(sharedVerdictKey(kind.name, at), kind.encode(asked), ttlMs);
      }
      if (ttlMs > 0) passedOn = { ...found, cached: true };
      // Asking again would be as long for nothing. After a failure that was there at once others may have better luck.
      else if (kind.isFailure(asked) && now() - startMs >= slowFailureMs) passedOn = found;
      return found;
    } finally {
      waiting.delete(at);
      resolve(passedOn);
    }
  }

  function fromShared<T extends VirusFound | SpamFound, Asked>(
    kind: Kind<T, Asked>,
    at: string,
    octets: Uint8Array,
    ttlMs: number,
  ): T | undefined {
    const asked = kind.decode(octets);
    // No longer than one of our own: another filter may keep such verdicts where this one must not.
    const keepMs = asked === undefined ? 0 : Math.min(ttlMs, kind.ttlMs(asked));
    if (asked === undefined || keepMs <= 0) return undefined;
    const found = kind.found(asked);
    keep(at, found, keepMs);
    return found;
  }

  async function before<T>(deadlineMs: number, promise: Promise<T>, late: () => T): Promise<T> {
    const { promise: over, resolve } = Promise.withResolvers<T>();
    const timer = setTimeout(() => resolve(late()), Math.max(0, deadlineMs - now()));
    try {
      return await Promise.race([promise, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    remembers: (kind) => isKept[kind],
    virus: (subject, deadlineMs, ask) => look(virusKind, pending.virus, asVirus, subject, deadlineMs, ask),
    spam: (subject, deadlineMs, ask) => look(spamKind, pending.spam, asSpam, subject, deadlineMs, ask),
    stats: () => ({ entries: entries.size, bytes: entries.calculatedSize, evictions }),
    clear: () => entries.clear(),
  };
}

// Keys of one kind hold findings of that kind.
function asVirus(found: VirusFound | SpamFound | undefined): VirusFound | undefined {
  return found !== undefined && "names" in found ? found : undefined;
}

function asSpam(found: VirusFound | SpamFound | undefined): SpamFound | undefined {
  return found !== undefined && "tests" in found ? found : undefined;
}
