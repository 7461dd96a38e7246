// TLS and login on a connection to a next hop, between its EHLO and the first mail. Each step gives undefined, or the trouble
// that keeps mail from going there.
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { NextHop } from "../smtp/next-hop.ts";
import { isPositive, type Reply } from "../smtp/reply.ts";
import { type Credentials, createSaslClient, pickMechanism } from "../smtp/sasl.ts";
import type { ConnectionFailure } from "./awaited-replies.ts";
import type { NextHopConnection } from "./connection.ts";
import type { HopTls, RelayTimeouts } from "./delivery.ts";
import type { Phase } from "./failure-reply.ts";

export interface Trouble {
  readonly failure: ConnectionFailure;
  readonly phase: Phase;
}

export interface SecurityOptions {
  readonly timeouts: RelayTimeouts;
  /** Authorities, PEM; absent: any certificate will do. */
  readonly ca?: string | undefined;
}

/** TLS before the greeting. */
export async function beginImplicitTls(
  connection: NextHopConnection,
  tls: HopTls,
  options: SecurityOptions,
): Promise<Trouble | undefined> {
  await connection.connecting(options.timeouts.connect);
  if (connection.failure !== undefined) return { failure: connection.failure, phase: "connect" };
  return handshake(connection, tls, options);
}

/** STARTTLS, where it is offered; EHLO must follow. */
export async function startTls(
  connection: NextHopConnection,
  tls: HopTls,
  options: SecurityOptions,
): Promise<Trouble | undefined> {
  if (!connection.capabilities.startTls) {
    const detail = `TLS is required, but was not offered by ${connection.remote}`;
    return tls.level === "may" ? undefined : insecure(connection, "4.7.4", detail, "STARTTLS");
  }
  const { command } = options.timeouts;
  const patience = { eachMs: command, lastMs: command };
  const { replies, failure } = await connection.exchange("STARTTLS\r\n", 1, patience);
  const reply = replies[0];
  if (reply === undefined) return { failure: failure ?? { kind: "dropped" }, phase: "STARTTLS" };
  // 454: not now (RFC 3207 section 4).
  if (!isPositive(reply)) return tls.level === "may" ? undefined : refused(connection, reply, "STARTTLS");
  return handshake(connection, tls, options);
}

async function handshake(
  connection: NextHopConnection,
  tls: HopTls,
  options: SecurityOptions,
): Promise<Trouble | undefined> {
  const { timeouts, ca } = options;
  await connection.secure(tlsOptions(connection.hop, tls, ca), timeouts.command);
  return connection.failure === undefined ? undefined : { failure: connection.failure, phase: "STARTTLS" };
}

/** Without authorities to go by, any certificate will do: TLS then only keeps those out who merely listen. */
export function tlsOptions(hop: NextHop, { level, servername }: HopTls, ca: string | undefined): ConnectionOptions {
  const name = servername ?? ("path" in hop ? "localhost" : hop.host);
  const verifies = level === "encrypt" && ca !== undefined;
  return {
    host: name,
    // RFC 6066 section 3: an address is no server name.
    servername: isIP(name) === 0 ? name : "",
    rejectUnauthorized: verifies,
    ...(verifies ? { ca } : {}),
  };
}

/** AUTH; what the next hop says to it is never about a mail. */
export async function logIn(
  connection: NextHopConnection,
  credentials: Credentials,
  timeouts: RelayTimeouts,
): Promise<Trouble | undefined> {
  const { hop, remote, capabilities } = connection;
  const isPrivate = connection.isSecured || isOnThisMachine(hop);
  const mechanism = pickMechanism(capabilities.auth, isPrivate ? "private" : "open");
  if (mechanism === undefined) {
    const detail =
      capabilities.auth.size === 0
        ? `Authentication is required, but was not offered by ${remote}`
        : `${remote} offers no authentication that ${isPrivate ? "we know" : "keeps a password secret without TLS"}`;
    return insecure(connection, "4.7.4", detail, "AUTH");
  }
  const client = createSaslClient(mechanism, credentials);
  let line: string | undefined =
    client.initial === undefined ? `AUTH ${mechanism}` : `AUTH ${mechanism} ${client.initial}`;
  const patience = { eachMs: timeouts.command, lastMs: timeouts.command };
  for (;;) {
    const { replies, failure } = await connection.exchange(`${line ?? "*"}\r\n`, 1, patience);
    const reply: Reply | undefined = replies[0];
    if (reply === undefined) return { failure: failure ?? { kind: "dropped" }, phase: "AUTH" };
    if (isPositive(reply)) return undefined;
    if (reply.code !== 334 || line === undefined) return refused(connection, reply, "AUTH");
    line = client.respond(connection.replyLines[0] ?? "");
  }
}

function isOnThisMachine(hop: NextHop): boolean {
  return "path" in hop || hop.host.startsWith("127.") || hop.host === "::1" || hop.host === "localhost";
}

function refused(connection: NextHopConnection, reply: Reply, phase: "STARTTLS" | "AUTH"): Trouble {
  const enhanced = phase === "AUTH" ? "4.7.8" : "4.7.4";
  return insecure(connection, enhanced, `${connection.remote} refused ${phase}: ${reply.code} ${reply.text}`, phase);
}

function insecure(connection: NextHopConnection, enhanced: string, detail: string, phase: Phase): Trouble {
  const failure = { kind: "security", enhanced, detail } as const;
  connection.fail(failure);
  return { failure, phase };
}
