// What one mail may ask of the DNS, all its checks together: a mail that names many domains must not keep us, or the
// servers it names, busy for long.
import type { Answer, RecordType, Resolve } from "../rr/answer.ts";

export interface DnsBudget {
  /** Questions, those the cache answers included. */
  readonly lookups: number;
  /** From the first question on. */
  readonly timeMs: number;
  /** What one question takes at most; only those that could outlast `timeMs` are watched. */
  readonly lookupMs: number;
}

const spent = { status: "trouble", trouble: "refused" } as const;
const late = { status: "trouble", trouble: "timeout" } as const;

/** `resolve` for one mail: beyond its budget the answer is trouble, at once. `now` is monotonic, in milliseconds. */
export function withinBudget(
  resolve: Resolve,
  { lookups, timeMs, lookupMs }: DnsBudget,
  now: () => number = () => performance.now(),
): Resolve {
  let left = lookups;
  let deadline: number | undefined;
  return (name, type) => {
    if (left === 0) return Promise.resolve(spent);
    left -= 1;
    deadline ??= now() + timeMs;
    const remainingMs = deadline - now();
    if (remainingMs <= 0) return Promise.resolve(late);
    const answer = resolve(name, type);
    return remainingMs >= lookupMs ? answer : inTime(answer, remainingMs);
  };
}

function inTime<T extends RecordType>(answer: Promise<Answer<T>>, remainingMs: number): Promise<Answer<T>> {
  return new Promise((settle) => {
    const timer = setTimeout(settle, remainingMs, late);
    void answer.then((found) => {
      clearTimeout(timer);
      settle(found);
    });
  });
}
