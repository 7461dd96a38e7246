// The places the daemon listens on, across reloads: opened together, closed one by one when a configuration no longer
// names them, drained at the end.
import type { ListenerName } from "../mail/transaction.ts";
import type { ListenerPlace } from "./part-options.ts";

/** A listener for SMTP, LMTP or milters. */
export interface AnyListener {
  readonly name: ListenerName;
  readonly connections: number;
  listen(): Promise<ListenerName>;
  drain(deadlineMs: number): Promise<number>;
  readonly descriptor?: number | undefined;
  /** Leaves its socket to another process; resolves when its sessions are gone, or after `graceMs`. */
  retire(graceMs: number): Promise<void>;
  /** Of a listener for milters: the bank that mail starts with from now on. */
  setBank?(bank: string | undefined): void;
  /** The session that has been idle for longest, if one may be ended in favour of a new connection. */
  readonly idlest?: IdleSession | undefined;
}

/** A session without a mail under way. */
export interface IdleSession {
  readonly idleSinceMs: number;
  /** Ends it with 421. */
  sendHome(): void;
}

export interface Listeners {
  /** Where it listens, in the order of the configuration. */
  readonly names: readonly ListenerName[];
  /** Connections by listener. */
  connections(): Iterable<readonly [listener: ListenerName, count: number]>;
  /** Of all listeners, also of those that are being closed. */
  connectionCount(): number;
  /** Ends the session that has been idle for longest; returns false where every session has a mail under way. */
  makeRoom(): boolean;
  /** How many places of the configuration in force are not open. */
  closedCount(): number;
  /**
   * Opens those of `wanted` that are not open yet and returns them. When one cannot be opened, or all are being drained,
   * it closes them again and rejects.
   */
  open(wanted: readonly ListenerPlace[]): Promise<readonly ListenerPlace[]>;
  /**
   * `wanted` is what the configuration in force names, with the banks of milters. All others take no new connection and
   * close as their sessions end.
   */
  keep(wanted: readonly ListenerPlace[], drainMs: number): void;
  /** Closes these at once. */
  shut(places: readonly ListenerPlace[]): Promise<void>;
  /** The sockets of all listeners, for another process to listen on. */
  descriptors(): readonly number[];
  /** Leaves all sockets to another process; resolves when all sessions are gone, or after `graceMs`. */
  retire(graceMs: number): Promise<void>;
  /** Closes all and waits for mail under way. Resolves to the number of sessions that were cut off at the deadline. */
  drain(deadlineMs: number): Promise<number>;
}

export function createListeners(create: (at: ListenerPlace) => AnyListener): Listeners {
  const open = new Map<string, AnyListener>();
  const leaving = new Set<AnyListener>();
  let wantedKeys: readonly string[] = [];
  let draining = false;

  async function close(key: string, drainMs: number): Promise<void> {
    const listener = open.get(key);
    if (listener === undefined) return;
    open.delete(key);
    leaving.add(listener);
    await listener.drain(drainMs);
    leaving.delete(listener);
  }

  async function shut(places: readonly ListenerPlace[]): Promise<void> {
    await Promise.all(places.map((at) => close(listenerKey(at), 0)));
  }

  return {
    get names() {
      return [...open.values()].map(({ name }) => name);
    },
    connections: () => [...open.values()].map(({ name, connections }) => [name, connections] as const),
    connectionCount() {
      // Called for each new connection, and for each connection whenever timeouts are checked: no list is made.
      let sum = 0;
      for (const { connections } of open.values()) sum += connections;
      for (const { connections } of leaving) sum += connections;
      return sum;
    },
    makeRoom() {
      let idlest: IdleSession | undefined;
      for (const { idlest: one } of [...open.values(), ...leaving]) {
        if (one !== undefined && (idlest === undefined || one.idleSinceMs < idlest.idleSinceMs)) idlest = one;
      }
      idlest?.sendHome();
      return idlest !== undefined;
    },
    closedCount: () => wantedKeys.filter((key) => !open.has(key)).length,
    async open(wanted) {
      const opened: ListenerPlace[] = [];
      try {
        for (const at of wanted) {
          const key = listenerKey(at);
          const known = open.get(key);
          if (known !== undefined) {
            expectSameKind(known, at);
            continue;
          }
          const listener = create(at);
          await listener.listen();
          open.set(key, listener);
          opened.push(at);
          // The drain has passed: nothing would close this listener any more.
          if (draining) throw new Error("shutting down");
        }
      } catch (error) {
        await shut(opened);
        throw error;
      }
      return opened;
    },
    keep(wanted, drainMs) {
      wantedKeys = wanted.map(listenerKey);
      for (const at of wanted) {
        if (at.milter !== undefined) open.get(listenerKey(at))?.setBank?.(at.milter.bank);
      }
      for (const key of [...open.keys()]) if (!wantedKeys.includes(key)) void close(key, drainMs);
    },
    shut,
    descriptors: () => [...open.values()].flatMap(({ descriptor }) => descriptor ?? []),
    async retire(graceMs) {
      draining = true;
      await Promise.all([...open.values()].map((listener) => listener.retire(graceMs)));
    },
    async drain(deadlineMs) {
      draining = true;
      const left = await Promise.all([...open.values(), ...leaving].map((listener) => listener.drain(deadlineMs)));
      return left.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Throws where a place that is open for SMTP is wanted for milters, or the other way round. */
function expectSameKind(listener: AnyListener, at: ListenerPlace): void {
  if ((listener.setBank === undefined) === (at.milter === undefined)) return;
  const [before, now] = at.milter === undefined ? ["milters", "SMTP"] : ["SMTP", "milters"];
  throw new Error(`${listenerKey(at)} is open for ${before}, not for ${now}: take another place, or restart`);
}

/** "127.0.0.1:10024" or the path of a socket. */
export function listenerKey({ address = "", port = 0, path }: ListenerPlace): string {
  return path ?? `${address === "" ? "*" : address}:${port}`;
}
