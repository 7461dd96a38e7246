// What no implementation can do without: the RSA or Ed25519 operation and the hash of the body, bare.
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";

export interface ArithmeticOptions {
  readonly what: "sign" | "verify" | "hash";
  readonly algorithm: "rsa" | "ed25519";
  /** Of an RSA key; 2048 unless it is told. */
  readonly bits?: number;
  readonly bytes: number;
  readonly rounds: number;
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** By algorithm and bits: to make one takes longer than what is measured. */
const pairs = new Map<string, KeyPair>();

function pairOf(algorithm: "rsa" | "ed25519", bits: number): KeyPair {
  const name = `${algorithm} ${bits}`;
  const known =
    pairs.get(name) ??
    (algorithm === "rsa" ? generateKeyPairSync("rsa", { modulusLength: bits }) : generateKeyPairSync("ed25519"));
  pairs.set(name, known);
  return known;
}

/**
 * CPU of this thread so far, in milliseconds. Linux counts in full when a thread gives up its core, and otherwise in ticks
 * of 4 ms, a tenth of what is measured here: hence the nap.
 */
function threadCpuMs(): number {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[0]) / 1e6;
}

/** CPU milliseconds of one operation with key objects that are kept. */
export function arithmetic({ what, algorithm, bits = 2048, bytes, rounds }: ArithmeticOptions): number {
  const { privateKey, publicKey } = pairOf(algorithm, bits);
  const octets = Buffer.alloc(bytes, "some octets of mail\r\n");
  const digest = algorithm === "rsa" ? "sha256" : null;
  const signature = sign(digest, octets, privateKey);
  const once = {
    sign: () => sign(digest, octets, privateKey),
    verify: () => verify(digest, octets, publicKey, signature),
    hash: () => createHash("sha256").update(octets).digest(),
  }[what];
  for (let i = 0; i < rounds / 10; i += 1) once();
  const before = threadCpuMs();
  for (let i = 0; i < rounds; i += 1) once();
  return (threadCpuMs() - before) / rounds;
}
