// `npm run bench:compare`: signpost and its rivals on the same work in turns, as multiples of what signpost takes.
// Milters are driven by their own protocol and only look at the mail; the filters also pass it on.
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../../src/process/version.ts";
import { startFakeDns } from "../../test/support/fake-dns.ts";
import { freePort } from "../../test/support/free-port.ts";
import { rsaSignMs } from "../load/bare.ts";
import { startChild } from "../load/child.ts";
import { startFilter, txt } from "../load/filter.ts";
import { signRequest, withSignatures } from "../load/signed.ts";
import { messageOf } from "../messages.ts";
import { own } from "./asked.ts";
import { amavisd, dkimpyMilter, opendkim } from "./debian.ts";
import { haraka } from "./haraka.ts";
import { ownMilter } from "./own-milter.ts";
import type { Pace, Peer, PeerWork, Running } from "./peer.ts";
import { plainNode } from "./plain-node.ts";
import { type CrowdRow, type Line, middle, type RateLine, rateRowsOf, reportText, rowsOf } from "./report.ts";
import { rspamd } from "./rspamd.ts";
import { type Taken, takeTurn } from "./turn.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    works: { type: "string", default: "pass,sign-rsa,sign-ed25519,verify" },
    sizes: { type: "string", default: "1500,10000,10000000" },
    /** Beginnings of names. */
    peers: { type: "string", default: "" },
    /** Mails a second at which latency is measured; "" for none. */
    rates: { type: "string", default: "20,100,400" },
    /** Mails that signpost gets before the first turn, of each size and way of connecting. */
    "warm-up": { type: "string", default: "8000" },
    /** Connections that come at once, for signpost and the milters; 0 for none. */
    crowd: { type: "string", default: "1000" },
    /** Mail of text and HTML instead of text alone. */
    html: { type: "boolean", default: false },
    "no-chunking": { type: "boolean", default: false },
    write: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const wanted = values.peers.split(",");
const peers: readonly Peer[] = [ownMilter, amavisd, opendkim, rspamd, dkimpyMilter, plainNode, haraka].filter(
  ({ name }) => wanted.some((beginning) => name.startsWith(beginning)),
);
const everyWork: readonly PeerWork[] = ["pass", "sign-rsa", "sign-ed25519", "verify"];
const works = everyWork.filter((work) => values.works.split(",").includes(work));
const sizes = values.sizes.split(",").map(Number);
const rates = values.rates.split(",").filter(Boolean).map(Number);
const large = 1_000_000;
const ratedBytes = 10_000;
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
const nextHopPort = await sink.call("sink", { keep: true, chunking: !values["no-chunking"] });
const ours = await startFilter({ nextHopPort });
const needs = { folder, nextHopPort, keyFiles, records, dnsPort: dns.server.port, freePort };

interface Contestant {
  readonly name: string;
  readonly pace: Pace;
  readonly running: Running;
}
const ownPace: Pace = { connections: 16, messages: 3000, warmUp: 8000, large: 12, perSecond: 400 };
const lines: Line[] = [];
const rateLines: RateLine[] = [];
const crowds: CrowdRow[] = [];
const rsaMs: number[] = [];

