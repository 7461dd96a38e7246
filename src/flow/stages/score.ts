// The spam scanners' word on a mail, once banks are what they will be. Infected mail that nobody gets is not asked about.
import type { Facts } from "../../checks/check.ts";
import { objectionTo } from "../../policy/destinies.ts";
import type { JudgedMail } from "../mail.ts";
import type { AskScanners, SpamFacts } from "./ask-scanners.ts";

/** Never rejects: a scanner that is down leaves the mail without a score. */
export type ScoreSpam = AskScanners["scoreSpam"];

export function createScore(scoreSpam: ScoreSpam) {
  return function score(mail: JudgedMail): Facts | Promise<Facts> {
    const { facts, bank } = mail;
    if (bank.spam_scanners.length === 0 || !isWanted(mail)) return facts;
    const spam = scoreSpam(mail);
    return spam instanceof Promise ? spam.then((found) => withSpam(facts, found)) : withSpam(facts, spam);
  };
}

function withSpam(facts: Facts, spam: SpamFacts): Facts {
  return { ...facts, content: { ...facts.content, ...spam } };
}

/** By a recipient who does not bypass the check and, of infected mail, may get it: by destiny, love or bypass. */
function isWanted(mail: JudgedMail): boolean {
  const { bank, transaction } = mail;
  const viruses = virusesIn(mail);
  return transaction.envelope.recipients.some(
    ({ address }) =>
      bank.bypass_spam_checks_maps.first(address)?.value !== true &&
      (viruses.length === 0 ||
        bank.bypass_virus_checks_maps.first(address)?.value === true ||
        objectionTo(bank, { category: "CC_VIRUS", minor: 0 }, address, { viruses, banned: "" }) === undefined),
  );
}

/** None where the names count as points instead (virus_name_to_spam_score_maps). */
function virusesIn({ bank, facts }: JudgedMail): readonly string[] {
  const names = facts.content.virus?.names ?? [];
  return names.some((name) => bank.virus_name_to_spam_score_maps.first(name) === undefined) ? names : [];
}
