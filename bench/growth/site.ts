// A daemon with a port for each of several policy banks, on settings that a part of the measurements names.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";
import { configHead } from "../load/config-head.ts";
import { startMeasured } from "../load/daemon.ts";

export interface SiteOptions {
  readonly nextHopPort: number;
  /** YAML of each bank, by its name; `path` names those that its port loads where that is not the bank alone. */
  readonly banks: Readonly<Record<string, { readonly settings: string; readonly path?: string }>>;
  /** Further settings, YAML. */
  readonly settings?: string;
  /** Banks that no port has, YAML members of `policy_bank`. */
  readonly furtherBanks?: string;
}

export interface Site {
  readonly pid: number;
  /** The port of a bank. Throws where there is no such bank. */
  port(bank: string): number;
  /** Event-loop delay of its main thread since the last call, milliseconds. */
  delay(): Promise<{ readonly p99: number; readonly max: number }>;
  stop(): Promise<void>;
}

/** Neither verifies nor signs unless a bank says so. */
export async function startSite(options: SiteOptions): Promise<Site> {
  const { nextHopPort, banks, settings = "", furtherBanks = "" } = options;
  const folder = mkdtempSync(join(tmpdir(), "signpost-growth-"));
  const ports = new Map<string, number>();
  for (const name of Object.keys(banks)) ports.set(name, await freePort());
  const paths = [...ports].map(([name, port]) => `"${port}": "${banks[name]?.path ?? name}"`);
  const file = join(folder, "signpost.yaml");
  writeFileSync(
    file,
    `${configHead({ ports: [...ports.values()], nextHopPort: nextHopPort, folder })}
enable_dkim_verification: false
enable_dkim_signing: false
interface_policy: { ${paths.join(", ")} }
policy_bank:
${Object.entries(banks)
  .map(([name, bank]) => `  ${name}: ${bank.settings}\n`)
  .join("")}${furtherBanks}
pool: { threads: 1 }
${settings}
`,
    { mode: 0o600 },
  );
  const daemon = await startMeasured({ file, ports: [...ports.values()] });
  return {
    pid: daemon.pid,
    delay: daemon.delay,
    port(bank) {
      const port = ports.get(bank);
      if (port === undefined) throw new Error(`no bank ${bank}`);
      return port;
    },
    async stop() {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
