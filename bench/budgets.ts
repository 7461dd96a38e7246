// What the numbers are held against: budgets in multiples of what the same run measured bare, so that a slow or busy
// machine moves both. "Copy" is a process that takes mail and hands it on, and does nothing else.
import type { RatedRow, SuiteResult } from "./suite.ts";

export interface Verdict {
  readonly what: string;
  readonly unit: string;
  readonly measured: number;
  readonly must: number;
  readonly goal: number;
}

export function judge({ floor, rows, rates, crowd, crowdSeconds, large, idleMb }: SuiteResult): readonly Verdict[] {
  const row = (work: RatedRow["work"], algorithm: RatedRow["algorithm"], bytes: number): RatedRow => {
    const found = rows.find((each) => {
      return each.work === work && each.algorithm === algorithm && each.bytes === bytes && each.reuse;
    });
    if (found === undefined) throw new Error(`${work} ${bytes} was not measured`);
    return found;
  };
  const copy = (bytes: number) => row("forward", "none", bytes).timesRsa;
  const [hash10k, hash10M] = [floor.hash10k / floor.rsaSign, floor.hash10M / floor.rsaSign];
  const sign = (bytes: number, algorithm: "rsa" | "ed25519" = "rsa") => row(`sign-${algorithm}`, algorithm, bytes);
  const verify = (bytes: number) => row("verify", "rsa", bytes);
  const least10M = hash10M + copy(10_000_000);
  const worst = (work: "sign-rsa" | "verify") =>
    Math.max(...rates.filter((each) => each.work === work).map(({ p99 }) => p99));
  return [
    v(
      "sign 10 kB, RSA-2048",
      "x (RSA + SHA-256 + copy)",
      sign(10_000).timesRsa / (1 + hash10k + copy(10_000)),
      1.5,
      1.25,
    ),
    v("sign 1.5 kB, RSA-2048", "x (RSA + copy)", sign(1_500).timesRsa / (1 + copy(1_500)), 1.5, 1.25),
    v("sign 10 kB, Ed25519", "x bare RSA sign", sign(10_000, "ed25519").timesRsa, 0.95, 0.65),
    v("verify 10 kB, RSA-2048", "x bare RSA sign", verify(10_000).timesRsa, 0.95, 0.65),
    v("sign 10 MB", "x (SHA-256 + copy)", sign(10_000_000).timesRsa / least10M, 1.35, 1.2),
    v("verify 10 MB", "x (SHA-256 + copy)", verify(10_000_000).timesRsa / least10M, 1.35, 1.2),
    v("20 mails of 10 MB at once: resident", "MB", large.peakMb, 300, 200),
    v("sign 10 kB at 20 to 400/s: p99", "ms", worst("sign-rsa"), 6, 3),
    v("verify 10 kB at 20 to 400/s: p99", "ms", worst("verify"), 5, 2.5),
    v(
      "1,000 connections at once, one mail each",
      "s",
      crowd.failed > 0 ? Number.POSITIVE_INFINITY : crowdSeconds,
      0.6,
      0.4,
    ),
    v("idle with two threads, as installed: resident", "MB", idleMb, 100, 85),
  ];
}

function v(what: string, unit: string, measured: number, must: number, goal: number): Verdict {
  return { what, unit, measured, must, goal };
}
