// Listening sockets that this process was started with: systemd's (sd_listen_fds(3)), or those of the daemon whose place it
// takes. Connections that come while nobody accepts wait in them, so none is refused.
import { closeSync, readFileSync, readlinkSync } from "node:fs";

export interface InheritedSockets {
  /** The descriptor for "127.0.0.1:10024", "*:10024" or the path of a unix socket, once; undefined where there is none. */
  take(key: string): number | undefined;
  /** Whether there is one that nobody took. */
  has(key: string): boolean;
  /** All that nobody took, for processes of our own. */
  descriptors(): readonly number[];
  /** Closes what nobody took; gives their names. */
  closeRest(): readonly string[];
}

/** The first descriptor that is handed over. */
const firstInherited = 3;

/** What is asked of the system; a test hands in its own. */
export interface InheritedSystem {
  /** The inode of a descriptor's socket, undefined when it is none. */
  inode(descriptor: number): string | undefined;
  /** The text of a table of /proc/self/net; "" where there is none. */
  table(name: "tcp" | "tcp6" | "unix"): string;
  close(descriptor: number): void;
}

const realSystem: InheritedSystem = {
  inode(descriptor) {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
    } catch {
      return undefined;
    }
  },
  table(name) {
    try {
      return readFileSync(`/proc/self/net/${name}`, "latin1");
    } catch {
      return "";
    }
  },
  close: closeSync,
};

/**
 * Those that LISTEN_FDS counts. Meant for another process they are none of ours: systemd says in LISTEN_PID for whom they
 * are; `isSuccessor`: our parent handed them over, and could not know our pid.
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  isSuccessor: boolean,
  system: InheritedSystem = realSystem,
): InheritedSockets {
  const count = Number(env.LISTEN_FDS ?? 0);
  const ours = isSuccessor || env.LISTEN_PID === String(process.pid);
  const known = new Map<string, number>();
  if (ours && Number.isInteger(count) && count > 0) {
    const names = listeningNames(system);
    for (let descriptor = firstInherited; descriptor < firstInherited + count; descriptor += 1) {
      const name = names.get(system.inode(descriptor) ?? "");
      known.set(name ?? `descriptor ${descriptor}`, descriptor);
    }
  }
  return {
    take(key) {
      for (const name of namesOf(key)) {
        const descriptor = known.get(name);
        if (descriptor === undefined) continue;
        known.delete(name);
        return descriptor;
      }
      return undefined;
    },
    has: (key) => namesOf(key).some((name) => known.has(name)),
    descriptors: () => [...known.values()],
    closeRest() {
      const names = [...known.keys()];
      for (const descriptor of known.values()) system.close(descriptor);
      known.clear();
      return names;
    },
  };
}

/** A wildcard is the socket of either family. */
function namesOf(key: string): readonly string[] {
  const port = /^\*:(\d+)$/.exec(key)?.[1];
  return port === undefined ? [key] : [`:::${port}`, `0.0.0.0:${port}`];
}

/** Where sockets listen, by inode. */
function listeningNames({ table }: InheritedSystem): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [file, address] of [
    ["tcp", ipv4Text],
    ["tcp6", ipv6Text],
  ] as const) {
    for (const line of table(file).split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [host = "", port = ""] = (fields[1] ?? "").split(":");
      const [state, inode] = [fields[3], fields[9]];
      if (state === listenState && inode !== undefined)
        names.set(inode, `${address(host)}:${Number.parseInt(port, 16)}`);
    }
  }
  for (const line of table("unix").split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [inode, path] = [fields[6], fields.slice(7).join(" ")];
    if (inode !== undefined && path.startsWith("/")) names.set(inode, path);
  }
  return names;
}

/** TCP_LISTEN of the kernel's include/net/tcp_states.h. */
const listenState = "0A";

/** Addresses are printed as words in the machine's own order, which is little-endian wherever Node runs. */
function octetsOf(hex: string): readonly number[] {
  const words = hex.match(/.{8}/g) ?? [];
  return words.flatMap((word) => [...Buffer.from(word, "hex")].reverse());
}

function ipv4Text(hex: string): string {
  return octetsOf(hex).join(".");
}

function ipv6Text(hex: string): string {
  const octets = octetsOf(hex);
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((octets[2 * at] ?? 0) * 256 + (octets[2 * at + 1] ?? 0)).toString(16),
  );
  // As the system's own functions print it: new URL() has them.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
