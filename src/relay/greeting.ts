// Bringing a new connection to the point where it takes mail: TLS, greeting, EHLO or LHLO, HELO where EHLO is unknown, login.
import { noCapabilities, parseCapabilities } from "../smtp/capabilities.ts";
import { isPermanent, isPositive, type Reply } from "../smtp/reply.ts";
import type { ConnectionFailure } from "./awaited-replies.ts";
import type { NextHopConnection } from "./connection.ts";
import type { LocalEnd, RelayTimeouts } from "./delivery.ts";
import { beginImplicitTls, logIn, startTls, type Trouble } from "./hop-security.ts";

export interface GreetingOptions {
  readonly timeouts: RelayTimeouts;
  /** EHLO keywords, in upper case, to overlook. */
  readonly discarded: ReadonlySet<string>;
  /** Authorities, PEM. */
  readonly ca?: string | undefined;
}

/** Waits until the connection is ready for MAIL. After trouble the connection cannot be used any more. */
export async function greet(
  connection: NextHopConnection,
  { localhost_name, tls, login }: LocalEnd,
  options: GreetingOptions,
): Promise<Trouble | undefined> {
  const { timeouts } = options;
  if (tls?.implicit === true) {
    const failed = await beginImplicitTls(connection, tls, options);
    if (failed !== undefined) return failed;
  }
  const greeting = await connection.greeted(timeouts.connect, timeouts.greeting);
  const first = greeting.replies[0];
  if (first === undefined || !isPositive(first))
    return trouble(connection, timeouts, greeting.failure, first, "greeting");

  const unfriendly = await hello(connection, localhost_name, options);
  if (unfriendly !== undefined) return unfriendly;
  if (tls !== undefined && !tls.implicit) {
    const failed = await startTls(connection, tls, options);
    if (failed !== undefined) return failed;
    // RFC 3207 section 4.2: what it offered before counts for nothing.
    if (connection.isSecured) {
      const changed = await hello(connection, localhost_name, options);
      if (changed !== undefined) return changed;
    }
  }
  return login === undefined ? undefined : logIn(connection, login, timeouts);
}

async function hello(
  connection: NextHopConnection,
  localhostName: string,
  { timeouts, discarded }: GreetingOptions,
): Promise<Trouble | undefined> {
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
  phase: "greeting" | "EHLO",
): Trouble {
  if (failure !== undefined) return { failure, phase: failure.kind === "connect" ? "connect" : phase };
  connection.quit(timeouts.reset);
  return { failure: reply === undefined ? { kind: "dropped" } : { kind: "refused", reply }, phase };
}
