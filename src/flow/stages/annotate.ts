// Where mail that goes on goes, and with which header edits: our trace field, what was found out about it, and none of
// what others claim in our name.
import { formatAuthenticationResults } from "../../authres/print.ts";
import { leaveOutClaims } from "../../authres/remove.ts";
import { type HeaderEdits, noEditsOf, withFields } from "../../mail/edit.ts";
import type { Message } from "../../mail/message.ts";
import { buildReceived } from "../../mail/received.ts";
import type { Accepted, Decision } from "../../policy/decision.ts";
import { isLocal } from "../../policy/router.ts";
import { passField } from "../../quarantine/pass-token.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import { extendedAddress } from "../edits/address-extension.ts";
import { createRecipientEdits, withoutScanClaims } from "../edits/recipient-edits.ts";
import { rangesOf, withRanges } from "../edits/removed-fields.ts";
import type { JudgedMail } from "../mail.ts";
import { findingsToShow } from "./assume-good.ts";

/** Next hops of one recipient's mail, the first to be tried first. */
export type NextHopsFor = (mail: JudgedMail, recipient: string, decision: Accepted) => readonly NextHop[];

/**
 * `authservIds`: what others must not claim, of all banks. `body`: "stays" where the one who sends the mail on takes only
 * edits of its header, so that nothing is wrapped into an attachment.
 */
export function createAnnotate(
  nextHopsFor: NextHopsFor,
  authservIds: readonly string[],
  body: "may-change" | "stays" = "may-change",
) {
  return function annotate(mail: JudgedMail, decisions: readonly Decision[]): readonly Decision[] {
    const { recipients } = mail.transaction.envelope;
    const withResults = showsResults(mail);
    const wrapsClean = mail.bank.defang_all || mail.bank.defang_maps_by_ccat.size > 0;
    // Made once each, for all recipients that get them.
    const told = createRecipientEdits(mail, body);
    let plain: HeaderEdits | undefined;
    let informed: HeaderEdits | undefined;
    return decisions.map((decision, index) => {
      const recipient = recipients[index];
      if (decision.action !== "accept" || recipient === undefined) return decision;
      const { address } = recipient;
      plain ??= commonEdits(mail, authservIds);
      let edits = plain;
      const local =
        (withResults || wrapsClean || decision.content !== undefined || hasCopies(decision)) &&
        isLocal(mail.bank, address);
      if (withResults && local) {
        informed ??= withFields([resultsField(mail)], plain);
        edits = informed;
      }
      edits = told.of(decision, address, local, edits);
      const nextHops = nextHopsFor(mail, address, { ...decision, edits });
      if (nextHops.length === 0) throw new Error("no next hop is configured for this mail (forward_method)");
      return ready(decision, edits, nextHops, local ? extensionFor(mail, decision, address) : undefined);
    });
  };
}

function hasCopies({ quarantine }: Accepted): boolean {
  return quarantine.length > 0;
}

function extensionFor({ bank }: JudgedMail, { content }: Accepted, address: string): string | undefined {
  return content === undefined ? undefined : extendedAddress(bank, content, address);
}

function ready(
  decision: Accepted,
  edits: HeaderEdits,
  nextHops: readonly NextHop[],
  deliverTo: string | undefined,
): Accepted {
  const { category, minor, action, content, owed, quarantine, notices } = decision;
  const leaves = { category, minor, action, owed, quarantine, notices, edits, nextHops };
  if (content === undefined) return leaves;
  return deliverTo === undefined ? { ...leaves, content } : { ...leaves, content, deliverTo };
}

/** Whether there are results to show; only local recipients get them, all other mail leaves alike. */
function showsResults({ bank, facts }: JudgedMail): boolean {
  return facts.findings.length > 0 && bank.allowed_added_header_fields["authentication-results"] === true;
}

function resultsField(mail: JudgedMail): string {
  const { myauthservid, myhostname } = mail.bank;
  return formatAuthenticationResults(myauthservid ?? myhostname, findingsToShow(mail));
}

/** What is done to the mail for all recipients. */
function commonEdits({ transaction, bank, mailId }: JudgedMail, authservIds: readonly string[]): HeaderEdits {
  const { envelope, message, session, receivedAtMs } = transaction;
  const [only, another] = envelope.recipients;
  const cleared = withoutPass(message, withoutScanClaims(message, bank, withoutClaims(message, authservIds)));
  if (bank.allowed_added_header_fields["received"] !== true && !startsBlank(message)) {
    return cleared;
  }
  const received = buildReceived({
    session,
    myhostname: bank.myhostname,
    mailId,
    recipient: another === undefined ? only?.address : undefined,
    smtpUtf8: envelope.sender.parameters !== "" && /(?:^| )SMTPUTF8(?: |$)/i.test(envelope.sender.parameters),
    receivedAtMs,
  });
  return withFields([received], cleared);
}

/** What let the mail through is nobody's business behind us. */
function withoutPass(message: Message, edits: HeaderEdits): HeaderEdits {
  if (!message.fields.some(({ name }) => name === passField)) return edits;
  return { ...edits, remove: withRanges(edits.remove, rangesOf(message, new Set([passField]))) };
}

/**
 * A first line that starts with a blank goes on with what is put above it. Results or a signature must not take it in:
 * it might say anything in our name, so a trace field stands between, wanted or not.
 */
function startsBlank({ header }: Message): boolean {
  return header[0] === 32 || header[0] === 9;
}

/** What claims our name goes; most mail has no field that could, and is not searched for one. */
function withoutClaims({ header, fields, cut }: Message, authservIds: readonly string[]): HeaderEdits {
  // A line that is no field to us may be one to others.
  const suspect = cut !== undefined || fields.some(({ name }) => name === "" || name === "authentication-results");
  const none = noEditsOf(header);
  return suspect ? { ...none, ...leaveOutClaims(header, authservIds) } : none;
}
