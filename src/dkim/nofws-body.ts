// DomainKeys' "nofws" body canonicalization (RFC 4870 section 3.4.2.2): no white space at all but the line ends.
// Old and rare, so a plain loop.
import { type BodyCanonicalizer, CR, HeldLineEnds, LF, type OctetSink } from "./body-lines.ts";

const SPACE = 32;
const TAB = 9;

export class NofwsBody implements BodyCanonicalizer {
  readonly #lineEnds: HeldLineEnds;
  /** The last octet of the chunk before was a CR. */
  #afterCr = false;

  constructor(sink: OctetSink) {
    this.#lineEnds = new HeldLineEnds(sink, 1);
  }

  update(chunk: Uint8Array): void {
    const line = new Uint8Array(chunk.length);
    let written = 0;
    let afterCr = this.#afterCr;
    for (const octet of chunk) {
      if (octet === LF && afterCr) {
        if (written > 0) this.#lineEnds.write(line.subarray(0, written), false);
        written = 0;
        this.#lineEnds.add(1);
      } else if (octet !== SPACE && octet !== TAB && octet !== CR && octet !== LF) {
        line[written] = octet;
        written += 1;
      }
      afterCr = octet === CR;
    }
    if (written > 0) this.#lineEnds.write(line.subarray(0, written), false);
    this.#afterCr = afterCr;
  }

  end(): void {
    this.#lineEnds.end("open");
  }
}
