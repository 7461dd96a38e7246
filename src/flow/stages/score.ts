// The spam scanners' word on a mail, once banks are what they will be. Infected mail is not asked about.
import type { Facts } from "../../checks/check.ts";
import type { SpamFound } from "../../mail/content.ts";
import type { JudgedMail } from "../mail.ts";

/** Never rejects: a scanner that is down leaves the mail without a score. */
export type ScoreSpam = (mail: JudgedMail) => SpamFound | Promise<SpamFound>;

export function createScore(scoreSpam: ScoreSpam) {
  return function score(mail: JudgedMail): Facts | Promise<Facts> {
    const { facts, bank } = mail;
    if (bank.spam_scanners.length === 0 || isInfected(mail) || !isWanted(mail)) return facts;
    const spam = scoreSpam(mail);
    return spam instanceof Promise ? spam.then((found) => withSpam(facts, found)) : withSpam(facts, spam);
  };
}

function withSpam(facts: Facts, spam: SpamFound): Facts {
  return { ...facts, content: { ...facts.content, spam } };
}

/** Names that count as points instead leave the mail to the spam scanner (virus_name_to_spam_score_maps). */
function isInfected({ bank, facts }: JudgedMail): boolean {
  const names = facts.content.virus?.names ?? [];
  return names.some((name) => bank.virus_name_to_spam_score_maps.first(name) === undefined);
}

function isWanted({ bank, transaction }: JudgedMail): boolean {
  return transaction.envelope.recipients.some(
    ({ address }) => bank.bypass_spam_checks_maps.first(address)?.value !== true,
  );
}
