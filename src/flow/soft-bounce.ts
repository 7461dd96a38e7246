// soft_bounce of a bank (as Postfix's): whatever is refused, by a rule of ours, by the next hop or in the dialog with the client, is put
// off. It is laid around the two stages that refuse, and receive/ calls it for its own replies; no other code knows of it.

import type { PolicyBank } from "../policy/bank.ts";
import type { Decision } from "../policy/decision.ts";
import type { Delivery } from "../relay/delivery.ts";
import { type Reply, softened } from "../smtp/reply.ts";
import type { Stages } from "./pipeline.ts";

/** The same stages, with soft_bounce of each mail's bank heeded. */
export function withSoftBounce(stages: Stages): Stages {
  return {
    ...stages,
    decide(mail) {
      const decisions = stages.decide(mail);
      return mail.bank.soft_bounce ? decisions.map(softenedDecision) : decisions;
    },
    relay(mail, leaving, proceed) {
      if (!mail.bank.soft_bounce) return stages.relay(mail, leaving, proceed);
      const deliveries = stages.relay(mail, leaving, (replies) => proceed(replies.map((each) => each.map(softened))));
      return deliveries.then((all) => all.map(softenedDelivery));
    },
  };
}

/** The reply that receive/ sends in place of one of its own. */
export function replyAsSent({ soft_bounce: isSoft }: Pick<PolicyBank, "soft_bounce">): (reply: Reply) => Reply {
  return isSoft ? softened : (reply) => reply;
}

function softenedDecision(decision: Decision): Decision {
  if (decision.action !== "reject") return decision;
  return { ...decision, action: "tempfail", reply: softened(decision.reply) };
}

function softenedDelivery(delivery: Delivery): Delivery {
  return { ...delivery, replies: delivery.replies.map(softened) };
}
