// One message of a connection from DATA to its replies: what it is taken into, who judges it, what the client is told.
import type { Envelope, ListenerName, Session, Transaction } from "../mail/transaction.ts";
import type { Refusal, RefusalCause } from "../smtp/refusal.ts";
import type { Reply } from "../smtp/reply.ts";
import type { ConnectionHost } from "./connection-host.ts";
import type { Dialog } from "./dialog.ts";
import type { Incoming, MessageReplies, ReceiveObserver } from "./handlers.ts";
import { Intake, type Received } from "./intake.ts";
import { failureReply, finalReply, troubleReply } from "./message-reply.ts";

/** A message on its way in or in the hands of the flow. */
export interface SessionMail {
  readonly session: Session;
  readonly envelope: Envelope;
  readonly intake: Intake;
  readonly bareNewline: "replace" | "reject";
  /** Set once its header section is in. */
  incoming: Incoming | undefined;
}

/** The message whose content begins now. */
export function beginMail(
  { handlers, store }: Pick<ConnectionHost, "handlers" | "store">,
  dialog: Dialog,
): SessionMail {
  const { options } = dialog;
  const { session, envelope } = dialog.beginMessage();
  const intake = new Intake(store, {
    sizeLimit: options.smtpd_message_size_limit,
    maxHeaderBytes: options.maxHeaderBytes,
    headerLimits: options.headerLimits,
    onHead: (head) => {
      const incoming = handlers.onHead(session, envelope, head);
      mail.incoming = incoming;
      return incoming.digestSpecs;
    },
    startDigest: handlers.startDigest,
  });
  const mail: SessionMail = { session, envelope, intake, bareNewline: options.bare_newline, incoming: undefined };
  return mail;
}

export interface JudgeNeeds {
  readonly listener: ListenerName;
  readonly observer: ReceiveObserver;
  refused(cause: RefusalCause, reply: Reply, more: Partial<Refusal>): void;
}

/**
 * The replies to a message that has come to its end: the flow's, or at once those to one that could not be kept. Neither
 * throws nor rejects; after the flow's reply it waits for nothing (a crash in between would make a duplicate).
 * @param received undefined where the message was not kept
 */
export function judgeMail(
  { session, envelope, intake, incoming }: SessionMail,
  received: Received | undefined,
  { listener, observer, refused }: JudgeNeeds,
): MessageReplies | Promise<MessageReplies> {
  const { failure, error, sizeBytes } = intake;
  observer.messageReceived?.(listener, sizeBytes, failure);
  if (received === undefined || incoming === undefined) {
    if (error !== undefined) observer.trouble?.(failure === "storage" ? "storage" : "handler", error, session.id);
    const reply = failure === undefined ? troubleReply(session.id) : failureReply(failure, sizeBytes, session.id);
    // "gone" is nobody's refusal: the client left.
    if (failure !== "gone") refused(failure ?? "trouble", reply, { logId: session.id, sizeBytes });
    return { reply };
  }
  const { message, digests } = received;
  if (message.body.kind === "spool") observer.messageSpooled?.(listener, sizeBytes);
  const arrived = { session, envelope, message, receivedAtMs: Date.now(), arrivedMs: performance.now() };
  const transaction: Transaction = digests === undefined ? arrived : { ...arrived, digests };
  const broken = (cause: unknown): MessageReplies => {
    observer.trouble?.("handler", cause, session.id);
    return { reply: troubleReply(session.id) };
  };
  try {
    return incoming.onMessage(transaction).catch(broken);
  } catch (cause) {
    // Not at once: behind it hundreds of mails may lie that fail alike, each within the answer to the last.
    return Promise.resolve(broken(cause));
  }
}

/** What goes to the client. RFC 2033 section 4.2: in LMTP one reply for each recipient that got 250. */
export function repliesText(dialog: Dialog, { session, envelope }: SessionMail, replies: MessageReplies): string {
  const { reply, recipientReplies } = replies;
  if (!dialog.isLmtp) return dialog.wire(finalReply(reply, session.id));
  return envelope.recipients
    .map((_, index) => dialog.wire(finalReply(recipientReplies?.[index] ?? reply, session.id)))
    .join("");
}
