// One mail transaction on one connection, in two halves: the envelope, up to the point where content is asked for,
// and the content. Whether the second half happens is decided outside.
import type { Envelope, Path } from "../mail/transaction.ts";
import { type EnvelopeCommands, envelopeCommands, mustKnowContent } from "../smtp/envelope-commands.ts";
import { notSentReply } from "../smtp/final-reply.ts";
import { isPositive, isTransient, type Reply } from "../smtp/reply.ts";
import { xforwardCommands } from "../smtp/xforward-command.ts";
import type { ConnectionFailure, Exchange } from "./awaited-replies.ts";
import type { NextHopConnection } from "./connection.ts";
import { type Content, contentNeeds, prepareContent, sendContent } from "./content.ts";
import type { Outgoing, RelayTimeouts } from "./delivery.ts";
import { answerFor, commandAnswer, type HopAnswer } from "./failure-reply.ts";
import { prepareWhole, sendWhole } from "./whole-mail.ts";

/** A transaction after its first half. */
export interface OpenTransaction {
  readonly connection: NextHopConnection;
  /** By recipient of the envelope; for those in `accepted` still to be decided. */
  readonly answers: HopAnswer[];
  /** Recipients (by index) the next hop took. */
  readonly accepted: readonly number[];
  /** Recipients it wants in a further transaction: 452 after it took some. */
  readonly deferred: readonly number[];
  readonly content: Content | undefined;
  /** "ready": it waits for content. "envelope": DATA was not sent yet. "over": nothing can follow. */
  readonly state: "ready" | "envelope" | "over";
  /** The next hop surely has nothing of the mail, for no reason of the mail's: it may be tried on another connection. */
  readonly untouched: boolean;
  /** BDAT came to nothing here, and not for what the mail is: the next hop's further mail goes by DATA. */
  readonly shunsChunks: boolean;
}

export const notSent: HopAnswer = { reply: notSentReply, fromNextHop: false };
const toFollow: HopAnswer = {
  reply: { code: 250, enhanced: "2.1.5", text: "Ok, follows in a further transaction" },
  fromNextHop: false,
};
const troubleOfOurs: HopAnswer = {
  reply: { code: 451, enhanced: "4.3.0", text: "Error in processing: the message cannot be sent" },
  fromNextHop: false,
};
const no8Bit = { eightBit: false, eightBitHeader: false };

/** What came back for an envelope: fewer replies than commands after a failure or an early stop. */
interface Dialog extends Exchange {
  /** DATA was held back. */
  readonly stopped?: true;
}

/**
 * MAIL and RCPT, and DATA with them where the next hop takes it so. `whole`: nobody has to be asked before the content
 * goes, so where next hop and mail allow it everything goes at once, and the state is "over". Never rejects.
 */
export async function openTransaction(
  connection: NextHopConnection,
  outgoing: Outgoing,
  timeouts: RelayTimeouts,
  whole = false,
): Promise<OpenTransaction> {
  const { envelope } = outgoing;
  const { capabilities } = connection;
  const plan = mustKnowContent(envelope, capabilities)
    ? await planByContent(connection, outgoing)
    : envelopeCommands(envelope, capabilities, no8Bit);
  if (plan === undefined) return over(connection, sameForAll(envelope, troubleOfOurs));
  if ("refused" in plan) {
    return over(connection, sameForAll(envelope, { reply: plan.refused, fromNextHop: false }));
  }

  const commands =
    outgoing.session === undefined ? [] : xforwardCommands(outgoing.session.client, capabilities.xforward);
  const forwardingCount = commands.length;
  commands.push(plan.mail);
  for (const command of plan.recipients) if (typeof command === "string") commands.push(command);
  if (commands.length === forwardingCount + 1) {
    const answers = plan.recipients.map((reply) =>
      typeof reply === "string" ? troubleOfOurs : { reply, fromNextHop: false },
    );
    return over(connection, answers);
  }
  if (whole) {
    const chunk = prepareWhole(connection, outgoing);
    if (chunk !== undefined) {
      const sent = await sendWhole(connection, commands, forwardingCount, chunk, timeouts);
      return over(connection, [sent.answer], sent.untouched, sent.shunsChunks);
    }
  }
  const talking: Promise<Dialog> = capabilities.pipelining
    ? pipelined(connection, commands, timeouts)
    : lockStep(connection, commands, forwardingCount, timeouts);

  // While the next hop thinks about the envelope.
  let content: Content | undefined;
  try {
    content = prepareContent(outgoing.message);
  } catch {
    await talking;
    connection.drop();
    return over(connection, sameForAll(envelope, troubleOfOurs));
  }
  return readDialog(connection, plan.recipients, forwardingCount, await talking, content);
}

