// What all body canonicalizations share: empty lines are held back until something follows them, and a last line
// without CRLF gets one (RFC 6376 sections 3.4.3 and 3.4.4).

/** Takes canonicalized octets in order. A view is valid during the call only. */
export interface OctetSink {
  write(octets: Uint8Array): void;
}

/** A body canonicalization fed chunk by chunk; what comes out does not depend on where the chunks are cut. */
export interface BodyCanonicalizer {
  update(chunk: Uint8Array): void;
  /** No more chunks: writes what ends the body. */
  end(): void;
}

export const CR = 13;
export const LF = 10;

const crlf = Buffer.from("\r\n");
const manyCrlfs = Buffer.alloc(4096, "\r\n");

/** The line ends seen but not yet written. */
export class HeldLineEnds {
  #held: number;
  /** Content was written and its line has no line end yet. */
  #lineIsOpen = false;
  #wroteAnything = false;
  readonly #sink: OctetSink;

  /** `held`: 1 where the empty line before a body belongs to it (DomainKeys), else 0. */
  constructor(sink: OctetSink, held: 0 | 1) {
    this.#sink = sink;
    this.#held = held;
  }

  /** So many CRLFs were read. */
  add(count: number): void {
    this.#held += count;
  }

  /** Writes content; the held line ends go first. `ended`: the content brings its own final CRLF. */
  write(content: Uint8Array, ended: boolean): void {
    if (this.#held > 0) this.#release();
    this.#sink.write(content);
    this.#wroteAnything = true;
    this.#lineIsOpen = !ended;
  }

  /**
   * Ends the body: a line that is open gets its CRLF, as it has over SMTP ("open"); DKIM's "simple" gives an empty body
   * one too ("open-or-empty").
   */
  end(addCrlf: "open" | "open-or-empty"): void {
    if (this.#lineIsOpen || (!this.#wroteAnything && addCrlf === "open-or-empty")) this.#sink.write(crlf);
  }

  #release(): void {
    let octets = this.#held * 2;
    this.#held = 0;
    while (octets > manyCrlfs.length) {
      this.#sink.write(manyCrlfs);
      octets -= manyCrlfs.length;
    }
    this.#sink.write(octets === 2 ? crlf : manyCrlfs.subarray(0, octets));
  }
}
