// Ordinary mail, of which nothing is to be left out: small enough to be kept as it is. To make a text of it takes 3 % of the
// work for a small mail, and nearly none of the texts is ever read.
import type { ContentFound } from "../../policy/decision.ts";
import type { Outcome, RecipientOutcome } from "./outcome.ts";

/** Of each list at most. */
const most = { recipients: 4, verifications: 4, findings: 8, signings: 4, candidates: 4, queuedAs: 4 } as const;

/** With all else that is counted it takes no more than the history grants to a mail on an average. */
const maxOctets = 8192;

/** The objects of an Outcome, and those of one recipient. */
const objectOctets = { outcome: 1500, recipient: 300, scan: 600, content: 600, text: 50 } as const;

/**
 * What an ordinary mail takes in memory at most, octets; undefined for every other mail. The header counts whole: a text
 * from it may be a part of one that is as long.
 */
export function ordinaryOctets(outcome: Outcome): number | undefined {
  const { recipients, verifications, findings, signings, queuedAs, evidence, headerOctets } = outcome;
  if (headerOctets === undefined || hasMore(outcome) || !isRemembered(outcome) || evidence.changeHints !== undefined)
    return undefined;
  if (recipients.length > most.recipients || verifications.length > most.verifications) return undefined;
  if (findings.length > most.findings || signings.length > most.signings) return undefined;
  if (evidence.candidates.length > most.candidates || queuedAs.length > most.queuedAs) return undefined;
  const { helo, client } = outcome.session;
  let octets = objectOctets.outcome + headerOctets + outcome.sender.length + outcome.reply.text.length + helo.length;
  octets += (client.name?.length ?? 0) + (client.helo?.length ?? 0) + (client.ident?.length ?? 0);
  if (outcome.scan !== undefined) octets += objectOctets.scan;
  for (const recipient of recipients) {
    if (!isPlain(recipient)) return undefined;
    octets += objectOctets.recipient + recipient.address.length + recipient.reply.text.length;
    if (recipient.content !== undefined) octets += octetsOf(recipient.content);
  }
  return octets <= maxOctets ? octets : undefined;
}

/** What only some mails have, as long as it may be. */
function hasMore({ seal, survival, recipientReplies, error, leftOut, detailLines }: Outcome): boolean {
  return (
    seal !== undefined ||
    survival !== undefined ||
    recipientReplies !== undefined ||
    error !== undefined ||
    leftOut !== undefined ||
    detailLines.length > 0
  );
}

/** All that was found in it was known. What a scanner said just now is pieces of its answer, and would keep all of that. */
function isRemembered({ scan }: Outcome): boolean {
  if (scan === undefined) return true;
  const { unchecked, virus, spam } = scan;
  return unchecked === undefined && virus?.cached !== false && spam?.cached !== false;
}

/** Nothing in it is forbidden, nothing is owed for it. */
function isPlain({ content, owed, quarantine, notices }: RecipientOutcome): boolean {
  const count = owed.copies.length + owed.notices.length + quarantine.length + notices.length;
  return count === 0 && (content === undefined || (content.banned === undefined && content.viruses.length === 0));
}

/** A score and faults of the header section, each text whole. */
function octetsOf({ all, score, headerFaults }: ContentFound): number {
  let octets = objectOctets.content + objectOctets.text * all.length;
  for (const text of headerFaults) octets += objectOctets.text + text.length;
  for (const text of score?.tests ?? []) octets += objectOctets.text + text.length;
  return octets;
}
