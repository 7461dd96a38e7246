// What one of several processes makes of the configuration: its share of what is bounded for the daemon as a whole, and
// nothing of what the supervising process does for all.
import { cpus } from "node:os";
import type { Config } from "../config/config.ts";

/** One of the processes that share the ports. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** The configuration as this process is to go by. */
export function shareOf(config: Config, { number, of }: Part): Config {
  const isFirst = number === 1;
  return {
    ...config,
    pool: { ...config.pool, threads: config.pool.threads ?? threadsOf(of, cpus().length) },
    limits: { ...config.limits, connections: dealtOut(config.limits.connections, of) },
    relay: {
      ...config.relay,
      connections: Math.ceil(config.relay.connections / of),
      connections_per_next_hop: Math.ceil(config.relay.connections_per_next_hop / of),
    },
    spool: { ...config.spool, memory: Math.floor(config.spool.memory / of) },
    history: { ...config.history, size: Math.ceil(config.history.size / of) },
    // A unix socket cannot be shared as a port can: the first process has them all.
    unix_socketname: isFirst ? config.unix_socketname : [],
    milter_listen: isFirst
      ? config.milter_listen
      : config.milter_listen.filter(({ address }) => !address.startsWith("/")),
    listen_sockets: isFirst ? config.listen_sockets : config.listen_sockets.filter((text) => !text.startsWith("/")),
    metrics: { ...config.metrics, listen: null },
    pid_file: null,
  };
}

/** Worker threads of each: with the main threads there are then as many as cores, but each process has one at least. */
export function threadsOf(processes: number, cores: number): number {
  return Math.max(1, Math.floor(cores / processes) - 1);
}

/**
 * The system deals out connections by chance: a share has room for four standard deviations beyond its mean, so that a
 * process turns a client away only where all of them together are as good as full.
 */
export function dealtOut(connections: number, processes: number): number {
  const spread = 2 * Math.sqrt(connections);
  return Math.min(connections, Math.ceil(connections / processes + spread));
}
