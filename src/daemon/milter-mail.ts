// Mail by milter between its part and the flow: the outcome becomes what the MTA is asked to do.
import type { BodyDigester } from "../dkim/engine.ts";
import type { MilterOutcome } from "../flow/milter-flow.ts";
import type { BodyDigestSpec } from "../mail/digest.ts";
import { noEdits } from "../mail/edit.ts";
import type { ListenerName } from "../mail/transaction.ts";
import type { MilterVerdict } from "../milter/changes.ts";
import type { MilterHandlers } from "../milter/handlers.ts";
import { Intake } from "../receive/intake.ts";
import { failureReply, troubleReply } from "../receive/message-reply.ts";
import type { ListenerOptions } from "../receive/options.ts";
import type { MessageStore } from "../receive/store.ts";
import { isPositive } from "../smtp/reply.ts";

/** What the MTA is to do, from what was decided for each recipient. */
export function milterVerdict({ outcome, leaving, hold }: MilterOutcome): MilterVerdict {
  const { reply, recipients, session } = outcome;
  const passes = recipients.map(({ action, reply: word }) => action === "accept" && isPositive(word));
  // An address extension: the recipient as it came goes, the extended one comes.
  const extended = new Map(leaving.flatMap(({ deliverTo }) => [...(deliverTo ?? [])]));
  const removed = recipients.filter((_, place) => passes[place] !== true || extended.has(place));
  return {
    reply,
    edits: leaving[0]?.edits ?? noEdits,
    discarded: isPositive(reply) && !passes.includes(true),
    removedRecipients: removed.map(({ address }) => address),
    addedRecipients: [...extended].flatMap(([place, address]) => (passes[place] === true ? address : [])),
    ...(hold === undefined ? {} : { hold: `${hold}, id=${session.id}` }),
  };
}

export interface IntakeNeeds {
  readonly store: MessageStore;
  readonly startDigest: (specs: readonly BodyDigestSpec[]) => BodyDigester;
  options(at: ListenerName): ListenerOptions;
}

/** Messages are collected as those of SMTP are. */
export function milterIntake({
  store,
  startDigest,
  options,
}: IntakeNeeds): Pick<MilterHandlers, "openIntake" | "failureReply"> {
  return {
    openIntake(at, onHead) {
      const { smtpd_message_size_limit, maxHeaderBytes, headerLimits } = options(at);
      return new Intake(store, {
        sizeLimit: smtpd_message_size_limit,
        maxHeaderBytes,
        headerLimits,
        onHead,
        startDigest,
      });
    },
    failureReply(at, intake, id) {
      if (!(intake instanceof Intake) || intake.failure === undefined) return troubleReply(id);
      return options(at).sent(failureReply(intake.failure, intake.sizeBytes, id));
    },
  };
}
