// What node's own zlib unpacks, piece by piece: deflate, gzip, zstd. How much comes out is bound while it comes.
import { createGunzip, createInflateRaw, createZstdDecompress, inflateRawSync } from "node:zlib";

export type InflateKind = "deflate" | "gz" | "zst";

/** Takes what comes out; false when it is enough. */
export type TakeOctets = (octets: Buffer) => boolean;

/** "stopped": the taker had enough. "early": done, and octets are left that were not unpacked. */
export type UnpackResult = "done" | "early" | "stopped" | "failed";

const pieceBytes = 128 * 1024;
/** What is packed in so few octets is unpacked at once, as long as it makes no more than `smallResult`. */
const smallInput = 64 * 1024;
const smallResult = 1024 * 1024;

/** What can be unpacked before something is wrong is handed on. */
export async function inflate(kind: InflateKind, packed: Buffer, take: TakeOctets): Promise<UnpackResult> {
  const whole = kind === "deflate" && packed.length <= smallInput ? inflateSmall(packed) : undefined;
  if (whole !== undefined) return take(whole.octets) ? ended(packed, whole.readBytes) : "stopped";
  const stream = createStream(kind);
  stream.end(packed);
  try {
    for await (const octets of stream) if (!take(octets)) return "stopped";
    return kind === "deflate" ? ended(packed, stream.bytesWritten) : "done";
  } catch {
    return "failed";
  }
}

function ended(packed: Buffer, readBytes: number): UnpackResult {
  return readBytes < packed.length ? "early" : "done";
}

/** What node gives with the option `info`, which its types do not know. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function inflateSmall(packed: Buffer): { octets: Buffer; readBytes: number } | undefined {
  try {
    const { buffer, engine } = inflateRawSync(packed, {
      maxOutputLength: smallResult,
      info: true,
    }) as unknown as Inflated;
    return { octets: buffer, readBytes: engine.bytesWritten };
  } catch {
    // Larger or damaged: the stream says which.
    return undefined;
  }
}

function createStream(kind: InflateKind) {
  switch (kind) {
    case "deflate":
      return createInflateRaw({ chunkSize: pieceBytes });
    case "gz":
      return createGunzip({ chunkSize: pieceBytes });
    case "zst":
      return createZstdDecompress({ chunkSize: pieceBytes });
  }
}
