// What an adapter gives: a rival set up to sign and to verify the same mail with the same keys, started in a folder of
// its own and ended by its process id. One that is not installed says so and is left out.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";

export interface PeerNeeds {
  /** For its files; everybody may look into it. */
  readonly folder: string;
  /** Where it hands mail on to, if it does. */
  readonly nextHopPort: number;
  /** Private keys in PEM: example.com signs with selector "rsa" or "ed". */
  readonly keyFiles: { readonly rsa: string; readonly ed25519: string };
  /** Lines "name record" for each public key, and the port of a server that answers them on 127.0.0.1. */
  readonly records: readonly (readonly [name: string, record: string])[];
  readonly dnsPort: number;
  readonly freePort: () => Promise<number>;
}

/** A port on 127.0.0.1, or the path of a unix socket. */
export type Place = number | string;

export interface Running {
  readonly pid: number;
  readonly place: Place;
  readonly speaks: "smtp" | "milter";
  stop(): Promise<void>;
}

/** "pass": mail is taken and handed on, without DKIM. */
export type PeerWork = "pass" | "sign-rsa" | "sign-ed25519" | "verify";

/** How it is loaded: enough mails in a turn that the clock's ticks of 10 ms are small beside the sum. */
export interface Pace {
  /** Connections at a time. */
  readonly connections: number;
  readonly messages: number;
  /** Mails before the first turn: what is compiled while it runs needs many. */
  readonly warmUp: number;
  /** Mails of 10 MB in a turn. */
  readonly large: number;
  /** The highest of the fixed rates at which it is not yet full. */
  readonly perSecond: number;
}

export interface Peer {
  readonly name: string;
  readonly works: readonly PeerWork[];
  readonly pace: Pace;
  /** Undefined when it is not installed. */
  version(): string | undefined;
  start(work: PeerWork, needs: PeerNeeds): Promise<Running>;
}

export interface Started {
  readonly command: string;
  readonly args: readonly string[];
  readonly place: Place;
  readonly speaks: Running["speaks"];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program that stays in the foreground and waits until it listens. */
export async function startProgram({ command, args, place, speaks, env = {} }: Started): Promise<Running> {
  const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("latin1")).slice(-2000);
    });
  }
  await once(child, "spawn");
  const deadline = performance.now() + 30_000;
  while (!(await listens(place))) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${said}`);
    if (performance.now() > deadline) {
      await end(child);
      throw new Error(`${command} does not listen: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { pid: child.pid ?? 0, place, speaks, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(late);
}

export function connectTo(place: Place): Socket {
  return typeof place === "string" ? connect(place) : connect({ host: "127.0.0.1", port: place, noDelay: true });
}

async function listens(place: Place): Promise<boolean> {
  const socket = connectTo(place);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** CPU milliseconds of a process and its descendants, threads and children that ended included; ticks of 10 ms. */
export function treeCpuMs(pid: number, parents: ReadonlyMap<number, number>): number {
  let ticks = 0;
  for (const each of parents.keys()) {
    if (!descends(each, pid, parents)) continue;
    try {
      const stat = readFileSync(`/proc/${each}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // utime, stime, cutime, cstime (proc(5)).
      for (const index of [11, 12, 13, 14]) ticks += Number(fields[index]);
    } catch {
      // Ended meanwhile: counted by its parent.
    }
  }
  return ticks * 10;
}

function descends(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
    if (at === ancestor) return true;
  return false;
}
