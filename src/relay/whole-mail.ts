// A mail in one write: MAIL, RCPT, BDAT and the content (RFC 3030), for small mail with one recipient. The next hop is
// woken once, and so are we; its replies come to what they would come to by DATA.
import { bdatCommand, beginsAlike, type Chunk, chunkOf } from "../smtp/chunk.ts";
import { formatReply, isPositive, type Reply } from "../smtp/reply.ts";
import type { Exchange } from "./awaited-replies.ts";
import type { NextHopConnection } from "./connection.ts";
import type { Outgoing, RelayTimeouts } from "./delivery.ts";
import { answerFor, failureAnswer, type HopAnswer } from "./failure-reply.ts";

export interface WholeMail {
  readonly answer: HopAnswer;
  /** The next hop surely has nothing of the mail, for no reason of the mail's: it may be tried on another connection. */
  readonly untouched: boolean;
  /** BDAT came to nothing, and not for what the mail is: further mail had better go by DATA. */
  readonly shunsChunks: boolean;
}

/** Beyond it, what a refused recipient has us send in vain is dearer than the write that is saved. */
const maxChunkBytes = 128 * 1024;
const emptyLine = Buffer.from("\r\n");

/** The content where it may go so. Undefined for mail that goes by DATA, which also says what is wrong with it. */
export function prepareWhole(connection: NextHopConnection, { envelope, message }: Outgoing): Chunk | undefined {
  const { chunking, pipelining } = connection.capabilities;
  if (!chunking || !pipelining || connection.hop.protocol !== "smtp") return undefined;
  const { header, separator, body } = message;
  if (envelope.recipients.length !== 1 || body.kind !== "memory") return undefined;
  if (header.length + body.sizeBytes > maxChunkBytes || !beginsAlike(header)) return undefined;
  try {
    return chunkOf(separator === "" ? [header, ...body.chunks] : [header, emptyLine, ...body.chunks]);
  } catch {
    return undefined;
  }
}

/** `commands`: XFORWARD (`forwardingCount` of them), MAIL and one RCPT, without line ends. Never rejects. */
export async function sendWhole(
  connection: NextHopConnection,
  commands: readonly string[],
  forwardingCount: number,
  chunk: Chunk,
  timeouts: RelayTimeouts,
): Promise<WholeMail> {
  let text = "";
  for (const command of commands) text += `${command}\r\n`;
  text += `${bdatCommand(chunk)}\r\n`;
  // A next hop that finds all of it before it may hold its first replies back until it has the last.
  const patience = { eachMs: timeouts.finalDot, lastMs: timeouts.finalDot };
  const exchange = await connection.exchangeWhole(text, chunk.views, commands.length + 1, patience);
  return readWhole(connection, forwardingCount, exchange);
}

function readWhole(connection: NextHopConnection, forwardingCount: number, { replies, failure }: Exchange): WholeMail {
  const mail = replies[forwardingCount];
  const rcpt = replies[forwardingCount + 1];
  const bdat = replies[forwardingCount + 2];
  const mailPhase = mail === undefined && replies.length < forwardingCount ? "XFORWARD" : "MAIL";
  // The first refusal counts: those after it only follow from it.
  let answer = answerFor(mail, failure, mailPhase, connection);
  if (isPositive(answer.reply)) answer = answerFor(rcpt, failure, "RCPT", connection);
  const wanted = isPositive(answer.reply);
  if (wanted) answer = answerFor(bdat, failure, "BDAT", connection);
  const isOutOfStep = wanted && bdat !== undefined && isAboutAddress(bdat);
  if (isOutOfStep) {
    answer = failureAnswer({ kind: "garbage", detail: formatReply(bdat) }, "BDAT", connection.remote);
  }

  const taken = bdat !== undefined && isPositive(bdat);
  // RFC 3030 section 2: after a BDAT that failed only RSET makes sure of the next hop's state.
  connection.inTransaction = !taken;

  if (failure !== undefined) {
    // 421 before the recipient was looked at, on a connection that had its time. Ended without a word, it may have the mail.
    const turnedAway = failure.kind === "refused" && connection.used && replies.length <= forwardingCount + 1;
    const shunsChunks = failure.kind !== "refused" && failure.kind !== "dropped";
    return { answer, untouched: turnedAway, shunsChunks };
  }
  if (wanted && bdat !== undefined && isAboutCommand(bdat)) {
    // It may have read the content as commands: nothing more is to come of that.
    connection.drop();
    return { answer, untouched: true, shunsChunks: true };
  }
  // It took mail for nobody, or asks for content in its own way: what it has in mind is not what we have.
  const astray = (taken && !wanted) || isOutOfStep || replies.some(({ code }) => code >= 300 && code < 400);
  if (astray) connection.drop();
  return { answer, untouched: false, shunsChunks: astray };
}

/** "250 2.1.5 Ok" (RFC 3463 section 3.2) answers RCPT: a reply too many came before it, and the one to the content is missing. */
function isAboutAddress({ code, enhanced }: Reply): boolean {
  return code >= 200 && code < 300 && enhanced.startsWith("2.1.");
}

/** Unknown, misspelt or out of place (RFC 5321 section 4.2.1; RFC 3463 section 3.6): not a word about the mail. */
function isAboutCommand({ code, enhanced }: Reply): boolean {
  return (code >= 500 && code <= 504) || /^5\.5\.[0124]$/.test(enhanced);
}
