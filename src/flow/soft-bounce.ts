// soft_bounce of a bank (as Postfix's): whatever is refused, by a rule of ours or by the next hop, is put off. Laid around
// the two stages that refuse; no other knows of it. The door does the same with its own replies.
import type { Decision } from "../policy/decision.ts";
import type { Delivery } from "../relay/delivery.ts";
import { softened } from "../smtp/reply.ts";
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

function softenedDecision(decision: Decision): Decision {
  if (decision.action !== "reject") return decision;
  return { ...decision, action: "tempfail", reply: softened(decision.reply) };
}

function softenedDelivery(delivery: Delivery): Delivery {
  return { ...delivery, replies: delivery.replies.map(softened) };
}
