// The real daemon as a process, set up for measuring: one port per kind of work, keys and DNS of its own.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeDns } from "../../test/support/fake-dns.ts";
import { freePort } from "../../test/support/free-port.ts";
import { configHead } from "./config-head.ts";
import { startMeasured } from "./daemon.ts";
import { signRequest, withSignatures } from "./signed.ts";

/** What a port does with mail. `pass`: neither verifies nor signs. */
export type Work = "sign-rsa" | "sign-ed25519" | "verify" | "pass";

export interface Filter {
  readonly pid: number;
  readonly ports: Readonly<Record<Work, number>>;
  /** The message with a signature that the verifying port finds valid. */
  signed(message: Buffer, algorithm: "rsa" | "ed25519"): Buffer;
  /** Event-loop delay of its main thread since the last call, milliseconds. */
  delay(): Promise<{ readonly p99: number; readonly max: number }>;
  stop(): Promise<void>;
}

export interface FilterOptions {
  readonly nextHopPort: number;
  readonly threads?: number;
  /** More settings, in YAML. */
  readonly settings?: string;
  /** Modulus of the RSA key. */
  readonly rsaBits?: number;
  /** What comes before the program: ["taskset", "-c", "0"]. */
  readonly prefix?: readonly string[];
  /** Flags for node. */
  readonly nodeFlags?: readonly string[];
  /** The checkout whose daemon is started, for before and after; this one unless it is told. */
  readonly root?: string;
  /** The program, where it is not the checkout's; see startMeasured. */
  readonly program?: string;
}

export async function startFilter(options: FilterOptions): Promise<Filter> {
  const folder = mkdtempSync(join(tmpdir(), "signpost-bench-"));
  const rsa = generateKeyPairSync("rsa", { modulusLength: options.rsaBits ?? 2048 });
  const ed = generateKeyPairSync("ed25519");
  for (const [name, { privateKey }] of Object.entries({ rsa, ed })) {
    writeFileSync(join(folder, `${name}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  }
  const dns = await startFakeDns({
    "rsa._domainkey.example.com": txt(`v=DKIM1; k=rsa; p=${spki(rsa.publicKey).toString("base64")}`),
    "ed._domainkey.example.com": txt(`v=DKIM1; k=ed25519; p=${spki(ed.publicKey).subarray(-32).toString("base64")}`),
  });
  dns.ttlSeconds = 3600;

  const ports = {
    "sign-rsa": await freePort(),
    "sign-ed25519": await freePort(),
    verify: await freePort(),
    pass: await freePort(),
  };
  const file = join(folder, "signpost.yaml");
  writeFileSync(
    file,
    `${configHead({ ports: Object.values(ports), nextHopPort: options.nextHopPort, folder })}
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys:
  - { domain: example.com, selector: rsa, file: rsa.pem }
  - { domain: example.com, selector: ed, file: ed.pem }
dkim_signature_options_bysender_maps:
  - { ".": { ttl: 21d, a: rsa-sha256, c: relaxed/relaxed } }
mynetworks_maps: []
interface_policy: { "${ports["sign-rsa"]}": RSA, "${ports["sign-ed25519"]}": ED25519, "${ports.pass}": PASS }
policy_bank:
  RSA: { originating: true }
  ED25519:
    originating: true
    dkim_signature_options_bysender_maps: [{ ".": { ttl: 21d, a: ed25519-sha256, c: relaxed/relaxed } }]
  PASS: { enable_dkim_verification: false, enable_dkim_signing: false }
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
${/^pool:/m.test(options.settings ?? "") ? "" : `pool: { threads: ${options.threads ?? 1} }`}
${options.settings ?? ""}
`,
  );

  const { nodeFlags, root, program, prefix = [] } = options;
  const daemon = await startMeasured({
    file,
    ports: Object.values(ports),
    prefix,
    ...(nodeFlags === undefined ? {} : { nodeFlags }),
    ...(root === undefined ? {} : { root }),
    ...(program === undefined ? {} : { program }),
  });

  return {
    pid: daemon.pid,
    ports,
    delay: daemon.delay,
    signed(message, algorithm) {
      const { privateKey } = algorithm === "rsa" ? rsa : ed;
      return withSignatures(message, [signRequest(algorithm === "rsa" ? "rsa" : "ed", algorithm, privateKey)]);
    },
    async stop() {
      await daemon.stop();
      await dns.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** A TXT record as a zone has it: strings of at most 255 octets (RFC 1035 section 3.3.14). */
export function txt(record: string): { readonly TXT: readonly (readonly string[])[] } {
  return { TXT: [record.match(/.{1,255}/gs) ?? []] };
}
