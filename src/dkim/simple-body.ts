// The "simple" body canonicalization (RFC 6376 section 3.4.3): all octets, without the empty lines at the end.
import { type BodyCanonicalizer, CR, HeldLineEnds, LF, type OctetSink } from "./body-lines.ts";

const bareCr = Buffer.from("\r");

/** `partOfHeader`: the body is hashed behind a header, as DomainKeys does: an empty one then adds nothing. */
export class SimpleBody implements BodyCanonicalizer {
  readonly #lineEnds: HeldLineEnds;
  readonly #addCrlf: "open-or-empty" | "open";
  #heldCr = false;

  constructor(sink: OctetSink, partOfHeader: boolean) {
    this.#lineEnds = new HeldLineEnds(sink, partOfHeader ? 1 : 0);
    this.#addCrlf = partOfHeader ? "open" : "open-or-empty";
  }

  update(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    let start = 0;
    if (this.#heldCr) {
      this.#heldCr = false;
      if (chunk[0] === LF) {
        this.#lineEnds.add(1);
        start = 1;
      } else this.#lineEnds.write(bareCr, false);
    }
    let end = chunk.length;
    if (end > start && chunk[end - 1] === CR) {
      this.#heldCr = true;
      end -= 1;
    }
    // The line ends at the chunk's end are counted; what is before goes on as it is.
    let contentEnd = end;
    while (contentEnd - 2 >= start && chunk[contentEnd - 1] === LF && chunk[contentEnd - 2] === CR) contentEnd -= 2;
    let lineEnds = (end - contentEnd) / 2;
    if (contentEnd > start) {
      const ended = lineEnds > 0;
      if (ended) lineEnds -= 1;
      this.#lineEnds.write(chunk.subarray(start, ended ? contentEnd + 2 : contentEnd), ended);
    }
    this.#lineEnds.add(lineEnds);
  }

  end(): void {
    if (this.#heldCr) this.#lineEnds.write(bareCr, false);
    this.#lineEnds.end(this.#addCrlf);
  }
}
