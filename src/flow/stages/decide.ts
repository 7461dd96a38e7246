// The decision on each recipient: a mail that has gone round too often is refused (RFC 5321 section 6.3), then the rules
// of the bank in force have their say on what was found.
import { dmarcDisposition, tooManySignatures } from "../../checks/dmarc-check.ts";
import { countReceived } from "../../mail/received.ts";
import { decide, dmarcRule } from "../../policy/decide.ts";
import { type Decision, refused } from "../../policy/decision.ts";
import type { JudgedMail } from "../mail.ts";

export interface DecideLimits {
  /** Received fields; more are a loop. */
  readonly receivedFields: number;
}

export function createDecide({ receivedFields }: DecideLimits) {
  return function decideMail(mail: JudgedMail): readonly Decision[] {
    const { session, envelope, message } = mail.transaction;
    const hops = countReceived(message.fields);
    if (hops > receivedFields) {
      const text = `id=${session.id} - Too many hops: ${hops} 'Received:' header fields`;
      const loop = refused("loop", "reject", { code: 554, enhanced: "5.4.6", text });
      return envelope.recipients.map(() => loop);
    }
    const recipients = envelope.recipients.map(({ address }) => address);
    return decide([dmarc(mail)], recipients, session.id);
  };
}

function dmarc({ bank, facts: { findings } }: JudgedMail) {
  const finding = findings.find(({ method }) => method === "dmarc");
  const domain = finding?.properties.find(({ type, name }) => type === "header" && name === "from")?.value ?? "";
  // What a trusted ARC chain excuses is left out of the disposition already.
  const facts = finding && {
    result: finding.result,
    isUnjudged: finding.reason === tooManySignatures,
    disposition: dmarcDisposition(findings),
    domain,
  };
  return dmarcRule(bank, facts);
}
