// What the process holds besides mail. Start-up leaves behind the text of modules that ran once and a young generation
// grown for reading them; and V8 would let the young generation grow to 50 MB for mail, which is short-lived garbage.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { watchForQuiet } from "./quiet-memory.ts";

/** More costs memory and no longer saves collections. */
const enoughYoungBytes = 12 * 1024 * 1024;
const lookEveryMs = 1000;

type Collector = (options: { readonly type: "major"; readonly flavor: "last-resort" }) => void;

/**
 * How far the old generation may grow above what lives in it, in per cent, before it is marked through: marking keeps
 * every core busy for some 40 ms, and by default V8 would mark after each third of it, which is every few seconds.
 */
const growthPercent = 200;

/**
 * What a worker thread's young generation begins with, in MB. A job leaves 20 kB behind, nearly none of which lives on, so
 * that V8 would never let it grow: with the 1 MB that it begins with it was collected after every 47 jobs.
 */
const youngOfWorkerMb = 4;

/** To be called before any thread is started. */
export function prepareMemory(): void {
  setFlagsFromString(`--min-semi-space-size=${youngOfWorkerMb}`);
  // Little lives on and the cores have other work: helpers of a minor collection cost more than they take over.
  setFlagsFromString("--no-parallel-scavenge");
}

/**
 * To be called once everything is loaded: takes some 50 ms, and looks after the memory of this thread from then on.
 * `letGo`: lets go of what is kept for the next mails, once it is quiet.
 */
export function settleMemory(letGo: () => void = () => {}): void {
  collect();
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
  // With more than one the workers get no core meanwhile, and mail waits for its signature.
  setFlagsFromString("--concurrent-marking-max-worker-num=1");
  let mayGrow: boolean | undefined;
  const look = () => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    const grows = (young?.space_size ?? 0) < enoughYoungBytes;
    if (grows === mayGrow) return;
    mayGrow = grows;
    // Read by V8 whenever it would grow; 1 keeps the size there is.
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  look();
  setInterval(look, lookEveryMs).unref();
  giveBackWhenQuiet(letGo);
}

/** What load leaves behind in the calling thread is collected once it is quiet, and `letGo` called before. */
export function giveBackWhenQuiet(letGo: () => void = () => {}): void {
  const { eventLoopUtilization } = performance;
  let last = eventLoopUtilization();
  const look = watchForQuiet({
    busyShare() {
      const before = last;
      last = eventLoopUtilization();
      return eventLoopUtilization(last, before).utilization;
    },
    heldBytes() {
      // process.memoryUsage reads /proc as well, and throws where there is none.
      const { total_heap_size, external_memory } = getHeapStatistics();
      return total_heap_size + external_memory;
    },
    giveBack() {
      letGo();
      collect();
    },
  });
  setInterval(look, lookEveryMs).unref();
}

/** Everything that can be had, and the pages it lay on go back to the system. */
function collect(): void {
  findCollector()?.({ type: "major", flavor: "last-resort" });
}

/** V8 hands its collector out by a flag; without it nothing is lost but memory. */
function findCollector(): Collector | undefined {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
  setFlagsFromString("--no-expose-gc");
  return isCollector(found) ? found : undefined;
}

function isCollector(value: unknown): value is Collector {
  return typeof value === "function";
}
