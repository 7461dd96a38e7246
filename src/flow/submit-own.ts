// Mail of our own (status notifications, notices, copies, released mail) on its way out, through notify_method. What we wrote is
// signed like mail of our users, whatever mail it speaks of (amavis.md 4.8).
import { noEdits, print } from "../mail/edit.ts";
import type { Message } from "../mail/message.ts";
import type { Envelope } from "../mail/transaction.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { Proceed, Relay } from "../relay/delivery.ts";
import type { Signer } from "../signing/choose.ts";
import { planSigning } from "../signing/plan.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import { isPermanent, isPositive } from "../smtp/reply.ts";
import { localEndOf } from "./stages/relay-mail.ts";
import type { SignAsPlanned } from "./stages/sign-mail.ts";

export interface OwnMail {
  /** "quarantine": a copy that is kept at a mail address; "release": a mail that was kept, on its way to its recipients. */
  readonly kind: "dsn" | "notice" | "quarantine" | "release";
  readonly envelope: Envelope;
  readonly message: Message;
  /** The bank under which it is signed. */
  readonly bank: PolicyBank;
  /** The first is tried first; none where notify_method is null. */
  readonly nextHops: readonly NextHop[];
  /** Epoch, milliseconds. */
  readonly writtenAtMs: number;
  /** On the clock of performance.now(): when the next hop's last reply must be there. */
  readonly deadlineMs: number;
}

/** Refused with 5xx, by the next hop or for want of one; put off by it, or by us who cannot sign it now. */
export type OwnMailResult = "sent" | "refused" | "put-off";

export type SubmitOwn = (mail: OwnMail) => Promise<OwnMailResult>;

/** Called once for each mail of ours, for metrics. */
export type ObserveOwnMail = (kind: OwnMail["kind"], result: OwnMailResult) => void;

export interface SubmitOwnNeeds {
  readonly signer: Pick<Signer, "choose">;
  readonly signAsPlanned: SignAsPlanned;
  readonly relay: Relay;
  readonly observe?: ObserveOwnMail;
}

export function createSubmitOwn({ signer, signAsPlanned, relay, observe }: SubmitOwnNeeds): SubmitOwn {
  return async function submitOwn(mail) {
    const result = await submit(mail);
    observe?.(mail.kind, result);
    return result;
  };

  async function submit(mail: OwnMail): Promise<OwnMailResult> {
    const { kind, envelope, message, bank, nextHops, writtenAtMs, deadlineMs } = mail;
    if (nextHops.length === 0) return "refused";
    // What others wrote is not signed in our name, whatever its From says.
    const ours = { ...bank, originating: kind === "dsn" || kind === "notice" };
    const choice = signer.choose({ head: message, mailFrom: envelope.sender.address, bank: ours });
    const plan = planSigning(choice, { validSignatures: [], receivedAtMs: writtenAtMs });
    const recipients = [...envelope.recipients.keys()];
    const signed = await signAsPlanned(plan, { message }, [{ recipients, edits: noEdits, nextHops }], false);
    if ("refused" in signed) return "put-off";
    const outgoing = signed.leaving.flatMap(({ edits, nextHops: [nextHop, ...failover] }) =>
      nextHop === undefined
        ? []
        : {
            nextHop,
            failover,
            session: undefined,
            localEnd: localEndOf(bank),
            envelope,
            message: print(message, edits, "own"),
            deadlineMs,
          },
    );
    // A release is to all or to nobody, so that it can be tried again.
    const proceed: Proceed = (replies) => kind !== "release" || replies.every((each) => each.every(isPositive));
    const deliveries = await relay(outgoing, proceed);
    const replies = deliveries.flatMap((delivery) => delivery.replies);
    if (replies.every(isPositive)) return "sent";
    return replies.some(isPermanent) ? "refused" : "put-off";
  }
}
