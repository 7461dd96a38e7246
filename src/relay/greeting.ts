// Bringing a new connection to the point where it takes mail: greeting, EHLO or LHLO, HELO where EHLO is unknown.
import { noCapabilities, parseCapabilities } from "../smtp/capabilities.ts";
import { isPermanent, isPositive, type Reply } from "../smtp/reply.ts";
import type { ConnectionFailure, NextHopConnection } from "./connection.ts";
import type { RelayTimeouts } from "./delivery.ts";
import type { Phase } from "./failure-reply.ts";

export interface Trouble {
  readonly failure: ConnectionFailure;
  readonly phase: Phase;
}

/** Waits until the connection is ready for MAIL; on trouble it is of no more use. `discarded`: keywords to overlook. */
export async function greet(
  connection: NextHopConnection,
  localhostName: string,
  timeouts: RelayTimeouts,
  discarded: ReadonlySet<string>,
): Promise<Trouble | undefined> {
  const greeting = await connection.greeted(timeouts.connect, timeouts.greeting);
  const first = greeting.replies[0];
  if (first === undefined || !isPositive(first))
    return trouble(connection, timeouts, greeting.failure, first, "greeting");

  const patience = { eachMs: timeouts.command, lastMs: timeouts.command };
  const lmtp = connection.hop.protocol === "lmtp";
  const extended = await connection.exchange(`${lmtp ? "LHLO" : "EHLO"} ${localhostName}\r\n`, 1, patience);
  const answer = extended.replies[0];
  if (answer !== undefined && isPositive(answer)) {
    connection.capabilities = parseCapabilities(connection.replyLines, discarded);
    return undefined;
  }
  if (lmtp || answer === undefined || !isPermanent(answer)) {
    return trouble(connection, timeouts, extended.failure, answer, "EHLO");
  }
  const plain = await connection.exchange(`HELO ${localhostName}\r\n`, 1, patience);
  const last = plain.replies[0];
  if (last === undefined || !isPositive(last)) return trouble(connection, timeouts, plain.failure, last, "EHLO");
  connection.capabilities = noCapabilities;
  return undefined;
}

/** Clears what the next hop knows of a transaction, and shows whether the connection still works. */
export async function reset(connection: NextHopConnection, timeouts: RelayTimeouts): Promise<boolean> {
  const { replies } = await connection.exchange("RSET\r\n", 1, { eachMs: timeouts.reset, lastMs: timeouts.reset });
  connection.inTransaction = false;
  if (replies[0] !== undefined && isPositive(replies[0])) return true;
  connection.drop();
  return false;
}

function trouble(
  connection: NextHopConnection,
  timeouts: RelayTimeouts,
  failure: ConnectionFailure | undefined,
  reply: Reply | undefined,
  phase: Phase,
): Trouble {
  if (failure !== undefined) return { failure, phase: failure.kind === "connect" ? "connect" : phase };
  connection.quit(timeouts.reset);
  return { failure: reply === undefined ? { kind: "dropped" } : { kind: "refused", reply }, phase };
}
