// Piscina entry for SPF and ARC: a job in, mailauth called, plain data out. The DNS is asked through the main thread,
// over a port that this worker hands out when it starts.
import { MessageChannel, parentPort } from "node:worker_threads";
import { sealMessage } from "../src/arc/seal.ts";
import type { AuthenticatorJob, SealJob, SealReport } from "../src/authres/authenticator.ts";
import { createPortResolve } from "../src/rr/resolve-port.ts";
import { verifyArc } from "./mailauth-arc.ts";
import { evaluateSpf } from "./mailauth-spf.ts";

const { port1, port2 } = new MessageChannel();
const resolveFor = createPortResolve(port1);
parentPort?.postMessage({ resolvePort: port2 }, [port2]);

export default function authenticate(job: AuthenticatorJob) {
  const resolve = resolveFor(job.id);
  switch (job.kind) {
    case "spf":
      return evaluateSpf(job, resolve);
    case "arc":
      return verifyArc(job, resolve);
    case "seal":
      return seal(job);
  }
}

function seal(job: SealJob): SealReport {
  try {
    return sealMessage(job);
  } catch {
    return { result: "refused", reason: "internal-error" };
  }
}
