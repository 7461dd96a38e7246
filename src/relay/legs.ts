// One mail on its way to its next hop: opened on the first hop that can be reached, then finished or abandoned. The
// caller decides whether it goes on.
import { formatNextHop, type NextHop } from "../smtp/next-hop.ts";
import { cleanReplyText, type Reply } from "../smtp/reply.ts";
import { NextHopConnection } from "./connection.ts";
import type { LocalEnd, Outgoing, Proceed, RelayObserver, RelayTimeouts } from "./delivery.ts";
import { failureAnswer, type HopAnswer } from "./failure-reply.ts";
import { reset } from "./greeting.ts";
import type { Trouble } from "./hop-security.ts";
import { type ConnectionPool, trustedIdleMs } from "./pool.ts";
import { isShortOfDescriptors, type Shortage } from "./shortage.ts";
import { Shunned, shunnedMs } from "./shunned.ts";
import {
  abandonTransaction,
  narrowed,
  notSent,
  type OpenTransaction,
  openTransaction,
  sendTransaction,
} from "./transaction.ts";

/** An `Outgoing` on its way. `transaction` is missing where no next hop could be reached. */
export interface Leg {
  readonly outgoing: Outgoing;
  readonly reusedConnection: boolean;
  readonly transaction: OpenTransaction | undefined;
  readonly answers: readonly HopAnswer[];
}

export interface LegNeeds {
  readonly pool: ConnectionPool;
  readonly shortage: Shortage;
  readonly timeouts: RelayTimeouts;
  readonly observer: RelayObserver;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

export interface Legs {
  /**
   * To the point before the content, on the first next hop that can be reached; `whole`: to the end, where that takes
   * a single write.
   */
  open(outgoing: Outgoing, whole: boolean): Promise<Leg>;
  /** Sends the content, and a further mail for recipients that the next hop put off for now; `proceed` is asked before each. */
  finish(leg: Leg, proceed: Proceed): Promise<readonly HopAnswer[]>;
  /** Ends it before the content. */
  abandon(leg: Leg): readonly HopAnswer[];
}

const outOfDescriptors: Trouble = { failure: { kind: "connect", detail: "EMFILE" }, phase: "connect" };
const unexplained: Trouble = { failure: { kind: "dropped" }, phase: "connect" };
/**
 * A connection idle for longer is first shown the envelope alone: should it be dead without a sign, the mail has been
 * nowhere yet and can be tried on another one, which a mail that went out whole cannot.
 */
const wholeIdleMs = 2_000;
export function createLegs({ pool, shortage, timeouts, observer, now }: LegNeeds): Legs {
  const shunned = new Shunned();

  async function openLeg(outgoing: Outgoing, whole: boolean): Promise<Leg> {
    const hops = outgoing.failover === undefined ? [outgoing.nextHop] : [outgoing.nextHop, ...outgoing.failover];
    const troubles: Trouble[] = [];
    const untilMs = now() + timeouts.connect;
    for (const hop of hops) {
      // A mail that finds a connection just given back does not overtake those that wait for a descriptor.
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
    const answers = transaction.state === "over" ? transaction.answers : await sendTransaction(transaction, timeouts);
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

  return { open: openLeg, finish: finishLeg, abandon: abandonLeg };
}

function legOf(outgoing: Outgoing, transaction: OpenTransaction): Leg {
  return { outgoing, transaction, answers: transaction.answers, reusedConnection: transaction.connection.used };
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

/** When the mail must be done with, on the clock of `now`. */
export function limitOf(outgoing: Outgoing): number {
  return outgoing.deadlineMs ?? Number.POSITIVE_INFINITY;
}

function sameForAll(outgoing: Outgoing, answer: HopAnswer): readonly HopAnswer[] {
  return outgoing.envelope.recipients.map(() => answer);
}

export function repliesOf(answers: readonly HopAnswer[]): readonly Reply[] {
  return answers.map((answer) => answer.reply);
}
