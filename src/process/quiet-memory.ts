// Load leaves memory behind that nobody asks to have back: garbage that V8 collects when the next mails fill more, and what is
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
/** So much above what was held the last time is worth the trouble, and does not come about in hours of single mails. */
const worthShare = 0.25;
const worthBytes = 8 * 1024 * 1024;

/** What is to be called at even intervals, once everything is loaded. */
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
