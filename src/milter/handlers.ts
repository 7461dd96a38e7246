// What the milter part needs of the rest: who judges a message, where it is kept meanwhile, who wants to know.

import type { BodyDigest, BodyDigestSpec } from "../mail/digest.ts";
import type { Message, MessageHead } from "../mail/message.ts";
import type { Envelope, ListenerName, Session, Transaction } from "../mail/transaction.ts";
import type { Refusal, RefusalCause } from "../smtp/refusal.ts";
import type { Reply } from "../smtp/reply.ts";
import type { MilterVerdict } from "./changes.ts";

/** A message whose header section is in. It may never come to its end. */
export interface MilterMail {
  /** Asked once, if the body turns out to be more than one block. */
  readonly digestSpecs: () => readonly BodyDigestSpec[];
  /** The body is released when this settles. A rejection becomes 451 4.3.0. */
  onMessage(transaction: Transaction): Promise<MilterVerdict>;
}

export interface MilterReceived {
  readonly message: Message;
  readonly digests?: Promise<readonly BodyDigest[]>;
}

/** Collects one message: header section, an empty line, body, as octets. */
export interface MilterIntake {
  readonly sizeBytes: number;
  /** Why it is not kept: nothing of it goes on then. */
  readonly failure: RefusalCause | "gone" | undefined;
  readonly error: unknown;
  take(octets: Buffer, from: number, to: number): void;
  /** Resolves when more octets may come; undefined when they may at once. */
  pressure(): Promise<void> | undefined;
  /** Undefined when there was a failure. */
  finish(): MilterReceived | undefined | Promise<MilterReceived | undefined>;
  fail(failure: "gone"): void;
  release(): void;
}

export interface MilterHandlers {
  /** The header section of a message is in, its body may not be. */
  onHead(session: Session, envelope: Envelope, head: MessageHead): MilterMail;
  openIntake(at: ListenerName, onHead: (head: MessageHead) => () => readonly BodyDigestSpec[]): MilterIntake;
  /** Asked at each MAIL: a reply that puts it off, because there is too much to do; undefined to go on. */
  admit(): Reply | undefined;
  /** The reply for a message that was not kept. */
  failureReply(at: ListenerName, intake: MilterIntake, logId: string): Reply;
}

/** Called as things happen, for metrics and log. Every callback must be cheap and must not throw. */
export interface MilterObserver {
  connectionOpened?(listener: ListenerName): void;
  connectionClosed?(listener: ListenerName): void;
  refused?(refusal: Refusal): void;
  connectionRefused?(listener: ListenerName, reason: "acl" | "limit" | "shutdown"): void;
  /** `failure` says why it does not go on to the flow. */
  messageReceived?(listener: ListenerName, sizeBytes: number, failure: string | undefined): void;
  /** The MTA gave it up (SMFIC_ABORT), or went away. */
  messageAborted?(listener: ListenerName): void;
  messageSpooled?(listener: ListenerName, sizeBytes: number): void;
  trouble?(what: "handler" | "storage" | "socket" | "accept", error: unknown, logId: string): void;
}
