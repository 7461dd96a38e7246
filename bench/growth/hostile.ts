// Mail made to be dear, with everything on: cost against size, and how long it keeps the main thread from its sockets.
// A mail that is refused has been read and looked at: it counts as one that was taken.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dotStuffed, hostileShapes } from "../../test/support/hostile-shapes.ts";
import { sizeText } from "../suite.ts";
import type { Curve, Fact, Growth } from "./curve.ts";
import { type Bench, inTurns, mails } from "./parts.ts";
import { startSite } from "./site.ts";

/** Octets, and mails of a round. */
const sizes = [
  [100_000, 20],
  [1_000_000, 5],
  [4_000_000, 3],
] as const;
/** Shapes that are named with how long they kept the main thread. */
const worst = 12;

export async function hostile(bench: Bench): Promise<Growth> {
  const folder = mkdtempSync(join(tmpdir(), "signpost-growth-"));
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = join(folder, "key.pem");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const site = await startSite({
    nextHopPort: bench.nextHopPort,
    banks: { ALL: { settings: "{ originating: true, enable_dkim_verification: true, enable_dkim_signing: true }" } },
    settings: `dkim_keys: [{ domain: sender.example, selector: k, file: ${key} }]
banned_filename_re: [["(?i)\\\\.(exe|scr|bat|com)$", true]]
dns: { servers: ["127.0.0.1:9"], timeout: 0.05, lookup_timeout: 0.1 }`,
  });
  const points = new Map<string, (readonly [number, number])[]>();
  const delays: Fact[] = [];
  let refused = 0;
  try {
    for (const [bytes, count] of sizes) {
      bench.say(`hostile shapes of ${sizeText(bytes)}`);
      for (const { name, octets } of hostileShapes(bytes)) {
        const content = Buffer.concat([dotStuffed(octets), Buffer.from(".\r\n")]);
        const messages = mails(count, bench.scale);
        const load = { port: site.port("ALL"), content, messages, connections: 1, reuse: true };
        await site.delay();
        const [result] = await inTurns({ ...bench, rounds: 1 }, site.pid, [{ x: bytes, load }], "count");
        const delay = await site.delay();
        if (result === undefined) continue;
        refused += result.refused > 0 ? 1 : 0;
        points.set(name, [...(points.get(name) ?? []), [bytes, result.processMs]]);
        delays.push({
          what: `main thread kept from its sockets at most, ${sizeText(bytes)}, ${name}`,
          value: delay.max,
          unit: "ms",
        });
      }
    }
  } finally {
    await site.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const curves = [...points].map(([label, each]): Curve => ({ label, unit: "CPU ms", bound: "linear", points: each }));
  const facts: readonly Fact[] = [
    { what: "mails that are refused, of all shapes and sizes", value: refused, unit: `of ${delays.length}` },
    ...delays.toSorted((a, b) => b.value - a.value).slice(0, worst),
  ];
  return { title: "Hostile shapes, everything on", against: "octets", curves, facts };
}
