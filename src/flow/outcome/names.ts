// By what a mail is asked for: mail_id, log_id, Message-ID, queue ids of the next hop, addresses of its envelope.
import { lowerOctets } from "../../mail/domain.ts";
import type { Outcome } from "./outcome.ts";

/** A name as it is compared: octets, Message-ID and addresses without angle brackets, no regard to case. */
export function comparable(name: string): string {
  return lowerOctets(name.trim().replace(/^<(.*)>$/, "$1"));
}

/** `name` as `comparable` makes it. */
export function isNamed(outcome: Outcome, name: string): boolean {
  const { mailId, session, messageId, queuedAs, sender, recipients } = outcome;
  return (
    mailId.toLowerCase() === name ||
    session.id === name ||
    (messageId !== "" && comparable(messageId) === name) ||
    (sender !== "" && lowerOctets(sender) === name) ||
    queuedAs.some((id) => id.toLowerCase() === name) ||
    recipients.some(({ address }) => lowerOctets(address) === name)
  );
}

/** All names of a mail, each once. */
export function namesOf({ mailId, session, messageId, queuedAs, sender, recipients }: Outcome): readonly string[] {
  const names = [mailId, session.id, messageId, sender, ...queuedAs, ...recipients.map(({ address }) => address)];
  return [...new Set(names.map(comparable))].filter((name) => name !== "");
}
