// The digest by which a body is known again: verdicts are remembered by it, copies in the quarantine are found by it.
import { createHash } from "node:crypto";
import type { Body } from "./message.ts";

/** Octets hashed between two turns of the event loop: half a millisecond's work. */
const blockBytes = 1024 * 1024;

/** SHA-256 of the octets as they came. Rejects where a spool file cannot be read. */
export async function digestBody(body: Body): Promise<Uint8Array> {
  const hash = createHash("sha256");
  if (body.kind === "spool") {
    for await (const chunk of body.read()) hash.update(chunk);
    return hash.digest();
  }
  let bytes = 0;
  for (const chunk of body.chunks) {
    for (let at = 0; at < chunk.length; at += blockBytes) {
      const block = chunk.subarray(at, at + blockBytes);
      bytes += block.length;
      hash.update(block);
      if (bytes < blockBytes) continue;
      bytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return hash.digest();
}
