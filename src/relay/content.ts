// A message's octets as they go over the wire: stuffed and checked before anything is sent where they are in memory,
// block by block where they lie in a spool file.
import { isAscii } from "node:buffer";
import type { Body, MessageOctets } from "../mail/message.ts";
import { DotStuffer } from "../smtp/dot.ts";
import type { ContentNeeds } from "../smtp/envelope-commands.ts";
import type { Connection, Exchange, Patience } from "./connection.ts";

export type Content =
  | { readonly kind: "memory"; readonly views: readonly Uint8Array[] }
  | { readonly kind: "spool"; readonly message: MessageOctets };

const emptyLine = Buffer.from("\r\n");

/** Throws BareLineEndError for a message in memory that must not leave; a spooled one shows while it is sent. */
export function prepareContent(message: MessageOctets): Content {
  if (message.body.kind === "spool") return { kind: "spool", message };
  const views: Uint8Array[] = [];
  const stuffer = new DotStuffer();
  stuffer.push(message.header, views);
  if (message.separator !== "") stuffer.push(emptyLine, views);
  for (const chunk of message.body.chunks) stuffer.push(chunk, views);
  stuffer.end(views);
  return { kind: "memory", views };
}

/**
 * Sends the content and its final dot and waits for the replies. Rejects when the spool cannot be read or its octets
 * must not leave; the connection is to be dropped then, without a dot.
 */
export function sendContent(
  connection: Connection,
  content: Content,
  replyCount: number,
  blockMs: number,
  patience: Patience,
): Promise<Exchange> {
  return content.kind === "memory"
    ? connection.exchangeContent(content.views, replyCount, blockMs, patience)
    : sendSpooled(connection, content.message, replyCount, blockMs, patience);
}

async function sendSpooled(
  connection: Connection,
  message: MessageOctets,
  replyCount: number,
  blockMs: number,
  patience: Patience,
): Promise<Exchange> {
  const stuffer = new DotStuffer();
  let views: Uint8Array[] = [];
  stuffer.push(message.header, views);
  if (message.separator !== "") stuffer.push(emptyLine, views);
  if (message.body.kind === "spool") {
    for await (const chunk of message.body.read()) {
      stuffer.push(chunk, views);
      // The reader may fill the same memory again, so nothing of it is left behind.
      await connection.send(views, blockMs);
      if (connection.failure !== undefined) return { replies: [], failure: connection.failure, cutOff: true };
      views = [];
    }
  }
  stuffer.end(views);
  return connection.exchangeContent(views, replyCount, blockMs, patience);
}

/** Reads the whole message: done only for a next hop that takes 7 bits and a mail that says it has 8. */
export async function contentNeeds(message: MessageOctets): Promise<ContentNeeds> {
  const eightBitHeader = !isAscii(message.header);
  return { eightBitHeader, eightBit: eightBitHeader || !(await isAsciiBody(message.body)) };
}

async function isAsciiBody(body: Body): Promise<boolean> {
  if (body.kind === "memory") return body.chunks.every((chunk) => isAscii(chunk));
  for await (const chunk of body.read()) if (!isAscii(chunk)) return false;
  return true;
}
