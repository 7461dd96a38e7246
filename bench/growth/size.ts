// Cost of a mail against its size, for passing it on, signing and verifying.
import { type Work as Port, startFilter } from "../load/filter.ts";
import { messageOf, onTheWire } from "../messages.ts";
import { sizeText } from "../suite.ts";
import type { Curve, Growth } from "./curve.ts";
import type { Check, Work } from "./mail.ts";
import { names } from "./model.ts";
import { type Bench, type Case, inTurns, mails, warmUp } from "./parts.ts";

/** Close where the curve bends: what is larger than some blocks is taken, hashed and handed on by larger ones. */
const sizes = [
  ...[1_000, 10_000, 100_000, 200_000, 500_000],
  ...[1_000_000, 10_000_000, 25_000_000, 50_000_000],
] as const;
/** Sizes between them that a model is held against. */
const checked: readonly number[] = [3_000, 30_000, 300_000, 3_000_000];
/** Mail beyond this many octets is kept on disk while it is under way. */
export const toDisk = 12_000_000;
/** Beyond this it is handed on by DATA, in more than one write. */
const byData = 128 * 1024;

const works = [
  ["pass", "pass"],
  ["sign-rsa", "sign"],
  ["verify", "verify"],
] as const satisfies readonly (readonly [Port, Work])[];

export async function size(bench: Bench): Promise<Growth> {
  const { nextHopPort, scale, say } = bench;
  const filter = await startFilter({ nextHopPort });
  // Here the main thread makes no signatures: what is left is what it alone can do, and how many mails one process can.
  const apart = await startFilter({ nextHopPort, settings: "pool: { threads: 1, in_place: false }" });
  try {
    const small = { content: onTheWire(messageOf(10_000)), messages: 0, connections: 64, reuse: true };
    const signedSmall = { ...small, content: onTheWire(filter.signed(messageOf(10_000), "rsa")) };
    say("warming up");
    for (const work of ["pass", "sign-rsa"] as const) await warmUp(bench, { ...small, port: filter.ports[work] });
    await warmUp(bench, { ...signedSmall, port: filter.ports.verify });
    await warmUp(bench, { ...small, port: apart.ports["sign-rsa"] });
    const caseOf = (bytes: number, port: number, content: Uint8Array): Case => ({
      x: bytes,
      load: {
        port,
        content,
        messages: mails(messagesOf(bytes), scale),
        connections: connectionsFor(bytes),
        reuse: true,
      },
    });
    const all = [...sizes, ...checked].sort((a, b) => a - b);
    const cases = all.flatMap((bytes) => {
      const plain = messageOf(bytes);
      return works.map(([work, name]) => ({
        name,
        ...caseOf(bytes, filter.ports[work], onTheWire(work === "verify" ? filter.signed(plain, "rsa") : plain)),
      }));
    });
    say(all.map(sizeText).join(", "));
    // Round by round through all sizes: what comes early in a process is dearer than what comes late.
    const results = await inTurns(bench, filter.pid, cases);
    const found = new Map<string, (readonly [number, number])[]>();
    const checks: Check[] = [];
    for (const [index, { name, x }] of cases.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if (checked.includes(x)) {
        checks.push({
          what: `${name}, ${sizeText(x)}`,
          measured: result.processMs,
          mail: { work: name, octets: x },
        });
        continue;
      }
      put(found, `${name}: process`, x, result.processMs);
      put(found, `${name}: main thread`, x, result.mainMs);
    }
    const apartCases = sizes.map((bytes) => caseOf(bytes, apart.ports["sign-rsa"], onTheWire(messageOf(bytes))));
    for (const [index, { mainMs }] of (await inTurns(bench, apart.pid, apartCases)).entries())
      put(found, names.signMain, apartCases[index]?.x ?? 0, mainMs);
    const curves = [...found].map(
      ([label, points]): Curve => ({
        label,
        unit: "CPU ms",
        bound: "linear",
        steps: [byData, toDisk],
        points,
      }),
    );
    return { title: "Size of a mail", against: "octets", curves, facts: [], checks };
  } finally {
    await filter.stop();
    await apart.stop();
  }
}

/** Of one round: half a second's at least, or a collection more or less shows. */
export function messagesOf(bytes: number): number {
  const roughlyMs = 0.15 + bytes * 1.5e-6;
  return Math.round(600 / roughlyMs);
}

/** Many: what a mail costs is asked for where there is much of it. Few of large mail, so that it fits into memory. */
export function connectionsFor(bytes: number): number {
  if (bytes >= 10_000_000) return 2;
  return bytes >= 1_000_000 ? 4 : bytes >= 200_000 ? 16 : 64;
}

function put(found: Map<string, (readonly [number, number])[]>, label: string, x: number, y: number): void {
  const points = found.get(label);
  if (points === undefined) found.set(label, [[x, y]]);
  else points.push([x, y]);
}
