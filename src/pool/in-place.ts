// Small jobs that come when nothing else is to be done, or when the workers are behind: the calling thread does them itself.
// Everything whose cost a sender could drive up goes to the workers, which may be ended.
import type { DkimEngine, SignJob, SignRequest, VerifyJob } from "../dkim/engine.ts";
import { createKeyCache } from "../dkim/key-record.ts";
import { signMessage } from "../dkim/sign.ts";
import { verifyMessage } from "../dkim/verify.ts";
import type { BodySource } from "../mail/digest.ts";
import type { TxtRecord } from "../rr/answer.ts";
import type { DkimPool } from "./dkim-engine.ts";

/** The engine for all other jobs. */
export interface Workers extends Pick<DkimPool, "sign" | "verify"> {
  /** Nothing is out at a worker, nothing waits for one. */
  readonly idle: boolean;
}

export interface InPlaceNeeds {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** A job was done without the workers. On the hot path: implementations only count. */
  done(): void;
}

const maxHeaderBytes = 16 * 1024;
const maxBodyBytes = 64 * 1024;
const maxRequests = 2;
/** Twice the bits are seven times the work: two milliseconds, which the sockets can wait where the workers are behind. */
const maxSigningBits = { alone: 2048, shared: 4096 };
const maxKeyNames = 3;
/** Octets of a key record: an RSA key of 4096 bits with all tags in use, half a millisecond by the largest exponent. */
const maxRecordOctets = 800;

/** Milliseconds without a job after which the next one is taken to be alone. */
const quietMs = 1;

/**
 * `workers`, but a small job that is alone comes back without them. Where jobs come closer to each other all of them go
 * there, and what the workers cannot begin soon is done here after all if it is mostly arithmetic. A verification is
 * not: a thread that does one now and then does none of them well.
 */
export function workInPlace(workers: Workers, { now, done }: InPlaceNeeds): Pick<DkimEngine, "sign" | "verify"> {
  const keys = createKeyCache();
  let aloneFrom = Number.NEGATIVE_INFINITY;

  function isAlone(): boolean {
    const at = now();
    const alone = at >= aloneFrom && workers.idle;
    aloneFrom = Math.max(aloneFrom, at + quietMs);
    return alone;
  }

  /** Undefined when the work threw: the workers then say what they make of it. */
  function perform<Result>(work: () => Result): Result | undefined {
    const begunAt = now();
    try {
      const result = work();
      done();
      return result;
    } catch {
      return undefined;
    } finally {
      const endedAt = now();
      // Half of the thread's time at most, whatever a job may take.
      aloneFrom = endedAt + Math.max(quietMs, endedAt - begunAt);
    }
  }

  return {
    async verify(job) {
      const verifications = isAlone() && isSmallToVerify(job) ? perform(() => verifyMessage(job, keys)) : undefined;
      return verifications ?? workers.verify(job);
    },
    async sign(job) {
      const alone = isAlone();
      if (!isSmallToSign(job, maxSigningBits.shared)) return workers.sign(job);
      const here = () => perform(() => signMessage(job));
      const fields = alone && isSmallToSign(job, maxSigningBits.alone) ? here() : undefined;
      return fields ?? workers.sign(job, job.requests.some(isMostlyArithmetic) ? here : undefined);
    },
  };
}

function isSmallToVerify({ header, body, keys }: VerifyJob): boolean {
  if (header.length > maxHeaderBytes || keys.length > maxKeyNames || !isSmall(body)) return false;
  // Of several records at a name each may be tried, so that one alone is small.
  return keys.every(([, answer]) => {
    return answer.status !== "found" || (answer.records.length === 1 && answer.records.every(isShort));
  });
}

function isSmallToSign({ header, body, requests }: SignJob, maxBits: number): boolean {
  return (
    header.length <= maxHeaderBytes &&
    requests.length <= maxRequests &&
    isSmall(body) &&
    requests.every(({ privateKey }) => (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) <= maxBits)
  );
}

/** An RSA signature takes longer than all else that is done with a small mail. */
function isMostlyArithmetic({ algorithm }: SignRequest): boolean {
  return algorithm === "rsa-sha256";
}

function isSmall(body: BodySource): boolean {
  if ("digests" in body) return true;
  let bytes = 0;
  for (const chunk of body.chunks) bytes += chunk.length;
  return bytes <= maxBodyBytes;
}

function isShort(record: TxtRecord): boolean {
  let octets = 0;
  for (const part of record) octets += part.length;
  return octets <= maxRecordOctets;
}
