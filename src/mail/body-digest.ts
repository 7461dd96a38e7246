// The digest by which a body is known again: verdicts are remembered by it, copies in the quarantine are found by it.
import { createHash, hash } from "node:crypto";
import type { Body, MemoryBody, SpooledBody } from "./message.ts";

/** Octets hashed between two turns of the event loop: half a millisecond's work. */
const blockBytes = 1024 * 1024;

/** What `digestBody` says of this body without hashing it; `find` is called when it is asked, and may have nothing. */
export function offerDigest(body: Body, find: () => Uint8Array | undefined): void {
  body.offeredDigest = find;
}

/**
 * SHA-256 of the octets as they came, made once for a body; at once where that is a moment's work. Rejects where a spool file
 * cannot be read.
 */
export function digestBody(body: Body): Uint8Array | Promise<Uint8Array> {
  body.digest ??= body.offeredDigest?.() ?? makeDigest(body);
  return body.digest;
}

function makeDigest(body: Body): Uint8Array | Promise<Uint8Array> {
  if (body.kind === "spool") return digestSpooled(body);
  const [first, second] = body.chunks;
  // Most mail; in one go it is a third less work.
  if (first !== undefined && second === undefined && first.length <= blockBytes) return hash("sha256", first, "buffer");
  return digestChunks(body);
}

async function digestSpooled(body: SpooledBody): Promise<Uint8Array> {
  const sha256 = createHash("sha256");
  for await (const chunk of body.read()) sha256.update(chunk);
  return sha256.digest();
}

async function digestChunks({ chunks }: MemoryBody): Promise<Uint8Array> {
  const sha256 = createHash("sha256");
  let bytes = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += blockBytes) {
      const block = chunk.subarray(at, at + blockBytes);
      bytes += block.length;
      sha256.update(block);
      if (bytes < blockBytes) continue;
      bytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return sha256.digest();
}
