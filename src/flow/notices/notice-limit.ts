// How many notices one address gets, whatever is sent through us: an outbreak, or somebody who wants to fill a mailbox.
import { LRUCache } from "lru-cache";

/** Whether one more may go to an address now. `nowMs`: any clock that does not go back, milliseconds. */
export type NoticeLimit = (address: string, nowMs: number) => boolean;

interface Allowance {
  readonly left: number;
  readonly atMs: number;
}

/** `perHour` at once, and as many again in an hour. Addresses that were asked about long ago are forgotten. */
export function createNoticeLimit(perHour: number, maxAddresses = 10_000): NoticeLimit {
  const allowances = new LRUCache<string, Allowance>({ max: maxAddresses });
  return (address, nowMs) => {
    const key = address.toLowerCase();
    const { left, atMs } = allowances.get(key) ?? { left: perHour, atMs: nowMs };
    const now = Math.min(perHour, left + ((nowMs - atMs) / 3_600_000) * perHour);
    if (now < 1) return false;
    allowances.set(key, { left: now - 1, atMs: nowMs });
    return true;
  };
}
