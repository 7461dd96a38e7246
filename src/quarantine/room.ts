// Whether there is room for copies, asked at each MAIL: a disk that is nearly full is noticed before a mail is sent in vain.
import { statfs } from "node:fs/promises";

export interface Room {
  /** Whether there was room when it was last looked at, about a second ago at most. */
  isThere(): boolean;
  /** NaN where the folder cannot be looked at. */
  freeBytes(): Promise<number>;
}

export interface RoomNeeds {
  readonly folder: string;
  /** Below so many octets there is no room; 0: there always is. */
  readonly minFreeBytes: number;
  /** Free octets where the folder is; rejects where it is not. */
  free?(folder: string): Promise<number>;
  /** Milliseconds, of a clock that does not go back. */
  now?(): number;
}

const everyMs = 1000;

/** A folder that is gone counts as room: mail that owes a copy is put off, all other mail goes on. */
export function createRoom({ folder, minFreeBytes, free = freeOf, now = () => performance.now() }: RoomNeeds): Room {
  let isThere = true;
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  let checking = false;

  const freeBytes = () => free(folder).catch(() => Number.NaN);

  function check(): void {
    if (checking || now() - checkedAtMs < everyMs) return;
    checking = true;
    checkedAtMs = now();
    void freeBytes().then((bytes) => {
      isThere = !(bytes < minFreeBytes);
      checking = false;
    });
  }

  check();
  return {
    isThere() {
      if (minFreeBytes > 0) check();
      return isThere;
    },
    freeBytes,
  };
}

async function freeOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