try {
  for (const work of works) {
    const started: Contestant[] = [
      {
        name: own,
        pace: ownPace,
        running: { pid: ours.pid, place: ours.ports[work], speaks: "smtp", stop: async () => {} },
      },
    ];
    for (const peer of peers) {
      if (!peer.works.includes(work)) continue;
      if (peer.version() === undefined) {
        say(`${peer.name} is not installed`);
        continue;
      }
      try {
        started.push({ name: peer.name, pace: peer.pace, running: await peer.start(work, needs) });
      } catch (error) {
        say(`${peer.name} does not ${work}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    for (const bytes of sizes) {
      if (bytes > large && work === "sign-ed25519") continue;
      for (let round = -1; round < rounds; round += 1) {
        say(`${work} ${bytes}: ${round < 0 ? "warming up" : `round ${round + 1} of ${rounds}`}`);
        for (const each of started) await turns(each, work, bytes, round);
      }
      if (bytes !== ratedBytes) continue;
      for (const each of started) if (Number(values.crowd) > 0) await atOnce(each, work, Number(values.crowd));
      for (const rate of rates) {
        for (let round = 0; round < rounds; round += 1) {
          say(`${work} at ${rate}/s: round ${round + 1} of ${rounds}`);
          for (const each of started) if (each.pace.perSecond >= rate) await atRate(each, work, rate);
        }
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

/** One turn for each way of connecting; large mail has its own weight and goes the usual way only. */
async function turns({ name, pace, running }: Contestant, work: PeerWork, bytes: number, round: number): Promise<void> {
  const content = contentFor(name, work, bytes);
  for (const reuse of [true, false]) {
    const usual = reuse === (running.speaks === "smtp");
    if (bytes > large && !usual) continue;
    const connections = bytes > large ? 2 : pace.connections;
    const warmUp = name.startsWith(own) ? Number(values["warm-up"]) : pace.warmUp;
    const messages = bytes > large ? pace.large : round < 0 ? warmUp : pace.messages;
    const rsaBefore = await rsaSignMs(bare);
    const taken = await takeTurn({ running, work, content, messages, connections, reuse }, source, sink);
    if (taken.fault !== undefined) say(`${name} failed at ${work}: ${taken.fault}`);
    if (round < 0 || taken.fault !== undefined) continue;
    let line = lines.find(
      (each) => each.name === name && each.work === work && each.bytes === bytes && each.reuse === reuse,
    );
    if (line === undefined) {
      line = { name, work, bytes, reuse, usual, ms: [], timesRsa: [], p50: [], perSecond: [] };
      lines.push(line);
    }
    const rsa = (rsaBefore + (await rsaSignMs(bare))) / 2;
    rsaMs.push(rsa);
    line.ms.push(taken.ms);
    line.timesRsa.push(taken.ms / rsa);
    line.p50.push(taken.p50);
    line.perSecond.push(taken.sent / taken.seconds);
  }
}

/** Latency, on connections that are kept: some seconds of mails that come when their time has come. */
async function atRate({ name, pace, running }: Contestant, work: PeerWork, rate: number): Promise<void> {
  const content = contentFor(name, work, ratedBytes);
  const messages = Math.max(100, rate * 3);
  const { connections } = pace;
  const turn = { running, work, content, messages, connections, reuse: true, ratePerSecond: rate };
  const { fault, p50, p99 } = await takeTurn(turn, source, sink);
  if (fault !== undefined) {
    say(`${name} failed at ${work} at ${rate}/s: ${fault}`);
    return;
  }
  let line = rateLines.find((each) => each.name === name && each.work === work && each.rate === rate);
  if (line === undefined) {
    line = { name, work, rate, p50: [], p99: [] };
    rateLines.push(line);
  }
  line.p50.push(p50);
  line.p99.push(p99);
}

/** The middle one of some rounds. Filters other than our own let few in at a time. */
async function atOnce({ name, running }: Contestant, work: PeerWork, connections: number): Promise<void> {
  if (name !== own && running.speaks !== "milter") return;
  const content = contentFor(name, work, ratedBytes);
  const turn = { running, work, content, messages: connections, connections, reuse: false };
  const taken: Taken[] = [];
  for (let round = 0; round < rounds; round += 1) {
    say(`${name}, ${work}: ${connections} at once, round ${round + 1} of ${rounds}`);
    taken.push(await takeTurn(turn, source, sink));
    const { fault } = taken.at(-1) ?? {};
    if (fault !== undefined) say(`${name} failed at ${connections} connections: ${fault}`);
  }
  const of = (read: (each: Taken) => number) => middle(taken.map(read));
  crowds.push({
    name,
    work,
    connections,
    answered: Math.min(...taken.map(({ sent }) => sent)),
    seconds: of(({ seconds }) => seconds),
    ms: of(({ ms }) => ms),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
  });
}

/** Our own filter asks another DNS for a key of its own. */
function contentFor(name: string, work: PeerWork, bytes: number): Buffer {
  const message = messageOf(bytes, { html: values.html });
  if (work !== "verify") return message;
  return name === own ? ours.signed(message, "rsa") : signed(message);
}

function signed(message: Buffer): Buffer {
  return withSignatures(message, [signRequest("rsa", "rsa", rsa.privateKey)]);
}

function report(): void {
  const rows = rowsOf(lines);
  const latencies = rateRowsOf(rateLines);
  const about = {
    version,
    node: process.version,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    mail: values.html ? "text and HTML" : "text",
    rsaSignMs: middle(rsaMs),
    peers: Object.fromEntries(peers.flatMap((peer) => [[peer.name, peer.version()]]).filter(([, each]) => each)),
  };
  const text = reportText(rows, latencies, crowds, about);
  process.stdout.write(text);
  if (values.write === undefined) return;
  const file = (ending: string) =>
    fileURLToPath(new URL(`../results/${values.write}-rivals.${ending}`, import.meta.url));
  writeFileSync(file("md"), text);
  writeFileSync(file("json"), `${JSON.stringify({ about, rows, latencies, crowds }, null, 1)}\n`);
}
