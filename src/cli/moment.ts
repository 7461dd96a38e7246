// A moment on the command line: a date, a time with its zone, or how long ago.
import { readDuration } from "../settings/number-shape.ts";
import { UsageError } from "./command.ts";

/** Epoch milliseconds of "2026-07-05", "2026-07-05T09:15:00Z" or "2d". Throws a UsageError. */
export function readMoment(text: string, nowMs: number): number {
  const ago = readDuration(text);
  if (ago !== undefined) return nowMs - ago * 1000;
  const date = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(date))
    throw new UsageError(`no time "${text}": 2026-07-05, 2026-07-05T09:15:00Z, or 2d for two days ago`);
  return date;
}
