// The SMTP and LMTP client: sends mail to next hops over kept connections and says how each recipient fared.
// One reply for all or one each, and what goes into a DSN, is decided by the flow.

import { formatNextHop, type NextHop } from "../smtp/next-hop.ts";
import { cleanReplyText, isPositive, isTransient, type Reply } from "../smtp/reply.ts";
import { type Dial, NextHopConnection } from "./connection.ts";
import {
  type Delivery,
  defaultTimeouts,
  type LocalEnd,
  type Outgoing,
  type Proceed,
  type Relay,
  type RelayObserver,
  type RelayTimeouts,
} from "./delivery.ts";
import { failureAnswer, type HopAnswer } from "./failure-reply.ts";
import { reset } from "./greeting.ts";
import type { Trouble } from "./hop-security.ts";
import { ConnectionPool, trustedIdleMs } from "./pool.ts";
import { isShortOfDescriptors, Shortage } from "./shortage.ts";
import { Shunned, shunnedMs } from "./shunned.ts";
import { type HopCount, Slots, type Turn } from "./slots.ts";
import {
  abandonTransaction,
  narrowed,
  notSent,
  type OpenTransaction,
  openTransaction,
  sendTransaction,
} from "./transaction.ts";

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

/** An `Outgoing` on its way. `transaction` is missing where no next hop could be reached. */
interface Leg {
  readonly outgoing: Outgoing;
  readonly reusedConnection: boolean;
  readonly transaction: OpenTransaction | undefined;
  readonly answers: readonly HopAnswer[];
}

const outOfDescriptors: Trouble = { failure: { kind: "connect", detail: "EMFILE" }, phase: "connect" };
const unexplained: Trouble = { failure: { kind: "dropped" }, phase: "connect" };
/** The best that a next hop can say to an envelope of one recipient. */
const oneTaken: readonly (readonly Reply[])[] = [[{ code: 250, enhanced: "2.1.5", text: "Ok" }]];
/**
 * A connection idle for longer is first shown the envelope alone: should it be dead without a sign, the mail has been
 * nowhere yet and can be tried on another one, which a mail that went out whole cannot.
 */
