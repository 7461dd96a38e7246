// Connections to next hops, kept for the mails to come: taken out while they carry one, watched by one coarse timer.
import { formatNextHop, type NextHop } from "../smtp/next-hop.ts";
import { NextHopConnection } from "./connection.ts";
import type { LocalEnd, RelayObserver, RelayTimeouts } from "./delivery.ts";
import type { Dial } from "./dial.ts";
import { greet } from "./greeting.ts";
import type { Trouble } from "./hop-security.ts";
import { isShortOfDescriptors } from "./shortage.ts";

export interface PoolOptions {
  readonly localEnd: LocalEnd;
  readonly timeouts: RelayTimeouts;
  readonly observer: RelayObserver;
  /** EHLO keywords, in upper case, that count as not offered. */
  readonly discarded: ReadonlySet<string>;
  /** Authorities, in PEM: where TLS must be, one of them must have signed a next hop's certificate. */
  readonly ca?: string | undefined;
  /** Idle connections kept per next hop. */
  readonly maxIdle: number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Instead of sockets. */
  readonly dial?: Dial | undefined;
}

/** amavisd's figures: used again at once, used again if it still answers, closed. */
export const trustedIdleMs = 18_000;
const maxIdleMs = 30_000;
const maxAgeMs = 60_000;

export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #idle = new Map<string, NextHopConnection[]>();
  readonly #all = new Set<NextHopConnection>();
  readonly #onSweep: (nowMs: number) => boolean;
  readonly #onFreed: () => void;
  /** Most mails go where the one before went. */
  #lastKey: { readonly hop: NextHop; readonly end: LocalEnd; readonly key: string } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closing = false;
  #onEmpty: (() => void) | undefined;

  /**
   * `onSweep` is called with each look at the clock; true keeps the clock going without connections. `onFreed` is called
   * when a connection became idle or has ended.
   */
  constructor(options: PoolOptions, onSweep: (nowMs: number) => boolean, onFreed: () => void) {
    this.#options = options;
    this.#onSweep = onSweep;
    this.#onFreed = onFreed;
  }

  get openCount(): number {
    return this.#all.size;
  }

  get idleCount(): number {
    let count = 0;
    for (const connections of this.#idle.values()) count += connections.length;
    return count;
  }

  /** The idle connection used last, or undefined. One idle beyond `trustedIdleMs` is to be tested before use. */
  take(hop: NextHop, end: LocalEnd = this.#options.localEnd): NextHopConnection | undefined {
    const nowMs = this.#options.now();
    const connections = this.#idle.get(this.#keyOf(hop, end));
    if (connections === undefined) return undefined;
    for (let connection = connections.pop(); connection !== undefined; connection = connections.pop()) {
      if (!this.#isWorn(connection, nowMs)) return connection;
      connection.quit(this.#options.timeouts.reset);
    }
    return undefined;
  }

  /** A new connection, ready for MAIL. */
  async open(
    hop: NextHop,
    limitMs: number,
    end: LocalEnd = this.#options.localEnd,
  ): Promise<NextHopConnection | Trouble> {
    const opened = await this.#open(hop, limitMs, end);
    // Where TLS may be, but need not, a handshake that fails is no reason to hold mail up.
    const isOptional = end.tls?.level === "may" && !end.tls.implicit;
    if (opened instanceof NextHopConnection || !isOptional || opened.phase !== "STARTTLS") return opened;
    const { localhost_name, local_client_bind_address, login } = end;
    const plain = { localhost_name, local_client_bind_address, ...(login && { login }) };
    return this.#open(hop, limitMs, plain, this.#keyOf(hop, end));
  }

  async #open(
    hop: NextHop,
    limitMs: number,
    end: LocalEnd,
    key = this.#keyOf(hop, end),
  ): Promise<NextHopConnection | Trouble> {
    const { timeouts, observer, now, discarded, dial, ca } = this.#options;
    const { local_client_bind_address } = end;
    const forget = (failed: NextHopConnection) => this.#forget(failed);
    const connection = new NextHopConnection(hop, local_client_bind_address, now, forget, dial);
    connection.key = key;
    connection.limitMs = limitMs;
    this.#all.add(connection);
    this.watch();
    const trouble = await greet(connection, end, { timeouts, discarded, ca });
    connection.ready = trouble === undefined;
    observer.connection(connection.remote, connection.ready ? "opened" : "failed");
    return trouble ?? connection;
  }

  /** Puts a connection back that is ready for another MAIL. */
  release(connection: NextHopConnection): void {
    if (connection.failure !== undefined) return;
    const nowMs = this.#options.now();
    connection.rest(nowMs);
    let connections = this.#idle.get(connection.key);
    if (connections === undefined) {
      connections = [];
      this.#idle.set(connection.key, connections);
    }
    if (this.#closing || connections.length >= this.#options.maxIdle || this.#isWorn(connection, nowMs)) {
      connection.quit(this.#options.timeouts.reset);
    } else {
      connections.push(connection);
    }
    this.#onFreed();
  }

  /** Idle connections give up their descriptors. */
  endIdle(): void {
    for (const connections of this.#idle.values()) {
      for (const connection of connections.splice(0)) connection.quit(this.#options.timeouts.reset);
    }
  }

  /** Ends the idle connections, the others as they come back, or at the deadline. Resolves when none is left. */
  close(deadlineMs?: number): Promise<void> {
    this.#closing = true;
    this.endIdle();
    if (this.#all.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer =
        deadlineMs === undefined
          ? undefined
          : setTimeout(() => {
              for (const connection of this.#all) connection.drop();
            }, deadlineMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Keeps the clock going while there is something to watch. */
  watch(): void {
    if (this.#timer !== undefined) return;
    // One timer for all: a timer per mail would show in the profile, and no deadline needs more than this precision.
    const shortest = Math.min(...Object.values(this.#options.timeouts));
    this.#timer = setInterval(() => this.#sweep(), Math.max(5, Math.min(1_000, shortest / 4)));
    this.#timer.unref();
  }

  #sweep(): void {
    const nowMs = this.#options.now();
    for (const connection of this.#all) connection.expire(nowMs);
    for (const [key, connections] of this.#idle) {
      const worn = connections.filter((connection) => this.#isWorn(connection, nowMs));
      for (const connection of worn) {
        connections.splice(connections.indexOf(connection), 1);
        connection.quit(this.#options.timeouts.reset);
      }
      if (connections.length === 0) this.#idle.delete(key);
    }
    if (!this.#onSweep(nowMs) && this.#all.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** A connection is only for mail that appears the same way. */
  #keyOf(hop: NextHop, end: LocalEnd): string {
    const last = this.#lastKey;
    if (last?.hop === hop && appearSame(last.end, end)) return last.key;
    const remote = formatNextHop(hop);
    const key = appearSame(end, this.#options.localEnd) ? remote : JSON.stringify([remote, end]);
    this.#lastKey = { hop, end, key };
    return key;
  }

  #isWorn(connection: NextHopConnection, nowMs: number): boolean {
    return nowMs - connection.idleSinceMs > maxIdleMs || nowMs - connection.openedAtMs > maxAgeMs;
  }

  #forget(connection: NextHopConnection): void {
    this.#all.delete(connection);
    const connections = this.#idle.get(connection.key);
    const at = connections?.indexOf(connection) ?? -1;
    if (at !== -1) connections?.splice(at, 1);
    if (connection.ready) this.#options.observer.connection(connection.remote, "closed");
    if (this.#all.size === 0) this.#onEmpty?.();
    // A connection that never had a descriptor frees none.
    const { failure } = connection;
    if (failure?.kind !== "connect" || !isShortOfDescriptors(failure.detail)) this.#onFreed();
  }
}

function appearSame(one: LocalEnd, other: LocalEnd): boolean {
  return (
    one === other ||
    (one.localhost_name === other.localhost_name &&
      one.local_client_bind_address === other.local_client_bind_address &&
      one.tls === other.tls &&
      one.login === other.login)
  );
}
