// Other people's ARC: what mailauth and dkimpy say of a chain, and sets that mailauth makes.
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { authenticate } from "mailauth";

const run = promisify(execFile);
const program = join(import.meta.dirname, "../interop/peers/dkimpy-arc.py");
const python = "/usr/bin/python3";

/** TXT records as lists of strings, by name. */
export type Zone = Readonly<Record<string, { readonly TXT?: readonly (readonly string[])[] }>>;

function resolverOf(zone: Zone) {
  return async (name: string, type: string): Promise<string[][]> => {
    const found = type === "TXT" ? zone[name.toLowerCase()]?.TXT : undefined;
    if (found === undefined) throw Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
    return found.map((strings) => [...strings]);
  };
}

export interface Sealer {
  readonly domain: string;
  readonly selector: string;
  readonly pem: string;
  /** Who the client was, for the SPF that the sealer reports. */
  readonly client?: string;
  readonly sender?: string;
}

/** The message with a set of mailauth's making on top, Authentication-Results of the sealer's own left out. */
export async function sealByMailauth(octets: string, zone: Zone, sealer: Sealer): Promise<string> {
  const { domain, selector, pem, client = "192.0.2.200", sender = "x@nowhere.example" } = sealer;
  const { headers } = await authenticate(Buffer.from(octets, "latin1"), {
    ip: client,
    helo: "helo.example",
    sender,
    mta: `mx.${domain}`,
    resolver: resolverOf(zone),
    disableBimi: true,
    seal: { signingDomain: domain, selector, privateKey: pem },
  });
  const fields = headers.match(/^[\x21-\x39\x3b-\x7e]+:(?:.*\r?\n)(?:[ \t].*\r?\n)*/gm) ?? [];
  return fields.filter((field) => field.startsWith("ARC-")).join("") + octets;
}

/** cv of the chain, in mailauth's eyes. */
export async function arcByMailauth(octets: string, zone: Zone): Promise<string> {
  const { arc } = await authenticate(Buffer.from(octets, "latin1"), {
    ip: "192.0.2.200",
    helo: "helo.example",
    sender: "x@nowhere.example",
    mta: "mx.example",
    resolver: resolverOf(zone),
    disableBimi: true,
    disableDmarc: true,
  });
  return arc === false ? "none" : String(arc.status.result);
}

/** undefined where dkimpy is there. */
export function dkimpyMissing(): string | undefined {
  try {
    execFileSync(python, ["-c", "import dkim, nacl"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "dkimpy is not installed";
  }
}

/** cv of each chain, in dkimpy's eyes. */
export async function arcByDkimpy(messages: readonly string[], zone: Zone): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-arc-"));
  try {
    const zoneFile = join(folder, "zone");
    const lines = Object.entries(zone).flatMap(([name, { TXT = [] }]) => TXT.map((txt) => `${name} ${txt.join("")}`));
    await writeFile(zoneFile, lines.join("\n"));
    const files = messages.map((_, index) => join(folder, `${index}.eml`));
    await Promise.all(files.map((file, index) => writeFile(file, messages[index] ?? "", "latin1")));
    const { stdout } = await run(python, [program, zoneFile, ...files]);
    return stdout
      .trim()
      .split("\n")
      .map((line) => String(JSON.parse(line).cv));
  } finally {
    await rm(folder, { recursive: true });
  }
}
