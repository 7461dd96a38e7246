// The Authentication-Results field of a mail that `check` looked at: as it left, for those who get one.
import { formatAuthenticationResults } from "../authres/print.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import { splitHeader } from "../mail/header.ts";
import type { Inspection, SentMail } from "./inspect.ts";

export interface ResultsField {
  /** The field with its CRLF: as it was written, else as a local recipient would get it. */
  readonly text: string;
  /** Why no mail that left has it. */
  readonly whyNot?: string;
}

/** `sent`: the messages that left. */
export function resultsField(outcome: Outcome, { filter }: Inspection, sent: readonly SentMail[]): ResultsField {
  const { findings, evidence, recipients } = outcome;
  const bank = evidence.bank ?? filter.router.base;
  const authservId = bank.myauthservid ?? bank.myhostname;
  // Fields that claimed our name were removed on arrival, so a field that begins like ours is ours.
  const beginning = formatAuthenticationResults(authservId, []).replace(/; none\r\n$/, ";");
  for (const { message } of sent) {
    const text = ownField(message.header, beginning);
    if (text !== undefined) return { text };
  }
  const text = formatAuthenticationResults(authservId, findings);
  if (!recipients.some(({ action }) => action === "accept")) return { text, whyNot: "the mail is not sent on" };
  if (findings.length === 0) return { text, whyNot: "nothing is verified (enable_dkim_verification and others)" };
  if (!recipients.some(({ local }) => local)) return { text, whyNot: "no recipient is local (local_domains_maps)" };
  return { text, whyNot: "allowed_added_header_fields leaves it out" };
}

function ownField(header: Uint8Array, beginning: string): string | undefined {
  for (const { raw } of splitHeader(header).fields) {
    const text = Buffer.from(raw).toString("latin1");
    if (text.startsWith(beginning)) return text;
  }
  return undefined;
}
