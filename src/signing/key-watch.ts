// Looks in the background whether the DNS publishes our keys: each about once an hour, one that does not pass about
// every five minutes, never many at a time. Says so when that changes.
import { statSync } from "node:fs";
import type { Resolve } from "../rr/answer.ts";
import { askKey } from "./ask-key.ts";
import type { Keyring } from "./keyring.ts";
import { recordName } from "./record-text.ts";
import type { SigningKey } from "./signing-key.ts";

/** Where the results are shown: one value per key, keys by result, and when a key was last looked at (epoch seconds). */
export interface KeyWatchGauges {
  /** When the file of a key was written, epoch seconds. */
  readonly keyFileTime: {
    set(labels: { readonly domain: string; readonly selector: string }, value: number): void;
    reset(): void;
  };
  readonly keyPublished: {
    set(labels: { readonly domain: string; readonly selector: string }, value: 0 | 1): void;
    reset(): void;
  };
  readonly keysChecked: { set(labels: { readonly result: string }, count: number): void };
  readonly keyCheckTime: { set(seconds: number): void };
}

export interface KeyWatchNeeds {
  readonly declared: KeyWatchGauges;
  readonly resolve: Resolve;
  /** A key that passes no longer, or again. */
  tell(severity: "warning" | "notice", text: string): void;
  /** When a file was written, epoch seconds; undefined where there is none. */
  readonly fileTime?: (file: string) => number | undefined;
  readonly random?: () => number;
  /** Monotonic, milliseconds. */
  readonly now?: () => number;
}

export interface KeyWatch {
  /** These are the keys from now on; what is known of those that stay is kept. */
  watch(keyring: Keyring): void;
  /** Looks at what is due; called by a timer once started. */
  tick(): Promise<void>;
  start(): void;
  stop(): void;
}

const passingMs = 3_600_000;
const failingMs = 300_000;
/** The first look at all keys is spread over this time, or the resolver would get all questions at once. */
const firstRoundMs = 30_000;
const firstRoundMsPerKey = 500;
const tickMs = 1000;
const keysPerTick = 20;
/** Keys with a series of their own. */
const maxSeries = 500;

const results = ["pass", "fail", "invalid", "unknown"] as const;
const unknown = results.indexOf("unknown");

/** What is known of each key, in columns: there may be a hundred thousand. */
interface Watched {
  readonly keyring: Keyring;
  /** Without those that cannot be had, or have no place of their own in the DNS. */
  readonly keys: readonly SigningKey[];
  readonly dueAt: Float64Array;
  /** Index in `results`. */
  readonly known: Uint8Array;
}

/** When a file was written last, epoch seconds; undefined for a key that stands in the configuration. */
function timeOfFile(file: string): number | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.mtimeMs / 1000 : undefined;
}

export function createKeyWatch(needs: KeyWatchNeeds): KeyWatch {
  const { declared, resolve, tell, fileTime = timeOfFile, random = Math.random, now = () => performance.now() } = needs;
  let watched: Watched | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ticking = false;
  /** The key that was looked at last. */
  let last = -1;

  function publish({ known }: Watched): void {
    const counts = results.map(() => 0);
    for (const result of known) counts[result] = (counts[result] ?? 0) + 1;
    for (const [index, result] of results.entries()) declared.keysChecked.set({ result }, counts[index] ?? 0);
  }

  function publishKey({ domain, selector, source }: SigningKey, result: number): void {
    const writtenAt = fileTime(source);
    if (writtenAt !== undefined) declared.keyFileTime.set({ domain, selector }, writtenAt);
    declared.keyPublished.set({ domain, selector }, results[result] === "pass" ? 1 : 0);
  }

  async function look(round: Watched, place: number): Promise<void> {
    const { keyring, keys, dueAt, known } = round;
    const key = keys[place];
    if (key === undefined) return;
    const before = known[place] ?? unknown;
    const check = await askKey(keyring, key, resolve);
    // No answer says nothing about the key: what was known stays.
    const trouble = check.findings.some(({ fault }) => fault === "dns-trouble");
    const result = trouble ? before : results.indexOf(check.result);
    const passes = results[result] === "pass";
    dueAt[place] = now() + (passes && !trouble ? passingMs : failingMs) * (0.8 + 0.4 * random());
    if (watched !== round || trouble) return;
    const name = recordName(key);
    if (passes && result !== before && before !== unknown) {
      tell("notice", `key ${name} is published rightly again`);
    } else if (!passes && result !== before) {
      tell("warning", `key ${name} does not pass: ${check.reason ?? check.findings[0]?.text ?? check.result}`);
    }
    known[place] = result;
    if (place < maxSeries) publishKey(key, result);
  }

  async function tick(): Promise<void> {
    if (ticking || watched === undefined) return;
    ticking = true;
    try {
      const round = watched;
      const { dueAt } = round;
      const due: number[] = [];
      const nowMs = now();
      // On from where the last tick ended: when more is due than a tick takes, all get their turn.
      for (let looked = 0; looked < dueAt.length && due.length < keysPerTick; looked += 1) {
        last = (last + 1) % dueAt.length;
        if ((dueAt[last] ?? 0) <= nowMs) due.push(last);
      }
      if (due.length === 0) return;
      await Promise.all(due.map((place) => look(round, place)));
      declared.keyCheckTime.set(Date.now() / 1000);
      publish(watched);
    } finally {
      ticking = false;
    }
  }

  /** What was found of keys before, by `identityOf`. */
  function knownSoFar(): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    for (const [place, key] of watched?.keys.entries() ?? []) {
      const result = watched?.known[place] ?? unknown;
      if (result !== unknown) found.set(identityOf(key), result);
    }
    return found;
  }

  return {
    tick,
    watch(keyring) {
      const before = knownSoFar();
      const keys = keyring.keys.filter(isWatched);
      const startedAt = now();
      const spreadMs = Math.min(firstRoundMs, keys.length * firstRoundMsPerKey);
      const next: Watched = {
        keyring,
        keys,
        // All are looked at again soon: the file of a key may hold another one now.
        dueAt: Float64Array.from(keys, () => startedAt + spreadMs * random()),
        known: Uint8Array.from(keys, (key) => (before.size === 0 ? unknown : (before.get(identityOf(key)) ?? unknown))),
      };
      watched = next;
      last = -1;
      declared.keyPublished.reset();
      declared.keyFileTime.reset();
      for (const [place, result] of next.known.subarray(0, maxSeries).entries()) {
        const key = keys[place];
        if (key !== undefined && result !== unknown) publishKey(key, result);
      }
      publish(next);
    },
    start() {
      timer ??= setInterval(() => void tick(), tickMs).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

function isWatched({ pattern, selector, trouble }: SigningKey): boolean {
  return pattern === undefined && selector !== "" && trouble === undefined;
}

/** The same for the same key after a reload. */
function identityOf(key: SigningKey): string {
  return `${recordName(key)} ${key.source}`;
}