/** The content, to all accepted recipients. Gives the answers by recipient, those of deferred ones unchanged. */
export async function sendTransaction(transaction: OpenTransaction, timeouts: RelayTimeouts): Promise<HopAnswer[]> {
  const { connection, accepted, content } = transaction;
  const answers = [...transaction.answers];
  if (transaction.state === "over" || content === undefined || accepted.length === 0) return answers;

  if (transaction.state === "envelope") {
    const asked = await connection.exchange("DATA\r\n", 1, { eachMs: timeouts.data, lastMs: timeouts.data });
    const answer = answerFor(asked.replies[0], asked.failure, "DATA", connection);
    if (answer.reply.code !== 354) {
      if (!answer.fromNextHop) connection.drop();
      for (const index of accepted) answers[index] = answer;
      return answers;
    }
  }

  const count = connection.hop.protocol === "lmtp" ? accepted.length : 1;
  const patience = { eachMs: timeouts.finalDot, lastMs: timeouts.finalDot };
  let last: Exchange;
  try {
    last = await sendContent(connection, content, count, timeouts.block, patience);
  } catch {
    // Half a message is out: only the end of the connection keeps the next hop from taking it for a whole one.
    connection.drop();
    for (const index of accepted) answers[index] = troubleOfOurs;
    return answers;
  }
  connection.inTransaction = false;
  const phase = last.cutOff ? "content" : "final dot";
  let position = 0;
  for (const index of accepted) {
    const answer = answerFor(last.replies[count === 1 ? 0 : position], last.failure, phase, connection);
    // No reply to content: the true one is still to come, and the next mail would take it for its own.
    if (!answer.fromNextHop) connection.drop();
    answers[index] = answer;
    position += 1;
  }
  return answers;
}

/** Leaves the content unsent. Gives the answers by recipient: those who were accepted get a 4xx. */
export function abandonTransaction(transaction: OpenTransaction): HopAnswer[] {
  // It asked for content and a dot would deliver; there is no other way back.
  if (transaction.state === "ready") transaction.connection.drop();
  const answers = [...transaction.answers];
  for (const index of transaction.accepted) answers[index] = notSent;
  for (const index of transaction.deferred) answers[index] = notSent;
  return answers;
}

/** The same mail to some of its recipients. */
export function narrowed(outgoing: Outgoing, indexes: readonly number[]): Outgoing {
  const recipients: Path[] = [];
  for (const index of indexes) {
    const recipient = outgoing.envelope.recipients[index];
    if (recipient !== undefined) recipients.push(recipient);
  }
  const envelope: Envelope = { sender: outgoing.envelope.sender, recipients };
  return { ...outgoing, envelope };
}

/** Undefined when the content cannot be read. */
async function planByContent(connection: NextHopConnection, outgoing: Outgoing): Promise<EnvelopeCommands | undefined> {
  const { envelope, message } = outgoing;
  try {
    return envelopeCommands(envelope, connection.capabilities, await contentNeeds(message));
  } catch {
    return undefined;
  }
}

function pipelined(
  connection: NextHopConnection,
  commands: readonly string[],
  timeouts: RelayTimeouts,
): Promise<Exchange> {
  let text = "";
  for (const command of commands) text += `${command}\r\n`;
  const patience = { eachMs: timeouts.command, lastMs: timeouts.data };
  return connection.exchange(`${text}DATA\r\n`, commands.length + 1, patience);
}

/** One command at a time; DATA stays unsent where a recipient was refused for now, or all were refused. */
async function lockStep(
  connection: NextHopConnection,
  commands: readonly string[],
  forwardingCount: number,
  timeouts: RelayTimeouts,
): Promise<Dialog> {
  const replies: Reply[] = [];
  const patience = { eachMs: timeouts.command, lastMs: timeouts.command };
  for (const [index, command] of commands.entries()) {
    const { replies: answered, failure } = await connection.exchange(`${command}\r\n`, 1, patience);
    const reply = answered[0];
    if (reply === undefined) return { replies, failure };
    replies.push(reply);
    if (index === forwardingCount && !isPositive(reply)) return { replies, failure: undefined, stopped: true };
  }
  const fates = replies.slice(forwardingCount + 1);
  if (!fates.some(isPositive) || fates.some(isTransient)) return { replies, failure: undefined, stopped: true };
  const asked = await connection.exchange("DATA\r\n", 1, { eachMs: timeouts.data, lastMs: timeouts.data });
  return { replies: [...replies, ...asked.replies], failure: asked.failure };
}

