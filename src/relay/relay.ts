// The SMTP and LMTP client: sends mail to next hops over kept connections and says how each recipient fared.
// One reply for all or one each, and what goes into a DSN, is decided by the flow.

import { formatNextHop } from "../smtp/next-hop.ts";
import { cleanReplyText, isPositive, isTransient, type Reply } from "../smtp/reply.ts";
import {
  type Delivery,
  defaultTimeouts,
  type Outgoing,
  type Proceed,
  type Relay,
  type RelayObserver,
  type RelayTimeouts,
} from "./delivery.ts";
import type { Dial } from "./dial.ts";
import type { HopAnswer } from "./failure-reply.ts";
import { createLegs, type Leg, limitOf, repliesOf } from "./legs.ts";
import { ConnectionPool } from "./pool.ts";
import { Shortage } from "./shortage.ts";
import { type HopCount, Slots, type Turn } from "./slots.ts";

export interface RelayOptions {
  /** The name said in EHLO and LHLO. */
  readonly localhost_name: string;
  /** Where TCP connections start from; else the system chooses. */
  readonly local_client_bind_address?: string | null;
  /** Connections that carry mail at once, at most half of what the others leave to one next hop; further mails wait. */
  readonly maxConnections?: number;
  /** The same for one next hop. */
  readonly maxConnectionsPerHop?: number;
  /** Mails that one next hop may hold up, those that wait for a connection to it included; more are put off at once. */
  readonly maxMailsPerHop?: number;
  /** False: each mail has a connection of its own. */
  readonly keepsConnections?: boolean;
  /** Keywords in the next hop's EHLO reply that are overlooked. */
  readonly smtp_discard_ehlo_keywords?: readonly string[];
  /** Authorities, in PEM, that vouch for next hops where TLS must be; absent: any certificate will do. */
  readonly ca?: string | undefined;
  readonly timeouts?: Partial<RelayTimeouts>;
  readonly observer?: RelayObserver;
  /** Called when there is no descriptor left for a connection, and again while mails wait for one. */
  readonly onShort?: () => void;
  /** A monotonic clock, in milliseconds; that of performance.now(). */
  readonly now?: () => number;
  /** Instead of sockets: how a connection to a next hop is made. */
  readonly dial?: Dial;
}

export interface RelayCounts {
  readonly open: number;
  readonly idle: number;
  /** Mails that wait for a free connection. */
  readonly waiting: number;
  /** Next hops that have mail now: connections that carry it, and connections that mails wait for. */
  readonly nextHops: readonly HopCount[];
  /** Connections that a next hop without mail may have now. */
  readonly limitForAnother: number;
}

export type ClosableRelay = Relay & {
  /**
   * Sends no new mail; resolves when mail under way is done and all connections are closed. What is left after
   * `deadlineMs` is dropped.
   */
  close(deadlineMs?: number): Promise<void>;
  counts(): RelayCounts;
};

/** The best reply that a next hop can give to an envelope of one recipient. */
const oneTaken: readonly (readonly Reply[])[] = [[{ code: 250, enhanced: "2.1.5", text: "Ok" }]];
const silent: RelayObserver = { connection() {}, reply() {} };
const shuttingDown: HopAnswer = {
  reply: { code: 451, enhanced: "4.3.2", text: "Service shutting down" },
  fromNextHop: false,
};

const tooLate: HopAnswer = {
  reply: { code: 451, enhanced: "4.3.2", text: "No time is left to send the mail" },
  fromNextHop: false,
};

