// A message's octets as they go over the wire: all checked before anything is sent where they are in memory. Dots are
// added while the content is sent, block by block, where it is large or lies in a spool file.
import { isAscii } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Body, type MessageOctets, messageSizeBytes } from "../mail/message.ts";
import { DotStuffer } from "../smtp/dot.ts";
import type { ContentNeeds } from "../smtp/envelope-commands.ts";
import type { Exchange, Patience } from "./awaited-replies.ts";
import type { NextHopConnection } from "./connection.ts";

export type Content =
  | { readonly kind: "views"; readonly views: readonly Uint8Array[] }
  /** Stuffed while it is sent. */
  | { readonly kind: "blocks"; readonly message: MessageOctets };

/** What sending takes of a connection. */
export type ContentSink = Pick<NextHopConnection, "send" | "exchangeContent" | "failure">;

const emptyLine = Buffer.from("\r\n");

/** A message up to this size is stuffed at once. What dots are added to may be copied, so larger ones go in blocks. */
const stuffedAtOnceBytes = 1024 * 1024;
/** Octets stuffed between two turns of the event loop. */
const blockBytes = 1024 * 1024;

/** Throws BareLineEndError for a message in memory that must not leave; a spooled one shows while it is sent. */
export function prepareContent(message: MessageOctets): Content {
  if (message.body.kind === "spool") return { kind: "blocks", message };
  const pieces = [...headerPieces(message), ...message.body.chunks];
  const stuffer = new DotStuffer();
  const views: Uint8Array[] = [];
  if (messageSizeBytes(message) <= stuffedAtOnceBytes) {
    for (const piece of pieces) stuffer.push(piece, views);
    stuffer.end(views);
    return { kind: "views", views };
  }
  let hasDots = false;
  for (const piece of pieces) hasDots = stuffer.pass(piece) || hasDots;
  stuffer.end(views);
  return hasDots ? { kind: "blocks", message } : { kind: "views", views: [...pieces, ...views] };
}

/**
 * Sends the content and its final dot and waits for the replies. Rejects when the spool cannot be read or its octets
 * must not leave; the connection is to be dropped then, without a dot.
 */
export function sendContent(
  connection: ContentSink,
  content: Content,
  replyCount: number,
  blockMs: number,
  patience: Patience,
): Promise<Exchange> {
  return content.kind === "views"
    ? connection.exchangeContent(content.views, replyCount, blockMs, patience)
    : sendBlocks(connection, content.message, replyCount, blockMs, patience);
}

async function sendBlocks(
  connection: ContentSink,
  message: MessageOctets,
  replyCount: number,
  blockMs: number,
  patience: Patience,
): Promise<Exchange> {
  const stuffer = new DotStuffer();
  let views: Uint8Array[] = [];
  let bytes = 0;
  for await (const { piece, lasting } of piecesOf(message)) {
    stuffer.push(piece, views);
    bytes += piece.length;
    if (lasting && bytes < blockBytes) continue;
    await connection.send(views, blockMs);
    if (connection.failure !== undefined) return { replies: [], failure: connection.failure, cutOff: true };
    views = [];
    bytes = 0;
    // A next hop that reads fast never has us wait.
    if (lasting) await nextTurn();
  }
  stuffer.end(views);
  return connection.exchangeContent(views, replyCount, blockMs, patience);
}

/** `lasting`: what lies there stays; the memory of others is filled again when the next one is asked for. */
async function* piecesOf(message: MessageOctets): AsyncGenerator<{ piece: Uint8Array; lasting: boolean }> {
  const { body } = message;
  for (const piece of headerPieces(message)) yield { piece, lasting: true };
  if (body.kind === "memory") for (const piece of body.chunks) yield { piece, lasting: true };
  else for await (const piece of body.read()) yield { piece, lasting: false };
}

/** The header section and the empty line, in pieces of at most `blockBytes`: it may be as long as a large body. */
function headerPieces({ header, separator }: MessageOctets): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < header.length; at += blockBytes) pieces.push(header.subarray(at, at + blockBytes));
  if (separator !== "") pieces.push(emptyLine);
  return pieces;
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
