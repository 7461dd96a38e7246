// Cost of a mail against its size, for passing it on, signing and verifying.
import { startFilter, type Work } from "../load/filter.ts";
import { messageOf, onTheWire } from "../messages.ts";
import { sizeText } from "../suite.ts";
import type { Curve, Growth } from "./curve.ts";
import { type Bench, inTurns, mails } from "./parts.ts";

const sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 25_000_000, 50_000_000] as const;
const works = [
  ["pass", "pass"],
  ["sign-rsa", "sign"],
  ["verify", "verify"],
] as const satisfies readonly (readonly [Work, string])[];

export async function size(bench: Bench): Promise<Growth> {
  const { nextHopPort, scale, say } = bench;
  const filter = await startFilter({ nextHopPort });
  try {
    const found = new Map<string, (readonly [number, number])[]>();
    for (const bytes of sizes) {
      say(sizeText(bytes));
      const plain = messageOf(bytes);
      const contents = { plain: onTheWire(plain), signed: onTheWire(filter.signed(plain, "rsa")) };
      const cases = works.map(([work]) => ({
        x: bytes,
        load: {
          port: filter.ports[work],
          content: work === "verify" ? contents.signed : contents.plain,
          messages: mails(bytes >= 10_000_000 ? 4e7 / bytes : bytes >= 1_000_000 ? 30 : 600, scale),
          connections: bytes >= 10_000_000 ? 2 : bytes >= 1_000_000 ? 4 : 16,
          reuse: true,
        },
      }));
      const results = await inTurns(bench, filter.pid, cases);
      for (const [index, [, name]] of works.entries()) {
        const result = results[index];
        if (result === undefined) continue;
        put(found, `${name}: process`, bytes, result.processMs);
        put(found, `${name}: main thread`, bytes, result.mainMs);
      }
    }
    const curves = [...found].map(([label, points]): Curve => ({ label, unit: "CPU ms", bound: "linear", points }));
    return { title: "Size of a mail", against: "octets", curves, facts: [] };
  } finally {
    await filter.stop();
  }
}

function put(found: Map<string, (readonly [number, number])[]>, label: string, x: number, y: number): void {
  const points = found.get(label);
  if (points === undefined) found.set(label, [[x, y]]);
  else points.push([x, y]);
}