/** Makes the client with its connection pool. */
export function createRelay(options: RelayOptions): ClosableRelay {
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const observer = options.observer ?? silent;
  const now = options.now ?? (() => performance.now());
  const { keepsConnections: keeps = true, smtp_discard_ehlo_keywords = [] } = options;
  const { maxConnections = 200, maxConnectionsPerHop = 100, maxMailsPerHop = 1_000 } = options;
  const slots = new Slots({
    connections: maxConnections,
    connectionsPerHop: maxConnectionsPerHop,
    mailsPerHop: maxMailsPerHop,
  });
  const { localhost_name, local_client_bind_address = null } = options;
  const poolOptions = {
    localEnd: { localhost_name, local_client_bind_address },
    timeouts,
    observer,
    discarded: new Set(smtp_discard_ehlo_keywords.map((keyword) => keyword.toUpperCase())),
    maxIdle: keeps ? maxConnectionsPerHop : 0,
    now,
    dial: options.dial,
    ca: options.ca,
  };
  const pool = new ConnectionPool(
    poolOptions,
    (nowMs) => {
      slots.expire(nowMs);
      shortage.expire(nowMs);
      return slots.waiting + shortage.waiting > 0;
    },
    () => shortage.freed(),
  );
  const shortage = new Shortage(() => {
    options.onShort?.();
    pool.endIdle();
  });
  const legs = createLegs({ pool, shortage, timeouts, observer, now });
  let closing = false;

  async function relay(outgoing: readonly Outgoing[], proceed: Proceed): Promise<readonly Delivery[]> {
    // A mail that was refused or discarded as a whole must not queue for a connection.
    if (outgoing.length === 0) return [];
    if (closing) return outgoing.map((each) => turnedAway(each, shuttingDown));
    const wanted = outgoing.map(({ nextHop }) => formatNextHop(nextHop));
    if (!slots.take(wanted)) {
      pool.watch();
      const turn = await slots.wait(wanted, Math.min(now() + timeouts.finalDot, ...outgoing.map(limitOf)));
      if (turn !== "taken") return outgoing.map((each) => counted(turnedAway(each, noRoom(turn, wanted))));
    }
    try {
      // A process that was stopped, or a disk that hung, held it up for longer than its client waits.
      if (outgoing.some((each) => now() >= limitOf(each))) {
        return outgoing.map((each) => counted(turnedAway(each, tooLate)));
      }
      const [only] = outgoing;
      if (only !== undefined && outgoing.length === 1) {
        // The usual case, which needs no Promise.all.
        const leg = await legs.open(only, only.envelope.recipients.length === 1 && proceed(oneTaken));
        return [report(leg, decide([leg], proceed) ? await legs.finish(leg, proceed) : legs.abandon(leg))];
      }
      const opened = await Promise.all(outgoing.map((each) => legs.open(each, false)));
      const go = decide(opened, proceed);
      return await Promise.all(
        opened.map(async (leg) => report(leg, go ? await legs.finish(leg, proceed) : legs.abandon(leg))),
      );
    } finally {
      slots.give(wanted);
    }
  }

  function decide(opened: readonly Leg[], proceed: Proceed): boolean {
    try {
      return proceed(opened.map((leg) => repliesOf(leg.answers)));
    } catch (error) {
      for (const leg of opened) legs.abandon(leg);
      throw error;
    }
  }

  function report(leg: Leg, answers: readonly HopAnswer[]): Delivery {
    const remote = leg.transaction?.connection.remote ?? formatNextHop(leg.outgoing.nextHop);
    const replies: Reply[] = [];
    const fromNextHops: boolean[] = [];
    let delivered = false;
    let putOff = false;
    for (const { reply, fromNextHop } of answers) {
      replies.push(reply);
      fromNextHops.push(fromNextHop);
      delivered ||= isPositive(reply);
      putOff ||= isTransient(reply);
      observer.reply(remote, classOf(reply), fromNextHop ? "next-hop" : "own");
    }
    if (delivered && putOff) observer.partial?.(remote);
    const delivery = { replies, fromNextHop: fromNextHops, remote, reusedConnection: leg.reusedConnection };
    const tellsSender = leg.transaction?.connection.capabilities.dsn;
    return tellsSender === undefined ? delivery : { ...delivery, tellsSender };
  }

  function counted(delivery: Delivery): Delivery {
    for (const reply of delivery.replies) observer.reply(delivery.remote, classOf(reply), "own");
    return delivery;
  }

  return Object.assign(relay, {
    close(deadlineMs?: number): Promise<void> {
      closing = true;
      return pool.close(deadlineMs);
    },
    counts: (): RelayCounts => ({
      open: pool.openCount,
      idle: pool.idleCount,
      waiting: slots.waiting,
      nextHops: slots.counts(),
      limitForAnother: slots.limitForAnother,
    }),
  });
}

/** In words that name what is full: the next hops of one mail are few. */
function noRoom(turn: Exclude<Turn, "taken">, wanted: readonly string[]): HopAnswer {
  const nextHops = [...new Set(wanted)].join(", ");
  const text =
    turn === "full" ? `Too many mails wait for ${nextHops}` : `No connection to ${nextHops} became free in time`;
  return { reply: { code: 451, enhanced: "4.3.2", text: cleanReplyText(text) }, fromNextHop: false };
}

function turnedAway(outgoing: Outgoing, answer: HopAnswer): Delivery {
  return {
    replies: outgoing.envelope.recipients.map(() => answer.reply),
    fromNextHop: outgoing.envelope.recipients.map(() => false),
    remote: formatNextHop(outgoing.nextHop),
    reusedConnection: false,
  };
}

function classOf(reply: Reply): "2xx" | "4xx" | "5xx" {
  if (isPositive(reply)) return "2xx";
  return isTransient(reply) ? "4xx" : "5xx";
}
