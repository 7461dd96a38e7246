// Copies go when they are too old, and the oldest when all together are too large: a few at a time, in the background.
import type { CopyName } from "../mail/quarantine-question.ts";
import type { QuarantineFiles } from "./files.ts";
import type { QuarantineIndex } from "./quarantine-index.ts";
import { removeCopies } from "./remove-copies.ts";

export interface RetentionNeeds {
  readonly index: Pick<QuarantineIndex, "oldest" | "usage" | "deleted" | "scan">;
  readonly files: Pick<QuarantineFiles, "unlink">;
  readonly keepMs: number;
  /** Of all files together. */
  readonly maxOctets: number;
  /** Epoch, milliseconds. */
  now(): number;
  /** Copies that cannot be removed; called once until some can be again. */
  onTrouble(detail: string): void;
}

export interface Retention {
  /** Removes what is due, a batch at most. Resolves to whether there may be more. Never rejects. */
  step(): Promise<boolean>;
  start(): void;
  /** Resolves once no step is under way. */
  stop(): Promise<void>;
}

/** Copies of one step. */
export const batch = 100;
const betweenStepsMs = 60_000;
/** While there is more to remove: the disk has other things to do as well. */
const betweenBatchesMs = 1000;
const betweenScansMs = 3_600_000;
/** Copies that could not be removed and are passed over; with more of them all are tried again. */
const maxStuck = 1000;

export function createRetention(needs: RetentionNeeds): Retention {
  const { index, files, keepMs, maxOctets, now, onTrouble } = needs;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<unknown> = Promise.resolve();
  let isTold = false;
  let isStopped = false;
  /** Passed over until all files are looked at again, or they would keep all younger ones. */
  const stuck = new Set<string>();
  let triedAt = now();

  async function step(): Promise<boolean> {
    if (stuck.size >= maxStuck) stuck.clear();
    const [usage, oldest] = await Promise.all([index.usage(), index.oldest(batch + stuck.size)]);
    const before = now() - keepMs;
    let octets = usage?.octets ?? 0;
    const removable = oldest.filter((copy) => !stuck.has(pathOf(copy))).slice(0, batch);
    const due = removable.filter(({ at, size }) => {
      if (at >= before && octets <= maxOctets) return false;
      octets -= size;
      return true;
    });
    if (due.length === 0) return false;
    const { removed, failed } = await removeCopies(files, due);
    await index.deleted(removed, now());
    for (const { copy } of failed) stuck.add(pathOf(copy));
    const [trouble] = failed;
    if (trouble === undefined && stuck.size === 0) isTold = false;
    else if (trouble !== undefined && !isTold) {
      isTold = true;
      onTrouble(`${pathOf(trouble.copy)}: ${trouble.detail}`);
    }
    return due.length === batch && (removed.length > 0 || stuck.size < maxStuck);
  }

  function next(afterMs: number): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      underWay = round().then(next);
    }, afterMs);
    timer.unref();
  }

  /** Other filters may share the folders: what they wrote or removed is found by looking. */
  async function round(): Promise<number> {
    if (now() - triedAt >= betweenScansMs) {
      triedAt = now();
      stuck.clear();
    }
    await index.scan(now() - betweenScansMs);
    return (await step()) ? betweenBatchesMs : betweenStepsMs;
  }

  return {
    step,
    start: () => next(betweenBatchesMs),
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}

function pathOf({ folder, name }: CopyName): string {
  return `${folder}/${name}`;
}
