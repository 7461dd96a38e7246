// What the turns say, as a table of all rivals and one of what is asked.
import { quantile } from "../load/source.ts";
import { sizeText } from "../suite.ts";
import { table } from "../table.ts";
import { type Asked, asked, askedLatency, askedRates, own } from "./asked.ts";
import type { PeerWork } from "./peer.ts";

export interface Line {
  readonly name: string;
  readonly work: PeerWork;
  readonly bytes: number;
  /** Several mails on a connection, or one. */
  readonly reuse: boolean;
  /** As an MTA under load drives it. */
  readonly usual: boolean;
  readonly ms: number[];
  /** Each turn's CPU against that of a bare RSA-2048 signature just before and after. */
  readonly timesRsa: number[];
  readonly p50: number[];
  readonly perSecond: number[];
}

export interface Row {
  readonly name: string;
  readonly work: PeerWork;
  readonly bytes: number;
  readonly reuse: boolean;
  readonly usual: boolean;
  readonly ms: number;
  readonly timesRsa: number;
  readonly p50: number;
  readonly perSecond: number;
  /** As a multiple of what signpost took with connections used in the same way. */
  readonly times: number | undefined;
}

/** Latency at a fixed rate, on connections that are kept; a figure of each round. */
export interface RateLine {
  readonly name: string;
  readonly work: PeerWork;
  readonly rate: number;
  readonly p50: number[];
  readonly p99: number[];
}

export interface RateRow {
  readonly name: string;
  readonly work: PeerWork;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Its median as a multiple of signpost's. */
  readonly times: number | undefined;
}

/** As many sessions at once as mails: each connects, and has one. */
export interface CrowdRow {
  readonly name: string;
  readonly work: PeerWork;
  readonly connections: number;
  /** Mails that were treated and answered. */
  readonly answered: number;
  /** From the first that connects to the last answer. */
  readonly seconds: number;
  readonly ms: number;
  readonly p50: number;
  readonly p99: number;
}

export interface About {
  readonly version: string;
  readonly node: string;
  readonly machine: string;
  /** What the mail is. */
  readonly mail: string;
  readonly rsaSignMs: number;
  readonly peers: Readonly<Record<string, string>>;
}

export function middle(list: readonly number[]): number {
  return quantile(
    [...list].sort((a, b) => a - b),
    0.5,
  );
}

export function rowsOf(lines: readonly Line[]): readonly Row[] {
  return lines.map(({ name, work, bytes, reuse, usual, ms, timesRsa, p50, perSecond }) => {
    const ours = lines.find(
      (each) => each.name === own && each.work === work && each.bytes === bytes && each.reuse === reuse,
    );
    return {
      name,
      work,
      bytes,
      reuse,
      usual,
      ms: middle(ms),
      timesRsa: middle(timesRsa),
      p50: middle(p50),
      perSecond: middle(perSecond),
      times: ours === undefined ? undefined : middle(timesRsa) / middle(ours.timesRsa),
    };
  });
}

export function rateRowsOf(lines: readonly RateLine[]): readonly RateRow[] {
  return lines.map(({ name, work, rate, p50, p99 }) => {
    const ours = lines.find((each) => each.name === own && each.work === work && each.rate === rate);
    const times = ours === undefined ? undefined : middle(p50) / middle(ours.p50);
    return { name, work, rate, p50: middle(p50), p99: middle(p99), times };
  });
}

const fixed = (value: number | undefined, digits = 1) => (value === undefined ? "-" : value.toFixed(digits));

/** A line of the first table; none where one of the two was not measured. */
function judge(rows: readonly Row[], { peer, work, bytes, times, beside = own }: Asked): readonly string[] | undefined {
  const all = rows.filter((each) => each.work === work && each.bytes === bytes);
  const ratio = (wanted: (row: Row) => boolean): number | undefined => {
    const theirs = all.find((each) => each.name.startsWith(peer) && wanted(each));
    const ours = all.find((each) => each.name === beside && wanted(each));
    return theirs === undefined || ours === undefined ? undefined : theirs.timesRsa / ours.timesRsa;
  };
  const name = all.find((each) => each.name.startsWith(peer))?.name;
  const measured = ratio((row) => row.usual);
  if (name === undefined || measured === undefined) return undefined;
  const [one, many] = [ratio((row) => !row.reuse), ratio((row) => row.reuse)];
  const verdict = measured >= times ? "reached" : "not reached";
  return [name, beside, work, sizeText(bytes), fixed(times), fixed(measured), fixed(one), fixed(many), verdict];
}

