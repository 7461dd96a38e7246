// The decision on each recipient: a mail that has gone round too often is refused (RFC 5321 section 6.3), then the bank in
// force has its say on what was found.
import { dmarcDisposition, tooManySignatures } from "../../checks/dmarc-check.ts";
import { splitAddress } from "../../mail/address.ts";
import { type Authors, readAuthors } from "../../mail/authors.ts";
import { messageSizeBytes } from "../../mail/message.ts";
import { countReceived } from "../../mail/received.ts";
import { createContentsOf } from "../../policy/contents.ts";
import { decide, dmarcRule, type MailToDecide } from "../../policy/decide.ts";
import { accepted, type Decision, refused } from "../../policy/decision.ts";
import { mustSignRule } from "../../policy/must-sign.ts";
import { verifiedDomains } from "../../policy/scores.ts";
import type { JudgedMail } from "../mail.ts";
import { reasonsAgainstSender } from "../vouched.ts";

export interface DecideLimits {
  /** Received fields; more are a loop. */
  readonly receivedFields: number;
  /** Octets; no message_size_limit_maps goes below (enforce_smtpd_message_size_limit_64kb_min). */
  readonly leastSizeLimit: number;
}

export function createDecide({ receivedFields, leastSizeLimit }: DecideLimits) {
  return function decideMail(mail: JudgedMail): readonly Decision[] {
    const { session, envelope, message } = mail.transaction;
    const hops = countReceived(message.fields);
    if (hops > receivedFields) {
      const text = `id=${session.id} - Too many hops: ${hops} 'Received:' header fields`;
      const loop = refused("loop", "reject", { code: 554, enhanced: "5.4.6", text });
      return envelope.recipients.map(() => loop);
    }
    if (mail.facts.content.released !== undefined) return envelope.recipients.map(() => accepted);
    const recipients = envelope.recipients.map(({ address }) => address);
    const decisions = decide(toDecide(mail, leastSizeLimit), recipients);
    const { bank, facts } = mail;
    if (facts.content.virus?.failed !== true || !bank.virus_scanners_failure_is_fatal) return decisions;
    const text = `id=${session.id} - Virus scanners are not available, please try again later`;
    const putOff = refused("scanner-failed", "tempfail", { code: 451, enhanced: "4.3.0", text });
    return decisions.map((decision, index) =>
      bank.bypass_virus_checks_maps.first(recipients[index] ?? "")?.value === true ? decision : putOff,
    );
  };
}

/** What decisions go by; what is dear is found out when it is asked for, and once. */
function toDecide(mail: JudgedMail, leastSizeLimit: number): MailToDecide {
  const { bank, facts, transaction } = mail;
  const { session, envelope, message, receivedAtMs } = transaction;
  const { verifications, findings } = facts;
  const sender = envelope.sender.address;
  const authors = once((): Authors => readAuthors(message));
  const senders = once(() => [...new Set([sender, ...authors().mailboxes.map(({ address }) => address)])]);
  const spfPassed = findings.some(({ method, result }) => method === "spf" && result === "pass");
  return {
    bank,
    sender,
    verifications,
    id: session.id,
    rules: [mustSignRule(bank, authors, verifications), dmarc(mail)],
    contentsOf: createContentsOf({
      bank,
      content: facts.content,
      verifications,
      sizeBytes: messageSizeBytes(message),
      receivedAtMs,
      isSmtpUtf8: /(?:^| )SMTPUTF8(?: |$)/i.test(envelope.sender.parameters),
      leastSizeLimit,
      senders,
      verifiedDomains: once(() =>
        verifiedDomains(bank, verifications, spfPassed ? splitAddress(sender).domain : undefined),
      ),
    }),
    against: once(() => reasonsAgainstSender(mail)),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
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
