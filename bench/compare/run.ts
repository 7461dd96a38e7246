// `npm run bench:compare`: signpost and its rivals on the same work in turns, as multiples of what signpost takes.
// Milters are driven by their own protocol and only look at the mail; signpost, amavisd and the plain filter also pass
// it on.
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { signMessage } from "../../src/dkim/sign.ts";
import { defaultSignedHeaderFields } from "../../src/dkim/signed-fields.ts";
import { concatShared } from "../../src/mail/shared-octets.ts";
import { version } from "../../src/version.ts";
import { startFakeDns } from "../../test/support/fake-dns.ts";
import { startChild } from "../load/child.ts";
import { freePorts, startFilter, txt } from "../load/filter.ts";
import { quantile } from "../load/source.ts";
import { messageOf, onTheWire } from "../messages.ts";
import { table } from "../table.ts";
import { amavisd, dkimpyMilter, opendkim } from "./debian.ts";
import { runMilterLoad } from "./milter-source.ts";
import { type Peer, type PeerWork, type Running, treeCpuMs } from "./peer.ts";
import { plainNode } from "./plain-node.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "3" }, write: { type: "string" } } });
const rounds = Number(values.rounds);
const peers: readonly Peer[] = [amavisd, opendkim, dkimpyMilter, plainNode];
const sizes = [1_500, 10_000];
const works: readonly PeerWork[] = ["sign-rsa", "sign-ed25519", "verify"];
const say = (line: string) => process.stderr.write(`${line}\n`);

const folder = mkdtempSync(join(tmpdir(), "compare-"));
chmodSync(folder, 0o755);
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed = generateKeyPairSync("ed25519");
const keyFiles = { rsa: join(folder, "rsa.pem"), ed25519: join(folder, "ed.pem") };
writeFileSync(keyFiles.rsa, rsa.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o644 });
writeFileSync(keyFiles.ed25519, ed.privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o644 });
writeFileSync(
  `${keyFiles.ed25519}.seed`,
  ed.privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32).toString("base64"),
);
const record = `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: "spki", format: "der" }).toString("base64")}`;
const records = [["rsa._domainkey.example.com", record]] as const;
const dns = await startFakeDns({ "rsa._domainkey.example.com": txt(record) });
dns.ttlSeconds = 3600;

const sink = startChild();
const source = startChild();
const bare = startChild();
const nextHopPort = await sink.call("sink", { keep: true });
const ours = await startFilter({ nextHopPort });
const freePort = async () => (await freePorts(1))[0] ?? 0;
const needs = { folder, nextHopPort, keyFiles, records, dnsPort: dns.server.port, freePort };

interface Line {
  readonly name: string;
  readonly work: PeerWork;
  readonly bytes: number;
  readonly ms: number[];
  readonly p50: number[];
}
const lines: Line[] = [];
const rsaMs: number[] = [];

