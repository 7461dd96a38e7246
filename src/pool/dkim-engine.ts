// DkimEngine on a worker pool: the main thread's way to the arithmetic. Knows jobs and results, no mail.
import {
  type BodyDigester,
  chunksHashedAtOnce,
  type DkimEngine,
  type SignJob,
  type Verification,
  type VerifyJob,
} from "../dkim/engine.ts";
import { NumberedProfiles } from "../dkim/sign-profile.ts";
import type { DkimJob, DkimJobResult } from "../dkim/task.ts";
import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";
import type { Body } from "../mail/message.ts";
import { createDeferredDigester, createDigester, digestStored } from "./digester.ts";
import { createWorkerPool, JobLost, type PoolStats, type WorkerPoolOptions } from "./worker-pool.ts";

export interface DkimPool extends DkimEngine {
  /** `here` does the job on the calling thread, if it comes to that because the workers are behind. */
  verify(job: VerifyJob, here?: () => readonly Verification[] | undefined): Promise<readonly Verification[]>;
  sign(job: SignJob, here?: () => readonly string[] | undefined): Promise<readonly string[]>;
  /** Digests of a body that is in; used when there are none from the time of its arrival. */
  digestBody(body: Body, specs: readonly BodyDigestSpec[]): Promise<readonly BodyDigest[]>;
  /** Full: mail is better refused (451) before its content is sent. */
  readonly saturated: boolean;
  /** No job is out at a worker, none waits for one. */
  readonly idle: boolean;
  stats(): PoolStats & { readonly streams: number };
  close(): Promise<void>;
}

/** Bodies hashed at the same time per thread while they arrive; each waits for its sender most of the time. */
const streamsPerThread = 32;

export function createDkimPool(options: WorkerPoolOptions): DkimPool {
  const pool = createWorkerPool<DkimJob, DkimJobResult>(options);
  const profiles = new NumberedProfiles();
  const maxStreams = options.threads * streamsPerThread;
  let streams = 0;

  function startDigest(specs: readonly BodyDigestSpec[]): BodyDigester {
    return streams >= maxStreams ? createDeferredDigester() : startStream(specs, chunksHashedAtOnce);
  }

  function startStream(specs: readonly BodyDigestSpec[], chunksAtOnce: number): BodyDigester {
    streams += 1;
    return createDigester(
      async (port) => {
        try {
          return digestsOf(await pool.runStream({ kind: "stream", specs, port }, [port]));
        } finally {
          streams -= 1;
        }
      },
      { deadlineMs: options.deadlineMs, onOverdue: () => pool.replaceWorkers("deadline") },
      chunksAtOnce,
    );
  }

  return {
    async verify(job: VerifyJob, here) {
      const result = await pool.run({ kind: "verify", job }, here && (() => verified(here())));
      if (result.kind === "verified") return result.verifications;
      throw unexpected(result);
    },
    async sign({ header, body, requests }: SignJob, here) {
      const signHere = here && (() => signed(here()));
      const send = (how: "short" | "whole") => {
        const sent = requests.map((each) => profiles.send(each, how));
        return pool.run({ kind: "sign", job: { header, body }, requests: sent }, signHere);
      };
      let result = await send("short");
      if (result.kind === "unknown-profile") result = await send("whole");
      if (result.kind === "signed") return result.fields;
      throw unexpected(result);
    },
    startDigest,
    async digestBody(body, specs) {
      if (body.kind === "spool") {
        // The next chunk is read once the last is hashed: they go one by one.
        const digest = () => digestStored((specs) => startStream(specs, 1), specs, body.read());
        // One retry: the first worker may have died of something else.
        return digest().catch(digest);
      }
      const result = await pool.run({ kind: "digest", specs, chunks: body.chunks });
      if (result.kind === "digested") return result.digests;
      throw unexpected(result);
    },
    get idle() {
      return pool.idle;
    },
    get saturated() {
      return pool.saturated;
    },
    stats: () => ({ ...pool.stats(), streams }),
    close: () => pool.close(),
  };
}

function verified(verifications: readonly Verification[] | undefined): DkimJobResult | undefined {
  return verifications && { kind: "verified", verifications };
}

function signed(fields: readonly string[] | undefined): DkimJobResult | undefined {
  return fields && { kind: "signed", fields };
}

function unexpected(result: DkimJobResult): Error {
  return new JobLost(result.kind === "failed" ? `worker: ${result.message}` : `worker answered "${result.kind}"`);
}

function digestsOf(value: unknown): readonly BodyDigest[] {
  if (!Array.isArray(value)) throw new JobLost("worker answered a stream without digests");
  return value;
}
