// How much work a synchronous call is, counted instead of timed: the same figure on any machine, however busy. Counted are
// the blocks of src/ that ran (V8's block coverage) and the octets and characters handed to built-in functions that walk
// through them. Not seen: what a regular expression does beyond one walk.
import { Session } from "node:inspector";

type Method = (this: unknown, ...args: unknown[]) => unknown;
/** What a call walked through, given what it was called on and with, and its result. */
type Cost = (on: unknown, args: readonly unknown[], result: unknown) => number;

const whole: Cost = (on) => lengthOf(on);
const made: Cost = (_on, _args, result) => lengthOf(result);
const given: Cost = (_on, args) => lengthOf(args[0]);

/** From where it starts to where it finds. */
const search: Cost = (on, args, result) => {
  const start = typeof args[1] === "number" ? args[1] : 0;
  return (typeof result === "number" && result >= 0 ? result : lengthOf(on)) - start;
};

const octets = Object.getPrototypeOf(Uint8Array.prototype);
const walks: readonly (readonly [object, readonly string[], Cost])[] = [
  [String.prototype, ["indexOf", "includes"], search],
  [String.prototype, ["lastIndexOf", "replace", "replaceAll", "split", "trim", "trimStart", "trimEnd"], whole],
  [String.prototype, ["toLowerCase", "toUpperCase", "normalize", "localeCompare"], whole],
  [octets, ["indexOf", "includes"], search],
  [octets, ["lastIndexOf", "fill", "copyWithin"], whole],
  [octets, ["set"], given],
  [octets, ["slice"], made],
  [Buffer.prototype, ["indexOf", "includes"], search],
  [Buffer.prototype, ["lastIndexOf", "equals", "compare"], whole],
  [Buffer.prototype, ["toString", "latin1Slice", "utf8Slice"], made],
  [Buffer.prototype, ["write", "latin1Write", "utf8Write"], given],
  [Buffer, ["from", "concat"], made],
  [Array.prototype, ["indexOf", "includes"], search],
  [Array.prototype, ["shift", "unshift", "splice", "sort", "toSorted"], whole],
  [Array.prototype, ["join", "concat", "slice"], made],
];

// From the start on: what V8 has compiled before, it counts by function and not by block.
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/**
 * The work of `run`, which is called twice; its result is let go. The larger count is the true one: V8 drops the counts of a
 * function that it compiles anew in the middle.
 */
export function countWork(run: () => unknown): number {
  return Math.max(countOnce(run), countOnce(run));
}

function countOnce(run: () => unknown): number {
  blocks();
  let walked = 0;
  const originals: (() => void)[] = [];
  const replace = (owner: object, name: string, counting: (original: Method) => Method): void => {
    const found = Object.getOwnPropertyDescriptor(owner, name);
    if (found === undefined) return;
    Object.defineProperty(owner, name, { ...found, value: counting(found.value) });
    originals.push(() => Object.defineProperty(owner, name, found));
  };
  for (const [owner, names, cost] of walks) {
    for (const name of names) {
      replace(
        owner,
        name,
        (original) =>
          function (...args) {
            const result = original.apply(this, args);
            walked += 1 + Math.max(0, cost(this, args, result));
            return result;
          },
      );
    }
  }
  // A match that fails has walked from where it began to the end; a sticky one looks at one place alone.
  replace(
    RegExp.prototype,
    "exec",
    (original) =>
      function (...args) {
        const start = this instanceof RegExp && (this.global || this.sticky) ? this.lastIndex : 0;
        const result = original.apply(this, args);
        const sticky = this instanceof RegExp && this.sticky;
        const end = Array.isArray(result) && "index" in result ? Number(result.index) + lengthOf(result[0]) : undefined;
        walked += 1 + (end ?? (sticky ? start : lengthOf(args[0]))) - start;
        return result;
      },
  );
  try {
    run();
  } finally {
    for (const restore of originals) restore();
  }
  return walked + blocks();
}

function lengthOf(value: unknown): number {
  return typeof value === "string" || value instanceof Uint8Array || Array.isArray(value) ? value.length : 0;
}

/** The blocks that ran since the last call. */
function blocks(): number {
  let count = 0;
  session.post("Profiler.takePreciseCoverage", (error, found) => {
    if (error !== null) throw error;
    for (const { url, functions } of found.result) {
      if (!url.includes("/src/")) continue;
      for (const { ranges } of functions) for (const range of ranges) count += range.count;
    }
  });
  return count;
}
