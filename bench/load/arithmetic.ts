// What no implementation can do without: the RSA or Ed25519 operation and the hash of the body, bare.
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";

export interface ArithmeticOptions {
  readonly what: "sign" | "verify" | "hash";
  readonly algorithm: "rsa" | "ed25519";
  /** Of an RSA key; 2048 unless it is told. */
  readonly bits?: number;
  readonly bytes: number;
  readonly rounds: number;
}

/** CPU milliseconds of one operation with key objects that are kept, as the process counts them. */
export function arithmetic({ what, algorithm, bits = 2048, bytes, rounds }: ArithmeticOptions): number {
  const { privateKey, publicKey } =
    algorithm === "rsa" ? generateKeyPairSync("rsa", { modulusLength: bits }) : generateKeyPairSync("ed25519");
  const octets = Buffer.alloc(bytes, "some octets of mail\r\n");
  const digest = algorithm === "rsa" ? "sha256" : null;
  const signature = sign(digest, octets, privateKey);
  const once = {
    sign: () => sign(digest, octets, privateKey),
    verify: () => verify(digest, octets, publicKey, signature),
    hash: () => createHash("sha256").update(octets).digest(),
  }[what];
  for (let i = 0; i < rounds / 10; i += 1) once();
  const before = process.threadCpuUsage();
  for (let i = 0; i < rounds; i += 1) once();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / rounds;
}
