// Whether anything vouches for the sender of a mail. A bounce to a sender for whom nothing vouches hits the one whom the mail's
// author made up (reliability: backscatter).
import { organizationalDomain } from "../checks/organizational-domain.ts";
import { splitAddress } from "../mail/address.ts";
import { reasonsAgainst, type SenderReason } from "../notices/may-notify.ts";
import { countedSignatures } from "../policy/signature-standing.ts";
import type { JudgedMail } from "./mail.ts";

type Told = Omit<JudgedMail, "mailId" | "arrival">;

/** What speaks against telling the sender of a mail anything. */
export function reasonsAgainstSender(mail: Told): readonly SenderReason[] {
  const { envelope, message } = mail.transaction;
  return reasonsAgainst({ sender: envelope.sender, fields: message.fields, isVouchedFor: isSenderVouchedFor(mail) });
}

/**
 * Mail of our own users; SPF passed for the envelope sender; or a signature that counts, of the sender's domain or one
 * that belongs to the same organization (RFC 7489 section 3.1.1, relaxed).
 */
export function isSenderVouchedFor({ transaction, bank, facts }: Told): boolean {
  if (bank.originating) return true;
  const { domain } = splitAddress(transaction.envelope.sender.address);
  if (domain === undefined) return false;
  // SPF of the HELO name says nothing about the sender; it is asked for where there is none.
  const isSpfPass = facts.findings.some(
    ({ method, result, properties }) =>
      method === "spf" && result === "pass" && properties.some(({ name }) => name === "mailfrom"),
  );
  if (isSpfPass) return true;
  const organization = organizationalDomain(domain);
  return countedSignatures(bank, facts.verifications).some(
    (signature) => signature.domain === domain || organizationalDomain(signature.domain) === organization,
  );
}
