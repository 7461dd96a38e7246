// Mail that came encoded within a mail may have a CR where no LF follows: to some readers a line ends there, to others none does.
// In what came by SMTP there is none.
import type { PartSink } from "./part-sink.ts";

const CR = 13;
const LF = 10;

/** Tells once, of the first. */
export function createBareCrWatch(onFound: () => void): PartSink {
  let isFound = false;
  let endsWithCr = false;

  function tell(): void {
    isFound = true;
    onFound();
  }

  return {
    write(octets) {
      if (isFound || octets.length === 0) return;
      if (endsWithCr && octets[0] !== LF) return tell();
      endsWithCr = octets[octets.length - 1] === CR;
      for (let at = octets.indexOf(CR); at >= 0 && at + 1 < octets.length; at = octets.indexOf(CR, at + 1))
        if (octets[at + 1] !== LF) return tell();
    },
    end() {
      if (endsWithCr && !isFound) tell();
    },
  };
}
