// The worker's entry: jobs in, the engine called, plain data out. No DNS, file, clock, configuration or log here.

import { createBodyHasher } from "../src/dkim/body-hash.ts";
import { createKeyCache } from "../src/dkim/key-record.ts";
import { signMessage } from "../src/dkim/sign.ts";
import { KeptProfiles } from "../src/dkim/sign-profile.ts";
import type { ChunkPort, DkimJob, DkimJobResult, DkimTask } from "../src/dkim/task.ts";
import { verifyMessage } from "../src/dkim/verify.ts";
import type { BodyDigest, BodyDigestSpec } from "../src/mail/digest.ts";
import { errorStack } from "../src/mail/error-text.ts";
import { giveBackWhenQuiet } from "../src/process/v8-memory.ts";

/** Parsed public keys by record text: parsing costs more than a verification with a parsed key. */
const keys = createKeyCache();
const profiles = new KeptProfiles();

giveBackWhenQuiet();

export default function perform(task: DkimTask): readonly DkimJobResult[] | Promise<readonly BodyDigest[]> {
  return task.kind === "batch" ? task.jobs.map(performJob) : digestStream(task.specs, task.port);
}

function performJob(job: DkimJob): DkimJobResult {
  try {
    switch (job.kind) {
      case "verify":
        return { kind: "verified", verifications: verifyMessage(job.job, keys) };
      case "sign": {
        const requests = profiles.receive(job.requests);
        if (requests === undefined) return { kind: "unknown-profile" };
        return { kind: "signed", fields: signMessage({ ...job.job, requests }) };
      }
      case "digest":
        return { kind: "digested", digests: digestChunks(job.specs, job.chunks) };
    }
  } catch (error) {
    // A throw is a bug of ours: it costs this mail a 451 and no other mail of the batch anything.
    return { kind: "failed", message: errorStack(error) };
  }
}

function digestChunks(specs: readonly BodyDigestSpec[], chunks: readonly Uint8Array[]): readonly BodyDigest[] {
  const hasher = createBodyHasher(specs);
  for (const chunk of chunks) hasher.update(chunk);
  return hasher.digest();
}

/** Hashes chunks as they come and acknowledges them, so that their memory can be used again. */
function digestStream(specs: readonly BodyDigestSpec[], port: ChunkPort): Promise<readonly BodyDigest[]> {
  const hasher = createBodyHasher(specs);
  return new Promise((resolve) => {
    port.on("message", (chunks) => {
      if (chunks === null) {
        port.close();
        resolve(hasher.digest());
        return;
      }
      for (const chunk of chunks) hasher.update(chunk);
      port.postMessage(chunks.length);
    });
    // The mail is gone; nobody waits for these digests.
    port.on("close", () => resolve([]));
  });
}
