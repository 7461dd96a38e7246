// After load the process holds memory that it does not need: garbage that V8 collects only when more comes, and what is
// kept for the next mails to use. Once it is quiet there is time to give it back.

export interface QuietNeeds {
  /** What share of the time since the last call the thread was busy, 0 to 1. */
  busyShare(): number;
  /** Octets that the thread holds, garbage included. */
  heldBytes(): number;
  /** Gives back what it can; takes the thread some 50 ms. */
  giveBack(): void;
}

/** One mail a second or two, at most. */
const quietShare = 0.01;
/** Looks in a row. */
const looksUntilQuiet = 10;
/** Memory is given back when this much more is held than after the last time; single mails do not add so much in hours. */
const worthShare = 0.25;
const worthBytes = 8 * 1024 * 1024;

/** Returns the function to be called at even intervals, once everything is loaded. */
export function watchForQuiet({ busyShare, heldBytes, giveBack }: QuietNeeds): () => void {
  let quietLooks = 0;
  let settledBytes = heldBytes();
  return () => {
    quietLooks = busyShare() < quietShare ? quietLooks + 1 : 0;
    if (quietLooks < looksUntilQuiet) return;
    quietLooks = 0;
    if (heldBytes() < settledBytes * (1 + worthShare) + worthBytes) return;
    giveBack();
    settledBytes = heldBytes();
  };
}
