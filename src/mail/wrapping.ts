// A mail as an attachment of a new one: what stands around its octets, which stay as they came.
import { asBuffer } from "./header.ts";
import type { Body, MessageOctets } from "./message.ts";
import { sharedOctets } from "./shared-octets.ts";

/** One character per octet. */
export interface Wrapping {
  /** Fields of the new mail that describe its parts, below those that it takes over; each ends in CRLF. */
  readonly heading: string;
  /** Its body up to the first octet of the mail within. */
  readonly before: string;
  /** Behind the last one. */
  readonly after: string;
}

export function isSameWrapping(one: Wrapping | undefined, other: Wrapping | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return one.heading === other.heading && one.before === other.before && one.after === other.after;
}

/** The body of the new mail. `memory`: "shared" where a worker is to read it, "own" where it only leaves. */
export function wrappedBody(
  { header, separator, body }: MessageOctets,
  { before, after }: Wrapping,
  memory: "own" | "shared",
): Body {
  const first = octetsOf(before, memory);
  const last = octetsOf(after, memory);
  const empty = octetsOf(separator, memory);
  const sizeBytes = first.length + header.length + empty.length + body.sizeBytes + last.length;
  if (body.kind === "memory") {
    return { kind: "memory", sizeBytes, chunks: [first, asBuffer(header), empty, ...body.chunks, last] };
  }
  return {
    kind: "spool",
    sizeBytes,
    async *read() {
      yield first;
      yield header;
      yield empty;
      yield* body.read();
      yield last;
    },
  };
}

function octetsOf(text: string, memory: "own" | "shared"): Buffer {
  if (memory === "own") return Buffer.from(text, "latin1");
  const octets = sharedOctets(text.length);
  octets.write(text, "latin1");
  return octets;
}
