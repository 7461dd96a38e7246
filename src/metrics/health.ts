// Readiness: workers proved themselves and are alive, every listener is open, a next hop of each bank was reachable
// within the last minute, and a configuration is in force.
import { connect } from "node:net";
import { LRUCache } from "lru-cache";
import { formatNextHop, type NextHop } from "../smtp/next-hop.ts";

export interface HealthNeeds {
  /** Worker threads alive. */
  threadsAlive(): number;
  /** Listeners that should be open and are not. */
  closedListeners(): number;
  /** Where mail goes, one list of alternatives per method; those that depend on the connection left out. */
  nextHops(): readonly (readonly NextHop[])[];
  /** Shutting down. */
  draining(): boolean;
  /** Monotonic, milliseconds. */
  now?: () => number;
}

export const conditions = ["workers", "listeners", "next_hop", "config"] as const;
export type Condition = (typeof conditions)[number];

export interface Health {
  /** The next hop answered: connected, or replied to a command. */
  reached(remote: string): void;
  /** What is wrong, by condition; conditions that hold are missing. */
  check(): Promise<ReadonlyMap<Condition, string>>;
}

const freshMs = 60_000;
/** Next hops may be as many as there are clients (`smtp:*:*`): those of the configuration come again at once. */
const maxReached = 1000;
/** After a failed attempt we wait, however often we are asked. */
const retryMs = 5_000;
const probeMs = 2_000;

export function createHealth(needs: HealthNeeds, probe: (hop: NextHop) => Promise<boolean> = canConnect): Health {
  const now = needs.now ?? (() => performance.now());
  const reachedAt = new LRUCache<string, number>({ max: maxReached });
  const probes = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();

  async function isReachable(hop: NextHop): Promise<boolean> {
    const remote = formatNextHop(hop);
    const last = reachedAt.get(remote);
    if (last !== undefined && now() - last < freshMs) return true;
    // No mail went there lately: ask.
    let latest = probes.get(remote);
    if (latest === undefined || now() - latest.at > retryMs) {
      latest = { at: now(), answer: probe(hop) };
      probes.set(remote, latest);
    }
    const answer = await latest.answer;
    if (answer) reachedAt.set(remote, latest.at);
    return answer;
  }

  async function unreachable(): Promise<string | undefined> {
    const methods = needs.nextHops();
    const answers = await Promise.all(methods.map((hops) => Promise.all(hops.map(isReachable))));
    const silent = methods.filter((_, index) => answers[index]?.includes(true) === false);
    if (silent.length === 0) return undefined;
    return `not reachable: ${silent.map((hops) => hops.map(formatNextHop).join(" or ")).join(", ")}`;
  }

  return {
    reached(remote) {
      reachedAt.set(remote, now());
    },
    async check() {
      const troubles = new Map<Condition, string>();
      if (needs.threadsAlive() === 0) troubles.set("workers", "no worker thread is alive");
      const closed = needs.closedListeners();
      if (closed > 0) troubles.set("listeners", `${closed} listener(s) not open`);
      if (needs.draining()) troubles.set("config", "shutting down");
      const trouble = await unreachable();
      if (trouble !== undefined) troubles.set("next_hop", trouble);
      return troubles;
    },
  };
}

/** True if the next hop greets with 220; its session is ended with QUIT. */
function canConnect(hop: NextHop): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect("path" in hop ? { path: hop.path } : { host: hop.host, port: hop.port });
    const timer = setTimeout(() => socket.destroy(), probeMs);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(false);
    });
    socket.on("data", (octets) => {
      if (text.includes("\n")) return;
      text += octets.toString("latin1");
      if (text.includes("\n")) {
        resolve(text.startsWith("220"));
        // Said and sent before the connection closes: a next hop logs those that hang up on it.
        socket.end("QUIT\r\n");
      } else if (text.length > 1000) socket.destroy();
    });
  });
}