try {
  for (const work of works) {
    const started: { peer: Peer; running: Running }[] = [];
    for (const peer of peers) {
      if (!peer.works.includes(work)) continue;
      if (peer.version() === undefined) {
        say(`${peer.name} is not installed`);
        continue;
      }
      try {
        started.push({ peer, running: await peer.start(work, needs) });
      } catch (error) {
        say(`${peer.name} does not ${work}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    for (const bytes of sizes) {
      for (let round = -1; round < rounds; round += 1) {
        say(`${work} ${bytes}: ${round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`}`);
        if (round >= 0)
          rsaMs.push(await bare.call("arithmetic", { what: "sign", algorithm: "rsa", bytes: 2000, rounds: 200 }));
        const own = { pid: ours.pid, port: ours.ports[work], speaks: "smtp", stop: async () => {} } as const;
        await turn("signpost", work, bytes, round, own);
        for (const { peer, running } of started) await turn(peer.name, work, bytes, round, running);
      }
    }
    for (const { running } of started) await running.stop();
  }
  report();
} finally {
  await ours.stop();
  for (const child of [sink, source, bare]) child.stop();
  await dns.close();
  rmSync(folder, { recursive: true, force: true });
}

async function turn(name: string, work: PeerWork, bytes: number, round: number, running: Running): Promise<void> {
  const message = messageOf(bytes);
  // Our own filter asks another DNS for a key of its own.
  const content = work !== "verify" ? message : name === "signpost" ? ours.signed(message, "rsa") : signed(message);
  // What is compiled while it runs is measured once it has been.
  const messages = name === "amavisd" ? 60 : round < 0 ? 3000 : 400;
  // A child of amavisd's serves one connection; those that find none free would wait for as long as the others stay.
  const connections = name === "amavisd" ? 2 : 8;
  const before = treeCpuMs(running.pid, parentsNow());
  const result =
    running.speaks === "milter"
      ? await runMilterLoad({ port: running.port, message: content, messages, connections })
      : await source.call("load", {
          port: running.port,
          content: onTheWire(content),
          messages,
          connections,
          reuse: true,
        });
  await sleep(150);
  const ms = (treeCpuMs(running.pid, parentsNow()) - before) / Math.max(1, result.sent);
  const changed = "changed" in result ? result.changed === result.sent : await lastIsTreated(work);
  if (result.sent < messages || !changed) {
    if (round < 0)
      say(`${name} failed at ${work}: ${result.sent} of ${messages} sent, ${changed ? "" : "not "}treated`);
    return;
  }
  if (round < 0) return;
  let line = lines.find((each) => each.name === name && each.work === work && each.bytes === bytes);
  if (line === undefined) {
    line = { name, work, bytes, ms: [], p50: [] };
    lines.push(line);
  }
  line.ms.push(ms);
  line.p50.push(quantile(result.latenciesMs, 0.5));
}

/** What reached the sink last carries what was asked for. */
async function lastIsTreated(work: PeerWork): Promise<boolean> {
  const { last } = await sink.call("taken", null);
  const header = Buffer.from(last ?? []).toString("latin1", 0, 3000);
  return work === "verify"
    ? /Authentication-Results:[^;]*;\s+dkim=pass/.test(header)
    : /^DKIM-Signature:/m.test(header);
}

function signed(message: Buffer): Buffer {
  const end = message.indexOf("\r\n\r\n");
  const [field] = signMessage({
    header: concatShared([message.subarray(0, end + 2)]),
    body: { chunks: [concatShared([message.subarray(end + 4)])] },
    requests: [
      {
        domain: "example.com",
        selector: "rsa",
        algorithm: "rsa-sha256",
        headerCanonicalization: "relaxed",
        bodyCanonicalization: "relaxed",
        identity: "",
        signedAt: Math.floor(Date.now() / 1000),
        expiresAt: undefined,
        signedFields: defaultSignedHeaderFields,
        privateKey: rsa.privateKey,
      },
    ],
  });
  return Buffer.concat([Buffer.from(field ?? "", "latin1"), message]);
}

function parentsNow(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // Ended meanwhile.
    }
  }
  return parents;
}

function report(): void {
  const middle = (list: readonly number[]) =>
    quantile(
      [...list].sort((a, b) => a - b),
      0.5,
    );
  const rows = lines.map(({ name, work, bytes, ms, p50 }) => {
    const own = lines.find((each) => each.name === "signpost" && each.work === work && each.bytes === bytes);
    return { name, work, bytes, ms: middle(ms), times: middle(ms) / middle(own?.ms ?? [1]), p50: middle(p50) };
  });
  const about = {
    version,
    node: process.version,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    rsaSignMs: middle(rsaMs),
    peers: Object.fromEntries(
      peers.flatMap((peer) => (peer.version() === undefined ? [] : [[peer.name, peer.version()]])),
    ),
  };
  const text = [
    `# Rivals on the same work: signpost ${version}`,
    `node ${about.node}, ${about.machine}; a bare RSA-2048 signature took ${about.rsaSignMs.toFixed(3)} ms of CPU`,
    Object.entries(about.peers)
      .map(([name, peerVersion]) => `${name} ${peerVersion}`)
      .join("; "),
    "CPU of the whole process tree per message, in rounds that take turns. Milters only look at the mail; the others pass it on.",
    table(
      ["who", "work", "size", "CPU ms", "x signpost", "p50 ms"],
      rows.map((row) => [
        row.name,
        row.work,
        `${row.bytes / 1000} kB`,
        row.ms.toFixed(2),
        row.times.toFixed(1),
        row.p50.toFixed(1),
      ]),
    ),
    "",
  ].join("\n\n");
  process.stdout.write(text);
  if (values.write === undefined) return;
  const file = (ending: string) =>
    fileURLToPath(new URL(`../results/${values.write}-rivals.${ending}`, import.meta.url));
  writeFileSync(file("md"), text);
  writeFileSync(file("json"), `${JSON.stringify({ about, rows }, null, 1)}\n`);
}
