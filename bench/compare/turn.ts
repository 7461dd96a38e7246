// One turn: a load on one filter or milter, the CPU that its whole process tree took, and whether the work was done.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "../load/child.ts";
import { quantile } from "../load/source.ts";
import { onTheWire } from "../messages.ts";
import { runMilterLoad } from "./milter-source.ts";
import { type PeerWork, type Running, treeCpuMs } from "./peer.ts";

export interface Turn {
  readonly running: Running;
  readonly work: PeerWork;
  readonly content: Buffer;
  readonly messages: number;
  readonly connections: number;
  /** Several mails on a connection, or one. */
  readonly reuse: boolean;
  /** Mails a second; absent: as fast as they are taken. */
  readonly ratePerSecond?: number;
}

export interface Taken {
  /** CPU per message. */
  readonly ms: number;
  readonly p50: number;
  readonly p99: number;
  /** From the first mail's start to the last one's end. */
  readonly seconds: number;
  readonly sent: number;
  /** What went wrong, if anything did. */
  readonly fault: string | undefined;
}

/** Mail to be signed comes from the machine itself, mail to be verified from outside. */
const clients = {
  inside: { name: "localhost", address: "127.0.0.1" },
  outside: { name: "client.example.com", address: "192.0.2.17" },
} as const;

export async function takeTurn(turn: Turn, source: Child, sink: Child): Promise<Taken> {
  const { running, work, content, messages, connections, reuse, ratePerSecond } = turn;
  const { place } = running;
  const pace = ratePerSecond === undefined ? {} : { ratePerSecond };
  const before = treeCpuMs(running.pid, parentsNow());
  const result =
    running.speaks === "milter"
      ? await runMilterLoad({
          place,
          message: content,
          messages,
          connections,
          reuse,
          ...pace,
          client: work === "verify" ? clients.outside : clients.inside,
          treats: (name, value) => shows(work, `${name}: ${value}`),
        })
      : await source.call("load", {
          port: Number(place),
          content: onTheWire(content),
          messages,
          connections,
          reuse,
          ...pace,
        });
  // What is done after the last reply belongs to the mail, too.
  await sleep(150);
  const ms = (treeCpuMs(running.pid, parentsNow()) - before) / Math.max(1, result.sent);
  const treated = "treated" in result ? result.treated === result.sent : await lastIsTreated(work, sink);
  return {
    ms,
    p50: quantile(result.latenciesMs, 0.5),
    p99: quantile(result.latenciesMs, 0.99),
    seconds: result.seconds,
    sent: result.sent,
    fault:
      result.sent < messages
        ? `${result.sent} of ${messages} sent${"refusal" in result ? `: ${result.refusal}` : ""}`
        : treated
          ? undefined
          : "mail came out untreated",
  };
}

/** What reached the sink last carries what was asked for. */
async function lastIsTreated(work: PeerWork, sink: Child): Promise<boolean> {
  const { last } = await sink.call("taken", null);
  const header = Buffer.from(last ?? []).toString("latin1", 0, 3000);
  return header.split(/\r\n(?![ \t])/).some((field) => shows(work, field));
}

function shows(work: PeerWork, field: string): boolean {
  if (work === "pass") return true;
  return work === "verify"
    ? /^Authentication-Results:[^;]*;\s+dkim=pass/i.test(field)
    : /^DKIM-Signature:/i.test(field) && /\bc=relaxed\/relaxed\b/.test(field) && /\bd=example\.com\b/.test(field);
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