const wholeIdleMs = 2_000;
const silent: RelayObserver = { connection() {}, reply() {} };
const shuttingDown: HopAnswer = {
  reply: { code: 451, enhanced: "4.3.2", text: "Service shutting down" },
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
  const shunned = new Shunned();
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
      const [only] = outgoing;
      if (only !== undefined && outgoing.length === 1) {
        // The rule, and it needs no Promise.all.
        const leg = await openLeg(only, only.envelope.recipients.length === 1 && proceed(oneTaken));
        return [report(leg, decide([leg], proceed) ? await finishLeg(leg, proceed) : abandonLeg(leg))];
      }
      const legs = await Promise.all(outgoing.map((each) => openLeg(each, false)));
      const go = decide(legs, proceed);
      return await Promise.all(
        legs.map(async (leg) => report(leg, go ? await finishLeg(leg, proceed) : abandonLeg(leg))),
      );
    } finally {
      slots.give(wanted);
    }
  }

  function decide(legs: readonly Leg[], proceed: Proceed): boolean {
    try {
      return proceed(legs.map((leg) => repliesOf(leg.answers)));
    } catch (error) {
      for (const leg of legs) abandonLeg(leg);
      throw error;
    }
  }

  /**
   * To the point before the content, on the first next hop that can be reached; `whole`: to the end, where that takes
   * a single write.
   */
  async function openLeg(outgoing: Outgoing, whole: boolean): Promise<Leg> {
    const hops = outgoing.failover === undefined ? [outgoing.nextHop] : [outgoing.nextHop, ...outgoing.failover];
    const troubles: Trouble[] = [];
    const untilMs = now() + timeouts.connect;
    for (const hop of hops) {
      // Those that wait for a descriptor are not overtaken by one that finds a connection just given back.
      let place: "first" | "last" = "last";
      let isTurn = shortage.waiting === 0;
      if (!isTurn) {
        isTurn = await waitForTurn(outgoing, untilMs, place);
        place = "first";
      }
      let tried: Leg | Trouble = outOfDescriptors;
      while (isTurn) {
        tried = await openOn(hop, outgoing, whole);
        if (!("failure" in tried)) return tried;
        isTurn = isShort(tried) && (await waitForTurn(outgoing, untilMs, place));
        place = "first";
      }
      if ("failure" in tried) troubles.push(tried);
    }
    const answers = sameForAll(outgoing, unreachable(hops, troubles));
    return { outgoing, transaction: undefined, answers, reusedConnection: false };
  }

  /** Over a kept connection or a new one to this next hop; the trouble where there is none to be had. */
  async function openOn(hop: NextHop, outgoing: Outgoing, whole: boolean): Promise<Leg | Trouble> {
    let kept = pool.take(hop, outgoing.localEnd);
    if (kept !== undefined && !isTrusted(kept)) kept = await firstAlive(kept, hop, outgoing.localEnd);
    if (kept !== undefined) {
      const transaction = await begin(kept, outgoing, whole && now() - kept.idleSinceMs <= wholeIdleMs);
      if (!goesOn(transaction)) return legOf(outgoing, transaction);
      // The next hop had given up a kept connection, or does not know BDAT. The mail has not been anywhere yet.
    }
    const opened = await pool.open(hop, limitOf(outgoing), outgoing.localEnd);
    if (!(opened instanceof NextHopConnection)) return opened;
    const transaction = await begin(opened, outgoing, whole);
    if (!goesOn(transaction)) return legOf(outgoing, transaction);
    // It does not know BDAT.
    const another = await pool.open(hop, limitOf(outgoing), outgoing.localEnd);
    return another instanceof NextHopConnection ? legOf(outgoing, await begin(another, outgoing, false)) : another;
  }

  function isShort({ failure }: Trouble): boolean {
    return failure.kind === "connect" && isShortOfDescriptors(failure.detail);
  }

  /**
   * Waits for a descriptor: as long as the mail may, while others have connections that they will give back. Where nobody
   * has one, those who hold the descriptors wait as well, so one of them has to go.
   */
  function waitForTurn(outgoing: Outgoing, untilMs: number, place: "first" | "last"): Promise<boolean> {
    const patientMs = Math.min(untilMs - timeouts.connect + timeouts.finalDot, limitOf(outgoing));
    pool.watch();
    if (now() >= (pool.openCount > 0 ? patientMs : untilMs)) return Promise.resolve(false);
    return shortage.turn(patientMs, place);
  }

  function isTrusted(kept: NextHopConnection): boolean {
    return now() - kept.idleSinceMs <= trustedIdleMs;
  }

  /** The first kept connection, from this one on, that is fresh or still answers. */
  async function firstAlive(
    first: NextHopConnection,
    hop: NextHop,
    end: LocalEnd | undefined,
  ): Promise<NextHopConnection | undefined> {
    for (let kept: NextHopConnection | undefined = first; kept !== undefined; kept = pool.take(hop, end)) {
      if (isTrusted(kept) || (await reset(kept, timeouts))) return kept;
    }
    return undefined;
  }

  function begin(connection: NextHopConnection, outgoing: Outgoing, whole: boolean): Promise<OpenTransaction> {
    connection.limitMs = limitOf(outgoing);
    if (connection.used) observer.connection(connection.remote, "reused");
    return openTransaction(connection, outgoing, timeouts, whole && !shunned.has(connection.remote, now()));
  }

  /** Whether the mail is to be tried on another connection, and what is to be remembered of this one. */
  function goesOn({ connection, untouched, shunsChunks }: OpenTransaction): boolean {
    if (shunsChunks && shunned.add(connection.remote, now())) observer.chunkingFailed?.(connection.remote, shunnedMs);
    return untouched;
  }

  async function finishLeg(leg: Leg, proceed: Proceed): Promise<readonly HopAnswer[]> {
    const { transaction, outgoing } = leg;
    if (transaction === undefined) return leg.answers;
    const { deferred } = transaction;
    const answers = await sendTransaction(transaction, timeouts);
    putBack(transaction.connection);
    if (deferred.length === 0) return answers;

    let further: readonly HopAnswer[];
    if (proceed([repliesOf(answers)])) {
      const next = await openLeg(narrowed(outgoing, deferred), false);
      further = proceed([repliesOf(next.answers)]) ? await finishLeg(next, proceed) : abandonLeg(next);
    } else {
      further = deferred.map(() => notSent);
    }
    deferred.forEach((index, position) => {
      answers[index] = further[position] ?? notSent;
    });
    return answers;
  }

  function abandonLeg(leg: Leg): readonly HopAnswer[] {
    if (leg.transaction === undefined) return leg.answers;
    const answers = abandonTransaction(leg.transaction);
    putBack(leg.transaction.connection);
    return answers;
  }

  function putBack(connection: NextHopConnection): void {
    if (connection.failure !== undefined) return;
    if (connection.inTransaction && !connection.capabilities.pipelining) {
      void reset(connection, timeouts).then(() => pool.release(connection));
      return;
    }
    if (connection.inTransaction) connection.resetAhead();
    pool.release(connection);
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

function legOf(outgoing: Outgoing, transaction: OpenTransaction): Leg {
  return { outgoing, transaction, answers: transaction.answers, reusedConnection: transaction.connection.used };
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

/** One next hop speaks for itself; of several, all are named. */
function unreachable(hops: readonly NextHop[], troubles: readonly Trouble[]): HopAnswer {
  const answers = hops.map((hop, index) => {
    const { failure, phase } = troubles[index] ?? unexplained;
    return failureAnswer(failure, phase, formatNextHop(hop));
  });
  const [first] = answers;
  if (answers.length === 1 && first !== undefined) return first;
  const texts = answers.map(({ reply }) => reply.text).join("; ");
  const text = cleanReplyText(`All attempts (${answers.length}) failed: ${texts}`);
  return { reply: { code: 450, enhanced: "4.4.1", text }, fromNextHop: false };
}

function limitOf(outgoing: Outgoing): number {
  return outgoing.deadlineMs ?? Number.POSITIVE_INFINITY;
}

function sameForAll(outgoing: Outgoing, answer: HopAnswer): readonly HopAnswer[] {
  return outgoing.envelope.recipients.map(() => answer);
}

function repliesOf(answers: readonly HopAnswer[]): readonly Reply[] {
  return answers.map((answer) => answer.reply);
}

function classOf(reply: Reply): "2xx" | "4xx" | "5xx" {
  if (isPositive(reply)) return "2xx";
  return isTransient(reply) ? "4xx" : "5xx";
}
