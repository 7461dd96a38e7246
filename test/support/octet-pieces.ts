// Octets put through a sink in pieces of one size, and what came out.
import type { PartSink } from "../../src/mime/part-sink.ts";

export interface Decoded {
  readonly octets: Buffer;
  readonly doubts: readonly string[];
  readonly ended: number;
}

type Decoder = (sink: PartSink, doubt: (detail: string) => void) => PartSink;

/** All at once where no size is given. Doubts are told each once. */
export function decodeInPieces(create: Decoder, text: string | Buffer, pieceBytes?: number): Decoded {
  const collected = collectOctets();
  const doubts = new Set<string>();
  const decoder = create(collected.sink, (detail) => doubts.add(detail));
  writeInPieces(decoder, typeof text === "string" ? Buffer.from(text, "latin1") : text, pieceBytes);
  return { octets: collected.octets(), doubts: [...doubts], ended: collected.ended() };
}

export function writeInPieces(sink: PartSink, octets: Buffer, pieceBytes = Math.max(1, octets.length)): void {
  for (let at = 0; at < octets.length; at += pieceBytes) {
    const piece = Buffer.from(octets.subarray(at, at + pieceBytes));
    sink.write(piece);
    // Whoever kept it sees other octets from now on.
    piece.fill(0);
  }
  sink.end();
}

export function collectOctets(): { sink: PartSink; octets(): Buffer; ended(): number } {
  const pieces: Buffer[] = [];
  let ended = 0;
  return {
    sink: {
      write: (octets) => pieces.push(Buffer.from(octets)),
      end() {
        ended += 1;
      },
    },
    octets: () => Buffer.concat(pieces),
    ended: () => ended,
  };
}