/** Mails a second at full load, each driven as an MTA drives it that has much to send: over connections that are kept. */
function judgeRate(
  rows: readonly Row[],
  { peer, work, bytes, times }: Omit<Asked, "beside">,
): readonly string[] | undefined {
  const of = (name: string) =>
    rows.find((each) => each.name.startsWith(name) && each.work === work && each.bytes === bytes && each.reuse);
  const [ours, theirs] = [of(own), of(peer)];
  if (ours === undefined || theirs === undefined) return undefined;
  const ratio = ours.perSecond / theirs.perSecond;
  const verdict = ratio > times ? "reached" : "not reached";
  return [
    theirs.name,
    work,
    sizeText(bytes),
    ours.perSecond.toFixed(0),
    theirs.perSecond.toFixed(0),
    fixed(ratio, 2),
    verdict,
  ];
}

function judgeLatency(rows: readonly RateRow[]): readonly (readonly string[])[] {
  return rows
    .filter(({ name }) => name.startsWith(askedLatency.peer))
    .flatMap((theirs) => {
      const ours = rows.find(({ name, work, rate }) => name === own && work === theirs.work && rate === theirs.rate);
      if (ours === undefined) return [];
      const [p50, p99] = [ours.p50 / theirs.p50, ours.p99 / theirs.p99];
      const verdict = p50 <= askedLatency.p50 && p99 <= askedLatency.p99 ? "reached" : "not reached";
      return [[theirs.name, theirs.work, String(theirs.rate), fixed(p50, 2), fixed(p99, 2), verdict]];
    });
}

export function reportText(
  rows: readonly Row[],
  latencies: readonly RateRow[],
  crowds: readonly CrowdRow[],
  about: About,
): string {
  const judged = asked.flatMap((each) => [judge(rows, each) ?? []].filter(({ length }) => length > 0));
  return [
    `# Rivals on the same work: signpost ${about.version}`,
    `node ${about.node}, ${about.machine}; mail of ${about.mail}; a bare RSA-2048 signature took ${about.rsaSignMs.toFixed(3)} ms of CPU`,
    Object.entries(about.peers)
      .map(([name, version]) => `${name} ${version}`)
      .join("; "),
    "CPU of the whole process tree per message, in rounds that take turns. Milters only look at the mail; the others pass it on.",
    "## What is asked",
    "How many times signpost's CPU a rival takes: each driven as an MTA under load drives it (filters over connections that are kept, milters in a session per mail), and beside it both with a connection per mail, and with many mails on each.",
    table(["who", "beside", "work", "size", "asked", "measured", "one mail each", "many", "verdict"], judged),
    ...throughputText(rows),
    "## All of them",
    "`*` marks the way of connecting that is usual.",
    table(
      [
        "who",
        "work",
        "size",
        "mails a connection",
        "CPU ms",
        "x RSA sign",
        "x signpost, same way",
        "mails/s",
        "p50 ms",
      ],
      rows.map((row) => [
        row.name,
        row.work,
        sizeText(row.bytes),
        `${row.reuse ? "many" : "one"}${row.usual ? " *" : ""}`,
        fixed(row.ms, 2),
        fixed(row.timesRsa),
        fixed(row.times),
        row.perSecond.toFixed(0),
        fixed(row.p50),
      ]),
    ),
    ...(latencies.length === 0 ? [] : [latencyText(latencies)]),
    ...(crowds.length === 0 ? [] : [crowdText(crowds)]),
    "",
  ].join("\n\n");
}

function throughputText(rows: readonly Row[]): readonly string[] {
  const judged = askedRates.flatMap((each) => [judgeRate(rows, each) ?? []].filter(({ length }) => length > 0));
  if (judged.length === 0) return [];
  return [
    "Mails a second at full load over connections that are kept, source and sink on the same cores; asked for more than the rival's:",
    table(["who", "work", "size", "signpost", "rival", "x rival", "verdict"], judged),
  ];
}

function latencyText(latencies: readonly RateRow[]): string {
  const head = ["who", "work", "mails/s", "p50 ms", "p99 ms", "p50 x signpost"];
  const rows = latencies.map(({ name, work, rate, p50, p99, times }) => {
    return [name, work, String(rate), p50.toFixed(2), p99.toFixed(1), times?.toFixed(1) ?? "-"];
  });
  const judged = judgeLatency(latencies);
  const asked =
    judged.length === 0
      ? ""
      : `\n\nAsked for p50 ${askedLatency.p50} x and p99 ${askedLatency.p99} x the rival's at most:\n\n${table(["who", "work", "mails/s", "p50 x", "p99 x", "verdict"], judged)}`;
  return `## Latency at fixed rates, 10 kB, on connections that are kept\n\n${table(head, rows)}${asked}`;
}

function crowdText(crowds: readonly CrowdRow[]): string {
  const head = ["who", "work", "connections", "answered", "seconds", "CPU ms", "p50 ms", "p99 ms"];
  const rows = crowds.map(({ name, work, connections, answered, seconds, ms, p50, p99 }) => {
    return [name, work, String(connections), String(answered), fixed(seconds, 2), fixed(ms, 2), fixed(p50), fixed(p99)];
  });
  return `## Connections that come all at once, a mail of 10 kB on each\n\n${table(head, rows)}`;
}
