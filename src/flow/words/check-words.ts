// What SPF, DMARC, ARC and the results of RFC 8601 mean, in sentences.
import type { ArcReason, SpfReason } from "../../authres/authenticator.ts";
import type { AuthResult } from "../../authres/finding.ts";
import type { DmarcReason } from "../../checks/dmarc.ts";
import type { AuthorDoubt } from "../../mail/authors.ts";
import type { Meaning } from "./word.ts";

/** Nothing is to be done. */
const nothing = "";
const lookAtDns = "Check dns.servers and the name servers of the sender's domain; the next mail is judged anew.";
const oneFrom =
  "Do not trust the author that is shown; final_dmarc_destiny acts on the strictest policy of all domains in From.";
const brokenRecord = "Their SPF record is broken: tell the sender's postmaster.";
const brokenChain = "The chain counts for nothing; DKIM and SPF decide. Nothing can be done here.";
const ourFault = "The log has an error line of the same time: report it.";

/** Results, whatever the method. */
export const resultWords: Readonly<Record<AuthResult, Meaning>> = {
  none: ["There was nothing to judge: no signature, no record or no policy.", nothing],
  pass: ["The check succeeded.", nothing],
  fail: [
    "The check failed: the mail was changed, forged or came from a host that may not send it.",
    "Look at the reason and at the other methods.",
  ],
  softfail: [
    "SPF: the host is probably not allowed to send for the domain (~all).",
    "Nothing, unless it is a domain of yours: then add the host to its SPF record.",
  ],
  policy: ["It holds, but a rule here does not let it count.", "Look at the reason."],
  neutral: ["The domain says nothing about this host, or the result counts for nothing.", nothing],
  temperror: ["The DNS gave no answer in time.", lookAtDns],
  permerror: [
    "The record or the signature is broken; trying again does not help.",
    "Look at the reason; the owner of the domain has to mend it.",
  ],
};

/** SPF results in the words of RFC 7208 section 2.6. */
export const spfResultWords: Readonly<Record<Exclude<AuthResult, "policy">, Meaning>> = {
  none: ["The domain has no SPF record.", nothing],
  pass: ["The domain allows this host to send its mail.", nothing],
  fail: [
    "The domain says that this host may not send its mail (-all).",
    "If the domain is yours, add the host to its SPF record. If the mail was forwarded, DKIM has to speak for it.",
  ],
  softfail: [
    "The domain says that this host should not send its mail (~all).",
    "If the domain is yours, add the host to its SPF record. If the mail was forwarded, DKIM has to speak for it.",
  ],
  neutral: ["The domain says nothing about this host (?all).", nothing],
  temperror: resultWords.temperror,
  permerror: ["The SPF record of the domain is broken.", brokenRecord],
};

export const spfWords: Readonly<Record<SpfReason, Meaning>> = {
  "too-many-lookups": ["The SPF record needs more than ten DNS questions (RFC 7208 section 4.6.4).", brokenRecord],
  "too-many-void-lookups": ["The SPF record names more than two names that do not exist.", brokenRecord],
  "record-error": ["The SPF record cannot be understood, or there are several.", brokenRecord],
  "dns-error": ["The DNS did not answer.", lookAtDns],
  "time-limit": ["The DNS took longer than a mail may wait.", lookAtDns],
  "internal-error": ["Something broke on our side.", ourFault],
};

const dmarcReasons: Readonly<Record<DmarcReason, Meaning>> = {
  "no-policy": ["No DMARC record speaks for the author's domain.", nothing],
  "several-records": [
    "Several DMARC records stand at one name, so none counts.",
    "The domain should have one: tell its postmaster.",
  ],
  "dns-error": ["The DNS did not answer.", lookAtDns],
  "identifier-temperror": ["SPF or a signature that could have made it pass could not be judged for now.", lookAtDns],
  "too-many-signatures": [
    "A signature that could have made it pass is among those that were not judged.",
    "Raise dkim_max_signatures or dkim_max_keys if mail you want has so many.",
  ],
};

const doubts: Readonly<Record<AuthorDoubt, Meaning>> = {
  "header-too-large": ["The header was not read to its end, so another From may follow.", oneFrom],
  "no-from": ["There is no From field.", oneFrom],
  "two-from-fields": ["There are several From fields, or a line that some readers take for one.", oneFrom],
  "malformed-from": ["Mail programs read this From field differently.", oneFrom],
  "two-from-domains": ["From names authors of several domains.", oneFrom],
  "no-from-domain": ["From has no address with a domain.", oneFrom],
  "no-field-name": ["A line of the header is no field: some readers end the header there.", oneFrom],
};

/** Reasons of DMARC, the doubts about From among them. */
export const dmarcWords: Readonly<Record<DmarcReason | AuthorDoubt, Meaning>> = { ...doubts, ...dmarcReasons };

/** Why the author of a mail is not believed. */
export const doubtWords: Readonly<Record<AuthorDoubt | "from-too-long", Meaning>> = {
  ...doubts,
  "from-too-long": [
    "The From field is too long to be kept for an explanation.",
    'Give the message itself to "signpost check".',
  ],
};

export const arcWords: Readonly<Record<ArcReason | "trusted-sealer", Meaning>> = {
  "header-too-large": ["The header section is larger than what is looked at.", brokenChain],
  "no-field-name": ["A line of the header is no field: some readers end the header there.", brokenChain],
  "too-many-sets": ["There are more than 50 ARC sets.", "Look for a mail loop."],
  "broken-sequence": ["The numbers (i=) of the ARC sets have a gap.", brokenChain],
  "duplicate-field": ["An ARC field stands twice in one set.", brokenChain],
  "missing-field": ["An ARC set is not complete.", brokenChain],
  syntax: ["An ARC field cannot be understood.", brokenChain],
  "unsupported-algorithm": ["An ARC field has an algorithm that is not known.", brokenChain],
  "chain-failed": ["A relay on the way found the chain broken already (cv=fail).", brokenChain],
  expired: ["x= of the newest message signature has passed.", brokenChain],
  "signed-in-the-future": [
    "t= of a seal or message signature is still to come.",
    "Check the clock of this host (timedatectl).",
  ],
  "seal-mismatch": ["A seal does not hold.", brokenChain],
  "message-signature-mismatch": [
    "The mail was changed after the last seal, as by a list that does not seal.",
    brokenChain,
  ],
  "body-not-fully-signed": ["l= of the newest message signature leaves a part of the body unsigned.", brokenChain],
  "weak-key": ["A key of the chain is shorter than dkim_minimum_key_bits.", brokenChain],
  "key-error": ["A key of the chain cannot be used.", brokenChain],
  "dns-error": ["The DNS did not answer the question for a key of the chain.", lookAtDns],
  "internal-error": ["Something broke on our side.", ourFault],
  "trusted-sealer": [
    "The chain holds and arc_trusted_sealers names every sealer: a DMARC failure is not acted on.",
    nothing,
  ],
};
