// Looks in the background whether the DNS publishes our keys: each about once an hour, one that does not pass about
// every five minutes, never many at a time. Says so when that changes.
import type { Resolve } from "../rr/answer.ts";
import { askKey } from "../signing/ask-key.ts";
import type { KeyCheck } from "../signing/key-check.ts";
import type { SigningKey } from "../signing/keyring.ts";
import { recordName } from "../signing/record-text.ts";
import type { Declared } from "./declared.ts";

export interface KeyWatchNeeds {
  readonly declared: Pick<Declared, "keyPublished" | "keysChecked" | "keyCheckTime">;
  readonly resolve: Resolve;
  /** A key that passes no longer, or again. */
  tell(severity: "warning" | "notice", text: string): void;
  readonly random?: () => number;
  /** Monotonic, milliseconds. */
  readonly now?: () => number;
}

export interface KeyWatch {
  /** These are the keys from now on; what is known of those that stay is kept. */
  watch(keys: readonly SigningKey[]): void;
  /** Looks at what is due; called by a timer once started. */
  tick(): Promise<void>;
  start(): void;
  stop(): void;
}

const passingMs = 3_600_000;
const failingMs = 300_000;
/** The first look at all keys is spread over time, or we would greet the resolver with all of them at once. */
const firstRoundMs = 30_000;
const firstRoundMsPerKey = 500;
const tickMs = 1000;
const keysPerTick = 20;
/** Keys with a series of their own. */
const maxSeries = 500;

interface Watched {
  readonly key: SigningKey;
  readonly hasSeries: boolean;
  dueAt: number;
  result: KeyCheck["result"] | "unknown";
}

export function createKeyWatch(needs: KeyWatchNeeds): KeyWatch {
  const { declared, resolve, tell, random = Math.random, now = () => performance.now() } = needs;
  let watched: readonly Watched[] = [];
  let timer: NodeJS.Timeout | undefined;
  let ticking = false;
  /** The key that was looked at last. */
  let last = -1;
  const counts = { pass: 0, fail: 0, invalid: 0, unknown: 0 };

  function publish(): void {
    for (const [result, count] of Object.entries(counts)) declared.keysChecked.set({ result }, count);
  }

  async function look(entry: Watched): Promise<void> {
    const { key, hasSeries } = entry;
    const round = watched;
    const check = await askKey(key, resolve);
    // No answer says nothing about the key: what was known stays.
    const trouble = check.findings.some(({ fault }) => fault === "dns-trouble");
    const result = trouble ? entry.result : check.result;
    const period = result === "pass" && !trouble ? passingMs : failingMs;
    entry.dueAt = now() + period * (0.8 + 0.4 * random());
    if (watched !== round || trouble) return;
    const name = recordName(key);
    if (result === "pass" && entry.result !== "pass" && entry.result !== "unknown") {
      tell("notice", `key ${name} is published rightly again`);
    } else if (result !== "pass" && result !== entry.result) {
      tell("warning", `key ${name} does not pass: ${check.reason ?? check.findings[0]?.text ?? result}`);
    }
    counts[entry.result] -= 1;
    counts[result] += 1;
    entry.result = result;
    const { domain, selector } = key;
    if (hasSeries) declared.keyPublished.set({ domain, selector }, result === "pass" ? 1 : 0);
  }

  async function tick(): Promise<void> {
    if (ticking) return;
    ticking = true;
    try {
      const due: Watched[] = [];
      const nowMs = now();
      // On from where the last tick ended: when more is due than a tick takes, all get their turn.
      for (let looked = 0; looked < watched.length && due.length < keysPerTick; looked += 1) {
        last = (last + 1) % watched.length;
        const entry = watched[last];
        if (entry !== undefined && entry.dueAt <= nowMs) due.push(entry);
      }
      if (due.length === 0) return;
      await Promise.all(due.map(look));
      declared.keyCheckTime.set(Date.now() / 1000);
      publish();
    } finally {
      ticking = false;
    }
  }

  return {
    tick,
    watch(keys) {
      const known = new Map(watched.map((entry) => [identity(entry.key), entry.result]));
      const places = keys.filter(({ key, pattern, selector }) => key !== undefined && !pattern && selector !== "");
      const startedAt = now();
      const spreadMs = Math.min(firstRoundMs, places.length * firstRoundMsPerKey);
      // All are looked at again soon: the file of a key may hold another one now.
      watched = places.map((key, index) => ({
        key,
        hasSeries: index < maxSeries,
        dueAt: startedAt + spreadMs * random(),
        result: known.size === 0 ? "unknown" : (known.get(identity(key)) ?? "unknown"),
      }));
      last = -1;
      declared.keyPublished.reset();
      counts.pass = counts.fail = counts.invalid = counts.unknown = 0;
      for (const { key, hasSeries, result } of watched) {
        counts[result] += 1;
        const { domain, selector } = key;
        if (hasSeries && result !== "unknown")
          declared.keyPublished.set({ domain, selector }, result === "pass" ? 1 : 0);
      }
      publish();
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

/** The same key after a reload. */
function identity(key: SigningKey): string {
  return `${recordName(key)} ${key.source}`;
}
