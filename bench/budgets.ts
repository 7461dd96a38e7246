// What the numbers are held against: budgets in multiples of what the same run measured bare, so that a slow or busy
// machine moves both. A quiet machine of the kind they were written for signs with RSA-2048 in 0.25 ms.
import { referenceRsaMs } from "./load/bare.ts";
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
  /** Milliseconds as the reference machine would have them. */
  const scaled = (timesRsa: number) => timesRsa * referenceRsaMs;
  const forward = row("forward", "none", 10_000).processMs;
  const floor10k = floor.rsaSign + floor.hash10k + forward;
  const sign = row("sign-rsa", "rsa", 10_000);
  const small = row("sign-rsa", "rsa", 1_500);
  const pass = row("pass", "none", 10_000_000);
  const worst = (work: "sign-rsa" | "verify") =>
    Math.max(...rates.filter((each) => each.work === work).map(({ p99 }) => p99));
  return [
    v("sign 10 kB, RSA-2048: process", "x bare RSA sign", sign.timesRsa, 2.0, (1.5 * floor10k) / floor.rsaSign),
    v("sign 10 kB, RSA-2048: main thread", "ms, scaled", scaled(sign.mainTimesRsa), 0.2, 0.2),
    v("sign 1.5 kB, RSA-2048: process", "x bare RSA sign", small.timesRsa, 1.9, (1.4 * floor10k) / floor.rsaSign),
    v("sign 10 kB, Ed25519: process", "ms, scaled", scaled(row("sign-ed25519", "ed25519", 10_000).timesRsa), 0.3, 0.2),
    v("verify 10 kB, RSA-2048: process", "ms, scaled", scaled(row("verify", "rsa", 10_000).timesRsa), 0.3, 0.2),
    v(
      "sign 10 MB: process",
      "x passing it on",
      row("sign-rsa", "rsa", 10_000_000).timesRsa / pass.timesRsa,
      1.4,
      30 / scaled(pass.timesRsa),
    ),
    v(
      "verify 10 MB: process",
      "x passing it on",
      row("verify", "rsa", 10_000_000).timesRsa / pass.timesRsa,
      1.4,
      30 / scaled(pass.timesRsa),
    ),
    v("20 mails of 10 MB at once: resident", "MB", large.peakMb, 350, 200),
    v("sign 10 kB at 20 to 400/s: p99", "ms", worst("sign-rsa"), 6, 3),
    v("verify 10 kB at 20 to 400/s: p99", "ms", worst("verify"), 5, 2.5),
    v(
      "1,000 connections at once, one mail each",
      "s",
      crowd.failed > 0 ? Number.POSITIVE_INFINITY : crowdSeconds,
      1.2,
      0.6,
    ),
    v("idle with two threads, as installed: resident", "MB", idleMb, 100, 100),
  ];
}

function v(what: string, unit: string, measured: number, must: number, goal: number): Verdict {
  return { what, unit, measured, must, goal };
}
