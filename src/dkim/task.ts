// What crosses to a worker thread and back: batches of jobs, and bodies that are still arriving.
import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";
import type { SignJob, Verification, VerifyJob } from "./engine.ts";
import type { SentRequest } from "./sign-profile.ts";

export type DkimJob =
  | { readonly kind: "verify"; readonly job: VerifyJob }
  | { readonly kind: "sign"; readonly job: Omit<SignJob, "requests">; readonly requests: readonly SentRequest[] }
  | { readonly kind: "digest"; readonly specs: readonly BodyDigestSpec[]; readonly chunks: readonly Uint8Array[] };

/** A job's result as data: an error of our own would lose its class and fields on the way between threads. */
export type DkimJobResult =
  | { readonly kind: "verified"; readonly verifications: readonly Verification[] }
  | { readonly kind: "signed"; readonly fields: readonly string[] }
  /** The worker lacks the profile of a request: the job is to be sent again, whole. */
  | { readonly kind: "unknown-profile" }
  | { readonly kind: "digested"; readonly digests: readonly BodyDigest[] }
  | { readonly kind: "failed"; readonly message: string };

export type DkimTask =
  | { readonly kind: "batch"; readonly jobs: readonly DkimJob[] }
  | { readonly kind: "stream"; readonly specs: readonly BodyDigestSpec[]; readonly port: ChunkPort };

/** What a stream needs of its message port. */
export interface ChunkPort {
  on(event: "message", listener: (message: StreamMessage) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  postMessage(chunksDone: number): void;
  close(): void;
}

/** To the worker: the next chunks, or null at the body's end. From it: how many chunks it is done with. */
export type StreamMessage = readonly Uint8Array[] | null;
