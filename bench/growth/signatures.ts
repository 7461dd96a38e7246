// Cost of a mail against its signatures: 1 to 10 to verify, each with a key of its own, 1 to 4 to make.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeDns } from "../../test/support/fake-dns.ts";
import { freePort } from "../../test/support/free-port.ts";
import { configHead } from "../load/config-head.ts";
import { startMeasured } from "../load/daemon.ts";
import { txt } from "../load/filter.ts";
import { signRequest, withSignatures } from "../load/signed.ts";
import { messageOf, onTheWire } from "../messages.ts";
import type { Growth } from "./curve.ts";
import { type Bench, type Case, checkWork, inTurns, mails, warmUp } from "./parts.ts";

const toVerify: readonly number[] = [1, 2, 4, 6, 8, 10];
const toMake: readonly number[] = [1, 2, 3, 4];

export interface SigningSite {
  readonly pid: number;
  readonly verifyPort: number;
  /** The port that makes so many signatures, 1 to 4. */
  signPort(count: number): number;
  /** The message with so many signatures, 1 to 10, that the verifying port finds valid. */
  signed(message: Buffer, count: number): Buffer;
  stop(): Promise<void>;
}

/** A daemon with ten keys, and a DNS that has them. `inPlace`: whether its main thread makes signatures when the worker is behind. */
export async function startSigningSite(
  nextHopPort: number,
  { inPlace }: { readonly inPlace: boolean },
): Promise<SigningSite> {
  const folder = mkdtempSync(join(tmpdir(), "signpost-growth-"));
  const keys = Array.from({ length: 10 }, () => generateKeyPairSync("rsa", { modulusLength: 2048 }));
  const dns = await startFakeDns(
    Object.fromEntries(
      keys.map(({ publicKey }, index) => [
        `k${index}._domainkey.example.com`,
        txt(`v=DKIM1; k=rsa; p=${publicKey.export({ type: "spki", format: "der" }).toString("base64")}`),
      ]),
    ),
  );
  dns.ttlSeconds = 3600;
  const verifyPort = await freePort();
  const signPorts = await Promise.all(toMake.map(() => freePort()));
  const ports = [verifyPort, ...signPorts];
  for (const [index, { privateKey }] of keys.entries()) {
    writeFileSync(join(folder, `k${index}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  }
  const sets = (count: number) =>
    Array.from({ length: count }, (_, index) => `{ s: k${index}, c: relaxed/relaxed, ttl: 21d }`).join(", ");
  const file = join(folder, "signpost.yaml");
  writeFileSync(
    file,
    `${configHead({ ports: ports, nextHopPort: nextHopPort, folder })}
enable_dkim_verification: true
enable_dkim_signing: true
dkim_max_keys: 10
dkim_keys:
${keys.map((_, index) => `  - { domain: example.com, selector: k${index}, file: k${index}.pem }`).join("\n")}
mynetworks_maps: []
interface_policy: { ${toMake.map((count, index) => `"${signPorts[index]}": MAKE${count}`).join(", ")} }
policy_bank:
${toMake.map((count) => `  MAKE${count}: { originating: true, dkim_signature_options_bysender_maps: [{ ".": [${sets(count)}] }] }`).join("\n")}
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
pool: { threads: 1, in_place: ${inPlace} }
`,
    { mode: 0o600 },
  );
  const daemon = await startMeasured({ file, ports });
  return {
    pid: daemon.pid,
    verifyPort,
    signPort: (count) => signPorts[toMake.indexOf(count)] ?? 0,
    signed: (message, count) =>
      signed(
        message,
        keys.slice(0, count).map(({ privateKey }) => privateKey),
      ),
    async stop() {
      await daemon.stop();
      await dns.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function signatures(bench: Bench): Promise<Growth> {
  // What each signature is to the main thread would else depend on how many of them the worker could begin soon.
  const site = await startSigningSite(bench.nextHopPort, { inPlace: false });
  try {
    const plain = messageOf(10_000);
    const load = { messages: mails(2500, bench.scale), connections: 64, reuse: true };
    const verifying = toVerify.map((count) => {
      const content = onTheWire(site.signed(plain, count));
      return { x: count, load: { ...load, port: site.verifyPort, content } };
    });
    const making = toMake.map((count) => {
      return { x: count, load: { ...load, port: site.signPort(count), content: onTheWire(plain) } };
    });
    const [most, made] = [verifying.at(-1)?.load, making.at(-1)?.load];
    if (most !== undefined) await checkWork(bench, most.port, most.content, /(dkim=pass.*){10}/s);
    if (made !== undefined) await checkWork(bench, made.port, made.content, /(^DKIM-Signature:.*){4}/ms);
    bench.say(`${toVerify.join(", ")} to verify; ${toMake.join(", ")} to make`);
    for (const { load } of [...verifying.slice(0, 1), ...making.slice(0, 1)]) await warmUp(bench, load);
    const results = await inTurns(bench, site.pid, [...verifying, ...making]);
    const points = (cases: readonly Case[], from: number, read: "processMs" | "mainMs") =>
      cases.map(({ x }, index) => [x, results[from + index]?.[read] ?? Number.NaN] as const);
    const curve = (label: string, values: readonly (readonly [number, number])[]) =>
      ({ label, unit: "CPU ms", bound: "linear", points: values }) as const;
    return {
      title: "Signatures of a mail, 10 kB, RSA-2048, a key each",
      against: "signatures",
      curves: [
        curve("verify: process", points(verifying, 0, "processMs")),
        curve("verify: main thread", points(verifying, 0, "mainMs")),
        curve("sign: process", points(making, verifying.length, "processMs")),
        curve("sign: main thread", points(making, verifying.length, "mainMs")),
      ],
      facts: [],
    };
  } finally {
    await site.stop();
  }
}

function signed(message: Buffer, keys: readonly KeyObject[]): Buffer {
  return withSignatures(
    message,
    keys.map((privateKey, index) => signRequest(`k${index}`, "rsa", privateKey)),
  );
}
