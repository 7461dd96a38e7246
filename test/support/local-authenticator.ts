// The authenticator without threads: the worker's functions called in place, with any resolver.
import { sealMessage } from "../../src/arc/seal.ts";
import type { Authenticator } from "../../src/authres/authenticator.ts";
import type { Resolve } from "../../src/rr/answer.ts";
import { verifyArc } from "../../workers/mailauth-arc.ts";
import { evaluateSpf } from "../../workers/mailauth-spf.ts";

export function createLocalAuthenticator(resolve: Resolve): Authenticator {
  return {
    spf: (job, own = resolve) => evaluateSpf(job, own),
    arc: (job, own = resolve) => verifyArc(job, own),
    seal: async (job) => sealMessage(job),
  };
}