function readDialog(
  connection: NextHopConnection,
  recipients: readonly (string | Reply)[],
  forwardingCount: number,
  dialog: Dialog,
  content: Content,
): OpenTransaction {
  const { replies, failure } = dialog;
  const mail = replies[forwardingCount];
  const mailPhase = mail === undefined && replies.length < forwardingCount ? "XFORWARD" : "MAIL";
  const mailAnswer = answerFor(mail, failure, mailPhase, connection);
  const mailTaken = isPositive(mailAnswer.reply);
  // What XFORWARD said holds until RSET or the end of a mail: it must not speak for the next one.
  connection.inTransaction = forwardingCount > 0 || mailTaken;
  const answers: HopAnswer[] = [];
  const accepted: number[] = [];
  let at = forwardingCount + 1;
  for (const command of recipients) {
    if (typeof command !== "string") {
      answers.push({ reply: command, fromNextHop: false });
      continue;
    }
    const answer = mailTaken ? answerFor(replies[at], failure, "RCPT", connection) : mailAnswer;
    at += 1;
    if (isPositive(answer.reply)) accepted.push(answers.length);
    answers.push(answer);
  }
  const deferred = tooMany(answers, accepted);
  for (const index of deferred) answers[index] = toFollow;

  if (failure !== undefined) {
    const answer = answerFor(undefined, failure, "DATA", connection);
    for (const index of [...accepted, ...deferred]) answers[index] = answer;
    return over(connection, answers, connection.used && isStale(failure) && replies.length <= forwardingCount + 1);
  }
  const asked = replies[at];
  if (asked !== undefined && asked.code !== 354) {
    const answer = commandAnswer(asked, "DATA", connection.remote);
    // Its replies have come out of step with our commands: the next mail's would be taken for each other, too.
    if (!answer.fromNextHop) connection.drop();
    for (const index of [...accepted, ...deferred]) answers[index] = answer;
    return over(connection, answers);
  }
  let state: OpenTransaction["state"] = "over";
  if (accepted.length > 0) {
    if (asked !== undefined) state = "ready";
    else if (dialog.stopped) state = "envelope";
  } else if (asked !== undefined) {
    // Content is asked for although nobody is to have it: there is no way back but this.
    connection.drop();
  }
  return { connection, answers, accepted, deferred, content, state, untouched: false, shunsChunks: false };
}

/** Nothing is to follow: all answers stand. */
function over(
  connection: NextHopConnection,
  answers: HopAnswer[],
  untouched = false,
  shunsChunks = false,
): OpenTransaction {
  const nothing = { accepted: [], deferred: [], content: undefined, state: "over" } as const;
  return { connection, answers, ...nothing, untouched, shunsChunks };
}

function sameForAll(envelope: Envelope, answer: HopAnswer): HopAnswer[] {
  return envelope.recipients.map(() => answer);
}

/** What a next hop's own timeout or restart looks like from here. */
function isStale(failure: ConnectionFailure): boolean {
  return failure.kind === "closed" || failure.kind === "refused" || failure.kind === "timeout";
}

/**
 * The recipients beyond what the next hop takes in one transaction (RFC 5321 section 4.5.3.1.10): 452 for all that
 * follow the last accepted one. A 452 that says otherwise (4.2.2, mailbox full) is about its own recipient.
 */
function tooMany(answers: readonly HopAnswer[], accepted: readonly number[]): number[] {
  const lastAccepted = accepted.at(-1);
  // Nobody was taken, or everybody.
  if (lastAccepted === undefined || accepted.length === answers.length) return [];
  const deferred: number[] = [];
  for (const [index, { reply, fromNextHop }] of answers.entries()) {
    const isLimit = fromNextHop && reply.code === 452 && (reply.enhanced === "" || reply.enhanced === "4.5.3");
    if (!isLimit) continue;
    if (index < lastAccepted) return [];
    deferred.push(index);
  }
  return deferred;
}
