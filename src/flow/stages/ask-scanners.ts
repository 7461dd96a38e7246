// The scanners' two questions, put together from what is known of a mail.
import { formatAuthenticationResults } from "../../authres/print.ts";
import type { ContentFacts, VirusFound } from "../../mail/content.ts";
import type { Message } from "../../mail/message.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { virusPoints } from "../../policy/spaminess.ts";
import type { ContentScanners, SpamAsk } from "../../scanners/content-scanners.ts";
import type { JudgedMail } from "../mail.ts";

export interface AskScannersNeeds {
  readonly scanners: Pick<ContentScanners, "scanViruses" | "scoreSpam">;
  /** Our patience with a mail, from its final dot on; the scanners together may take half of it. */
  readonly messageTimeMs: number;
}

export interface AskScanners {
  scanViruses(mail: JudgedMail): VirusFound | Promise<VirusFound>;
  /** The same about content of the mail alone. */
  scanContent(mail: JudgedMail, octets: Uint8Array): VirusFound | Promise<VirusFound>;
  scoreSpam(mail: JudgedMail): SpamFacts | Promise<SpamFacts>;
}

/** What the scanners say by the rules of each user. */
export type SpamFacts = Pick<ContentFacts, "spam" | "spamByUser">;

export function createAskScanners({ scanners, messageTimeMs }: AskScannersNeeds): AskScanners {
  const deadlineOf = ({ transaction }: JudgedMail) => transaction.arrivedMs + messageTimeMs / 2;
  return {
    scanViruses: (mail) =>
      scanners.scanViruses(mail.transaction.message, { bank: mail.bank, deadlineMs: deadlineOf(mail) }),
    scanContent: (mail, octets) =>
      scanners.scanViruses(fileOf(octets), { bank: mail.bank, deadlineMs: deadlineOf(mail) }),
    scoreSpam(mail) {
      const { session, envelope, message } = mail.transaction;
      const { fingerprint, virus } = mail.facts.content;
      const virusTests = virusPoints(mail.bank, virus?.names ?? [])?.tests;
      const common: SpamAsk = {
        bank: mail.bank,
        envelope,
        client: session.client,
        mailId: mail.mailId,
        deadlineMs: deadlineOf(mail),
        ...verifiedOf(mail),
        ...(fingerprint === undefined ? {} : { fingerprint }),
        ...(virusTests === undefined ? {} : { virusTests }),
      };
      const ask = ({ user, spamLevel }: User) =>
        scanners.scoreSpam(message, {
          ...common,
          ...(user === undefined ? {} : { user }),
          ...(spamLevel === undefined ? {} : { spamLevel }),
        });
      const [first = { recipients: [] }, ...others] = usersOf(mail);
      const spam = ask(first);
      if (others.length === 0) return spam instanceof Promise ? spam.then((found) => ({ spam: found })) : { spam };
      const asked = others.map(async (user) => ({ recipients: user.recipients, spam: await ask(user) }));
      return Promise.all([spam, Promise.all(asked)]).then(([found, spamByUser]) => ({ spam: found, spamByUser }));
    },
  };
}

/** As scanners are given it: no header, nothing but its octets. */
function fileOf(octets: Uint8Array): Message {
  const body = { kind: "memory", sizeBytes: octets.length, chunks: [octets] } as const;
  return { header: new Uint8Array(), separator: "", fields: [], body };
}

/** Whose rules hold for these recipients. */
interface User {
  readonly user?: string;
  readonly recipients: string[];
  /** The lowest of their levels. */
  spamLevel?: number;
}

/** As many times a mail is scored at most; recipients of further users get what the scanner says without one. */
const maxUsers = 20;

/** The users of those recipients who want to know: only spamd has rules of users. */
function usersOf({ bank, transaction }: JudgedMail): readonly User[] {
  const hasUsers = bank.spam_scanners.some(({ type }) => type === "spamd");
  const users = new Map<string | undefined, User>();
  for (const { address } of transaction.envelope.recipients) {
    if (bank.bypass_spam_checks_maps.first(address)?.value === true) continue;
    const of = hasUsers ? userOf(bank, address) : undefined;
    const user = users.has(of) || users.size < maxUsers - 1 ? of : undefined;
    const known = users.get(user) ?? { ...(user === undefined ? {} : { user }), recipients: [] };
    users.set(user, known);
    known.recipients.push(address);
    const level = bank.spam_tag2_level_maps.first(address)?.value;
    if (level !== undefined) known.spamLevel = Math.min(known.spamLevel ?? level, level);
  }
  return [...users.values()];
}

function userOf({ sa_username_maps }: PolicyBank, recipient: string): string | undefined {
  const name = sa_username_maps.first(recipient)?.value;
  return name === "" ? undefined : name;
}

/** What we have verified already, so that the scanner need not ask again. */
function verifiedOf({ bank, facts: { findings } }: JudgedMail): Pick<SpamAsk, "verified"> {
  if (findings.length === 0) return {};
  const field = () => formatAuthenticationResults(bank.myauthservid ?? bank.myhostname, findings);
  return { verified: { findings, field } };
}
