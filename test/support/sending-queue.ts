// A client as patient as Postfix's queue: several connections that stay open, and every mail tried until it is taken or
// refused for good. It misbehaves where a test wants it to.
import { once } from "node:events";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { Attempt, Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import { type SmtpClient, smtpClient } from "./smtp-client.ts";

/** What the client does wrong in one try; "split" sends the content in pieces of any size. */
export type ClientFault = "split" | "reset-in-data" | "fin-in-data" | "vanish-after-dot";

export interface SendingQueue {
  readonly ledger: Ledger;
  /** Asked for each try, so that it may change; a path is a unix socket's. */
  readonly port: () => number | string;
  readonly count: number;
  readonly connections: number;
  readonly content: (id: number) => Buffer;
  readonly random: Random;
  /** Waited for before each try: how fast they come. */
  readonly pace?: () => Promise<unknown>;
  readonly fault?: (attempt: Attempt) => ClientFault | undefined;
}

/** Between tries that came to nothing, so that a next hop in trouble is not asked a thousand times a second. */
const pauseMs = 15;

/** Resolves when no mail is left. */
export async function sendAll(queue: SendingQueue): Promise<void> {
  const waiting = Array.from({ length: queue.count }, (_, id) => id);
  await Promise.all(Array.from({ length: queue.connections }, () => lane(queue, waiting)));
}

async function lane(queue: SendingQueue, waiting: number[]): Promise<void> {
  const { ledger } = queue;
  let client: SmtpClient | undefined;
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    await queue.pace?.();
    client ??= await greeted(queue.port());
    const attempt = ledger.begin(id, queue.content(id));
    if (client !== undefined) {
      attempt.greeted = true;
      const reply = await send(client, attempt, queue);
      if (reply !== undefined) ledger.replied(attempt, reply);
      if (reply === undefined || reply.startsWith("421")) {
        client.socket.destroy();
        client = undefined;
      }
    }
    if (attempt.reply?.startsWith("2") || attempt.reply?.startsWith("5")) continue;
    waiting.push(id);
    await setTimeout(pauseMs);
  }
  client?.socket.end("QUIT\r\n");
}

/** A connection past EHLO, or undefined when there is none to be had. */
async function greeted(port: number | string): Promise<SmtpClient | undefined> {
  const client = smtpClient(port);
  const greeting = await client.reply();
  if (greeting.at(-1)?.startsWith("220") && (await client.ask("EHLO client.example")).startsWith("250")) return client;
  client.socket.destroy();
  return undefined;
}

/** The reply that decides, or undefined when the connection ended without one. */
async function send(client: SmtpClient, attempt: Attempt, queue: SendingQueue): Promise<string | undefined> {
  const recipients = queue.ledger.recipients(attempt.id);
  const commands = [`MAIL FROM:<${attempt.key}@example.com>`, ...recipients.map((to) => `RCPT TO:<${to}>`), "DATA"];
  client.send(commands.map((command) => `${command}\r\n`).join(""));
  let refused: string | undefined;
  for (const command of commands) {
    const reply = (await client.reply()).at(-1);
    if (reply === undefined) return undefined;
    const wanted = command === "DATA" ? "354" : "250";
    if (!reply.startsWith(wanted)) refused ??= reply;
  }
  if (refused !== undefined) return refused;

  const { socket } = client;
  const content = stuffed(queue.content(attempt.id));
  const fault = queue.fault?.(attempt);
  if (fault === "reset-in-data" || fault === "fin-in-data") {
    attempt.clientGone = true;
    socket.write(content.subarray(0, queue.random.below(content.length)));
    if (fault === "fin-in-data") socket.end();
    else {
      await setImmediate();
      socket.resetAndDestroy();
    }
    await client.closed();
    return undefined;
  }
  attempt.dotSent = true;
  const whole = Buffer.concat([content, Buffer.from(".\r\n")]);
  if (fault === "split") await sendInPieces(client, whole, queue.random);
  else if (!socket.write(whole)) await Promise.race([once(socket, "drain"), client.closed()]);
  if (fault === "vanish-after-dot") {
    attempt.clientGone = true;
    socket.end();
    await setImmediate();
    socket.destroy();
    await client.closed();
    return undefined;
  }
  return (await client.reply()).at(-1);
}

/** Pieces that TCP will not join: each is on its way before the next is written. */
async function sendInPieces({ socket }: SmtpClient, octets: Buffer, random: Random): Promise<void> {
  for (let at = 0; at < octets.length && !socket.destroyed; ) {
    const length = random.pick([1, 2, 3, 5, 40, 300, 1500]);
    socket.write(octets.subarray(at, at + length));
    at += length;
    await setImmediate();
  }
}

/** RFC 5321 section 4.5.2. */
function stuffed(content: Buffer): Buffer {
  const text = content.toString("latin1");
  return text.startsWith(".") || text.includes("\n.") ? Buffer.from(text.replaceAll(/^\./gm, ".."), "latin1") : content;
}
