// The scanners' two questions, put together from what is known of a mail.
import { formatAuthenticationResults } from "../../authres/print.ts";
import type { SpamFound, VirusFound } from "../../mail/content.ts";
import type { ContentScanners, SpamAsk } from "../../scanners/content-scanners.ts";
import type { JudgedMail } from "../mail.ts";

export interface AskScannersNeeds {
  readonly scanners: Pick<ContentScanners, "scanViruses" | "scoreSpam">;
  /** Our patience with a mail, from its final dot on; the scanners together may take half of it. */
  readonly messageTimeMs: number;
}

export interface AskScanners {
  scanViruses(mail: JudgedMail): VirusFound | Promise<VirusFound>;
  scoreSpam(mail: JudgedMail): SpamFound | Promise<SpamFound>;
}

export function createAskScanners({ scanners, messageTimeMs }: AskScannersNeeds): AskScanners {
  const deadlineOf = ({ transaction }: JudgedMail) => transaction.arrivedMs + messageTimeMs / 2;
  return {
    scanViruses: (mail) =>
      scanners.scanViruses(mail.transaction.message, { bank: mail.bank, deadlineMs: deadlineOf(mail) }),
    scoreSpam(mail) {
      const { session, envelope, message } = mail.transaction;
      const { fingerprint } = mail.facts.content;
      return scanners.scoreSpam(message, {
        bank: mail.bank,
        envelope,
        client: session.client,
        mailId: mail.mailId,
        deadlineMs: deadlineOf(mail),
        ...forRecipients(mail),
        ...verifiedOf(mail),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      });
    },
  };
}

/** Rules and level of the first recipient who has any: a mail is scored once for all recipients. */
function forRecipients({ bank, transaction }: JudgedMail): Pick<SpamAsk, "user" | "spamLevel"> {
  let user: string | undefined;
  let spamLevel = Number.POSITIVE_INFINITY;
  for (const { address } of transaction.envelope.recipients) {
    if (bank.bypass_spam_checks_maps.first(address)?.value === true) continue;
    user ??= bank.sa_username_maps.first(address)?.value;
    spamLevel = Math.min(spamLevel, bank.spam_tag2_level_maps.first(address)?.value ?? spamLevel);
  }
  return {
    ...(user === undefined ? {} : { user }),
    ...(spamLevel === Number.POSITIVE_INFINITY ? {} : { spamLevel }),
  };
}

/** What we have verified already, so that the scanner need not ask again. */
function verifiedOf({ bank, facts: { findings } }: JudgedMail): Pick<SpamAsk, "verified"> {
  if (findings.length === 0) return {};
  const field = () => formatAuthenticationResults(bank.myauthservid ?? bank.myhostname, findings);
  return { verified: { findings, field } };
}
