// The places the daemon listens on, across reloads: opened together, closed one by one when a configuration no longer
// names them, drained at the end.
import type { ListenerName } from "../mail/transaction.ts";
import type { Door } from "./part-options.ts";

/** A door that is opened, drained and closed, whatever it speaks. */
export interface OpenDoor {
  readonly name: ListenerName;
  readonly connections: number;
  listen(): Promise<ListenerName>;
  drain(deadlineMs: number): Promise<number>;
  readonly descriptor?: number | undefined;
  /** Leaves its socket to another process; resolves when its sessions are gone, or after `graceMs`. */
  retire(graceMs: number): Promise<void>;
  /** The session that has been idle for longest, if one may be sent home for another's sake. */
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
  /** Connections by door. */
  connections(): Iterable<readonly [door: ListenerName, count: number]>;
  /** Of all doors, those that are being closed included. */
  connectionCount(): number;
  /** Sends the session home that has been idle for longest; false where there is none to spare. */
  makeRoom(): boolean;
  /** How many doors that are wanted are not open. */
  closedCount(): number;
  /** Opens those of `wanted` that are not open yet; rejects, with none of them open, when one cannot be had or all are drained. */
  open(wanted: readonly Door[]): Promise<readonly Door[]>;
  /** `wanted` is what the configuration in force names: all others are closed as their sessions end. */
  keep(wanted: readonly Door[], drainMs: number): void;
  /** Closes these at once. */
  shut(doors: readonly Door[]): Promise<void>;
  /** The sockets of all doors, for another process to listen on. */
  descriptors(): readonly number[];
  /** Leaves all sockets to another process; resolves when all sessions are gone, or after `graceMs`. */
  retire(graceMs: number): Promise<void>;
  /** Closes all and waits for mail under way; resolves to how many sessions were cut off at the deadline. */
  drain(deadlineMs: number): Promise<number>;
}

export function createListeners(create: (at: Door) => OpenDoor): Listeners {
  const open = new Map<string, OpenDoor>();
  const leaving = new Set<OpenDoor>();
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

  async function shut(doors: readonly Door[]): Promise<void> {
    await Promise.all(doors.map((at) => close(listenerKey(at), 0)));
  }

  return {
    get names() {
      return [...open.values()].map(({ name }) => name);
    },
    connections: () => [...open.values()].map(({ name, connections }) => [name, connections] as const),
    connectionCount() {
      // Asked at each connection, and for each one whenever timeouts are looked after.
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
      const opened: Door[] = [];
      try {
        for (const at of wanted) {
          const key = listenerKey(at);
          if (open.has(key)) continue;
          const listener = create(at);
          await listener.listen();
          open.set(key, listener);
          opened.push(at);
          // Nobody would ever close it again.
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

/** "127.0.0.1:10024" or the path of a socket. */
export function listenerKey({ address = "", port = 0, path }: Door): string {
  return path ?? `${address === "" ? "*" : address}:${port}`;
}
