// How much unpacking may make of one mail. Counted are the octets that come out, never what an archive says of itself.
import { expansionQuota, type PartsLimits } from "./limits.ts";

/** Which bound was passed, once one was. */
export interface Expansion {
  readonly excess: string | undefined;
  /** Octets came out of an archive; false when they are too many. */
  spend(octets: number, from: ArchiveYield): boolean;
  /** As `spend`, for octets that come a second time to be kept: they count for their archive alone. */
  measure(octets: number, from: ArchiveYield): boolean;
}

/** What one archive has made so far. */
export interface ArchiveYield {
  readonly archiveBytes: number;
  madeBytes: number;
}

/** Of an archive that makes more than `freeBytes`, each octet may make so many. */
const maxRatio = 1000;
const freeBytes = 1024 * 1024;

export function createExpansion(limits: PartsLimits, mailBytes: number): Expansion {
  const quota = expansionQuota(limits, mailBytes);
  let madeBytes = 0;
  let excess: string | undefined;

  function judge(octets: number, from: ArchiveYield, allBytes: number): boolean {
    from.madeBytes += octets;
    if (allBytes > quota) excess ??= `more than ${quota} octets unpacked (MAX_EXPANSION_QUOTA and its like)`;
    else if (from.madeBytes > freeBytes && from.madeBytes > from.archiveBytes * maxRatio)
      excess ??= `an archive of ${from.archiveBytes} octets that makes more than ${maxRatio} times as many`;
    return excess === undefined;
  }

  return {
    get excess() {
      return excess;
    },
    spend(octets, from) {
      madeBytes += octets;
      return judge(octets, from, madeBytes);
    },
    measure: (octets, from) => judge(octets, from, madeBytes + from.madeBytes + octets),
  };
}
