// The engine without threads, for commands that look at a mail or two: the same calls, on the spot.
import { createBodyHasher } from "../dkim/body-hash.ts";
import type { DkimEngine } from "../dkim/engine.ts";
import { createKeyCache } from "../dkim/key-record.ts";
import { signMessage } from "../dkim/sign.ts";
import { verifyMessage } from "../dkim/verify.ts";
import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";
import type { Body } from "../mail/message.ts";

export interface LocalEngine extends Pick<DkimEngine, "verify" | "sign"> {
  digestBody(body: Body, specs: readonly BodyDigestSpec[]): Promise<readonly BodyDigest[]>;
}

export function createLocalEngine(): LocalEngine {
  const keys = createKeyCache();
  return {
    verify: async (job) => verifyMessage(job, keys),
    sign: async (job) => signMessage(job),
    async digestBody(body, specs) {
      const hasher = createBodyHasher(specs);
      for await (const chunk of body.kind === "memory" ? body.chunks : body.read()) hasher.update(chunk);
      return hasher.digest();
    },
  };
}
