// Signing domains, 1 to 100,000, in each form an administrator may declare them: what a start takes, what a key
// occupies, and whether a mail costs the same among many as alone.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";
import { configHead } from "../load/config-head.ts";
import { startMeasured } from "../load/daemon.ts";
import { memory } from "../load/usage.ts";
import { messageOf, onTheWire } from "../messages.ts";
import type { Curve, Fact, Growth } from "./curve.ts";
import { type Bench, inTurns, mails } from "./parts.ts";

/** How keys are declared: a folder, OpenDKIM's tables with a file each or a few for all, a list in the configuration. */
const forms = ["dkim_key_dir", "dkim_keytable", "shared dkim_keytable", "dkim_keys"] as const;
type Form = (typeof forms)[number];

/** A configuration has 2 MB at most: more keys than this have no place in it. */
const mostInConfiguration = 10_000;

/** Others are copies. */
const differentKeys = 8;

const counts = [1, 10_000, 100_000] as const;
/** Domains that take turns: more than a worker keeps at hand. */
const inTurnAtMost = 1000;

interface Found {
  readonly form: Form;
  readonly count: number;
  readonly startMs: number;
  readonly idleMb: number;
  readonly signMs: number;
  readonly inTurnMs: number;
}

export async function domains(bench: Bench): Promise<Growth> {
  const found: Found[] = [];
  for (const count of counts) {
    const folder = mkdtempSync(join(tmpdir(), "signpost-growth-"));
    try {
      writeKeys(folder, count);
      for (const form of forms) {
        if (form === "dkim_keys" && count > mostInConfiguration) continue;
        bench.say(`${count} domains by ${form}`);
        found.push(await measureForm(bench, form, folder, count));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const curves = (unit: string, bound: Curve["bound"], read: (each: Found) => number) =>
    forms.map((form): Curve => {
      const points = found.filter((each) => each.form === form).map((each) => [each.count, read(each)] as const);
      return { label: form, unit, bound, points };
    });
  const perKey = forms.flatMap((form): readonly Fact[] => {
    const ofForm = found.filter((each) => each.form === form);
    const [first, last] = [ofForm[0], ofForm.at(-1)];
    if (first === undefined || last === undefined || first === last) return [];
    const kB = ((last.idleMb - first.idleMb) * 1024) / (last.count - first.count);
    return [{ what: `memory of a key, ${form}, of ${last.count}`, value: kB, unit: "kB" }];
  });
  return {
    title: "Domains with a key, 2 kB mails, signed",
    against: "domains",
    curves: [
      ...curves("s to start", "linear", ({ startMs }) => startMs / 1000),
      ...curves("MB resident, idle", "linear", ({ idleMb }) => idleMb),
      ...curves("CPU ms, one domain's mail", "constant", ({ signMs }) => signMs),
      ...curves(`CPU ms, mail of ${inTurnAtMost} domains in turn`, "constant", ({ inTurnMs }) => inTurnMs),
    ],
    facts: perKey,
  };
}

async function measureForm(bench: Bench, form: Form, folder: string, count: number): Promise<Found> {
  const port = await freePort();
  const file = join(folder, `${form.replace(" ", "-")}.yaml`);
  writeFileSync(file, configuration(form, folder, count, port, bench.nextHopPort), { mode: 0o600 });
  const starts: number[] = [];
  // The first start finds the files where the disk has them; like any program's, its time is the disk's.
  for (let start = 0; start < Math.min(2, bench.rounds); start += 1) {
    const once = await startMeasured({ file, ports: [port] });
    if (start > 0) starts.push(once.startMs);
    await once.stop();
  }
  const daemon = await startMeasured({ file, ports: [port] });
  try {
    starts.push(daemon.startMs);
    // What the start left behind has then been collected, if it is going to be.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const idleMb = memory(daemon.pid).rssMb;
    const load = { port, messages: mails(600, bench.scale), connections: 16, reuse: true };
    const many = Array.from({ length: Math.min(count, inTurnAtMost) }, (_, index) => mailOf(index));
    const [one, inTurn] = await inTurns({ ...bench, rounds: Math.min(2, bench.rounds) }, daemon.pid, [
      { x: count, load: { ...load, content: mailOf(count - 1) } },
      { x: count, load: { ...load, content: many } },
    ]);
    starts.sort((a, b) => a - b);
    const startMs = starts[Math.floor(starts.length / 2)] ?? 0;
    return { form, count, startMs, idleMb, signMs: one?.processMs ?? 0, inTurnMs: inTurn?.processMs ?? 0 };
  } finally {
    await daemon.stop();
  }
}

const domainOf = (index: number) => `d${index}.customers.example`;
const keyFile = (index: number) => `keys/${domainOf(index)}/s1.pem`;

/** A file for each domain. A hundred thousand RSA keys would take a day to make: a few are written many times. */
function writeKeys(folder: string, count: number): void {
  const pem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" });
  const made = Array.from({ length: Math.min(count, differentKeys) }, () =>
    pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
  );
  for (let index = 0; index < count; index += 1) {
    mkdirSync(join(folder, "keys", domainOf(index)), { recursive: true });
    writeFileSync(join(folder, keyFile(index)), made[index % made.length] ?? "", { mode: 0o600 });
  }
}

function configuration(form: Form, folder: string, count: number, port: number, nextHopPort: number): string {
  const all = Array.from({ length: count }, (_, index) => index);
  const lines = (line: (index: number) => string) => `${all.map(line).join("\n")}\n`;
  if (form.endsWith("dkim_keytable")) {
    const source = (index: number) => keyFile(form === "dkim_keytable" ? index : index % differentKeys);
    writeFileSync(
      join(folder, "KeyTable"),
      lines((index) => `k${index} ${domainOf(index)}:s1:${join(folder, source(index))}`),
    );
    writeFileSync(
      join(folder, "SigningTable"),
      lines((index) => `*@${domainOf(index)} k${index}`),
    );
  }
  const tables = `dkim_keytable: ${folder}/KeyTable\ndkim_signingtable: refile:${folder}/SigningTable`;
  const keys = {
    dkim_key_dir: `dkim_key_dir: ${folder}/keys`,
    dkim_keytable: tables,
    "shared dkim_keytable": tables,
    dkim_keys: `dkim_keys:\n${lines((index) => `  - { domain: ${domainOf(index)}, selector: s1, file: ${keyFile(index)} }`)}`,
  }[form];
  return `${configHead({ ports: [port], nextHopPort, folder })}
enable_dkim_signing: true
${keys}
originating: true
pool: { threads: 1 }
`;
}

function mailOf(index: number): Uint8Array {
  return onTheWire(messageOf(2000, { from: `alice@${domainOf(index)}` }));
}
