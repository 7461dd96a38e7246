// Content that virus scanners do not get at by themselves, kept to be handed to them: they are given the whole mail, and know fewer ways
// of packing than are opened here.
import type { ForScanners } from "../mail/content.ts";
import { createGathering, type Gathering } from "./gathering.ts";
import type { PartSink } from "./part-sink.ts";

/** Octets that are kept of one mail, and pieces. */
const maxBytes = 8 * 1024 * 1024;
const maxPieces = 100;

export interface ScannerHandover {
  /** What it is given becomes a piece of its own. */
  take(): PartSink;
  /** Undefined where nothing is to be handed over. */
  found(): ForScanners | undefined;
}

export function createScannerHandover(): ScannerHandover {
  const pieces: Gathering[] = [];
  let bytes = 0;
  let isWhole = true;

  return {
    take() {
      let piece: Gathering | undefined;
      return {
        write(octets) {
          const hasRoom = bytes + octets.length <= maxBytes && (piece !== undefined || pieces.length < maxPieces);
          if (octets.length === 0) return;
          isWhole &&= hasRoom;
          if (!hasRoom) return;
          if (piece === undefined) {
            piece = createGathering();
            pieces.push(piece);
          }
          piece.add(octets);
          bytes += octets.length;
        },
        end() {},
      };
    },
    found() {
      if (pieces.length === 0 && isWhole) return undefined;
      return { pieces: pieces.map((each) => plain(asMail(each.whole()))), isWhole };
    },
  };
}

/** As it comes out at the other end of a message port. */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

const mimeVersion = Buffer.from("MIME-Version: 1.0\r\n");

/** What S/MIME signed begins with the fields of its content; clamd takes for a mail what begins with this one. */
function asMail(octets: Buffer): Buffer {
  return /^\s*content-[a-z-]+:/i.test(octets.toString("latin1", 0, 100))
    ? Buffer.concat([mimeVersion, octets])
    : octets;
}
