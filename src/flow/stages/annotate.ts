// Header edits of a passing mail: our trace field, what was found out about it, and none of what others claim in our
// name. Recipients whose mail leaves with the same edits to the same next hop share one transaction (DESIGN.md 4).
import { formatAuthenticationResults } from "../../authres/print.ts";
import { keepUnclaimed } from "../../authres/remove.ts";
import { editHeader } from "../../mail/edit.ts";
import type { Message, MessageOctets } from "../../mail/message.ts";
import { buildReceived } from "../../mail/received.ts";
import type { Path } from "../../mail/transaction.ts";
import { isLocal } from "../../policy/router.ts";
import type { Outgoing } from "../../relay/delivery.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import type { Leaving, Passage, Verdict } from "../pipeline.ts";
import { departing, localEndOf } from "./departure.ts";

/** Next hops of one recipient's mail, the first to be tried first. */
export type NextHopsFor = (passage: Passage, recipient: string) => readonly NextHop[];

/** Our patience with a mail, from the final dot on: below Postfix's smtp_data_done_timeout of 600 s. */
export interface AnnotateOptions {
  readonly messageTimeMs: number;
}

interface Group {
  /** Places in the envelope, and who stands there. */
  readonly indices: number[];
  readonly going: Path[];
  /** They get the results of the checks. */
  readonly told: boolean;
  readonly nextHops: readonly NextHop[];
}

export function createAnnotate(nextHopsFor: NextHopsFor, options: AnnotateOptions) {
  return function annotate(passage: Passage, verdicts: readonly Verdict[]): readonly Leaving[] {
    const { transaction } = passage;
    const { envelope, session } = transaction;
    const telling = tellsResults(passage);
    const groups: Group[] = [];
    // One for those who are told and one for those who are not: the header may have megabytes.
    const messages = new Map<boolean, MessageOctets>();
    for (let index = 0; index < envelope.recipients.length; index += 1) {
      const recipient = envelope.recipients[index];
      if (recipient === undefined || verdicts[index]?.action !== "accept") continue;
      const told = telling && isLocal(passage.bank, recipient.address);
      const nextHops = nextHopsFor(passage, recipient.address);
      const group = groups.length === 0 ? undefined : groups.find((each) => isAlike(each, told, nextHops));
      if (group === undefined) groups.push({ indices: [index], going: [recipient], told, nextHops });
      else {
        group.indices.push(index);
        group.going.push(recipient);
      }
    }
    return groups.map(({ indices, going, told, nextHops }): Leaving => {
      const [nextHop] = nextHops;
      if (nextHop === undefined) throw new Error("no next hop is configured for this mail (forward_method)");
      const message = messages.get(told) ?? annotated(passage, told);
      messages.set(told, message);
      const outgoing: Outgoing = {
        nextHop,
        session,
        localEnd: localEndOf(passage.bank),
        envelope: departing(envelope, going, passage.bank),
        message,
        deadlineMs: transaction.arrivedMs + options.messageTimeMs,
      };
      const alone = nextHops.length === 1;
      return { recipients: indices, outgoing: alone ? outgoing : { ...outgoing, failover: nextHops.slice(1) } };
    });
  };
}

/** Whether there is anything to tell, which local recipients alone are told: else all mail leaves alike. */
function tellsResults({ bank, checked }: Passage): boolean {
  return checked.findings.length > 0 && bank.allowed_added_header_fields["authentication-results"] === true;
}

/** The message with our fields on top. */
function annotated(passage: Passage, told: boolean): MessageOctets {
  const { transaction, bank, checked, mailId } = passage;
  const { envelope, message, session, receivedAtMs } = transaction;
  const allowed = bank.allowed_added_header_fields;
  const authservId = bank.myauthservid ?? bank.myhostname;
  const [only, another] = envelope.recipients;
  let fields = "";
  if (told) {
    fields += formatAuthenticationResults(authservId, checked.findings);
  }
  if (allowed["received"] === true || startsBlank(message)) {
    fields += buildReceived({
      session,
      myhostname: bank.myhostname,
      mailId,
      recipient: another === undefined ? only?.address : undefined,
      smtpUtf8: envelope.sender.parameters !== "" && /(?:^| )SMTPUTF8(?: |$)/i.test(envelope.sender.parameters),
      receivedAtMs,
    });
  }
  return editHeader(message, fields, keptOf(message, authservId));
}

/**
 * A first line that starts with a blank goes on with what is put above it. Results or a signature must not take it in:
 * it might say anything in our name, so a trace field stands between, wanted or not.
 */
function startsBlank({ header }: Message): boolean {
  return header[0] === 32 || header[0] === 9;
}

/** What stays of the header; most mail has no field that could claim our name, and is not searched for one. */
function keptOf({ header, fields, excess }: Message, authservId: string): readonly Uint8Array[] {
  // A line that is no field to us may be one to others.
  const suspect = excess !== undefined || fields.some(({ name }) => name === "" || name === "authentication-results");
  return suspect ? keepUnclaimed(header, [authservId]) : [header];
}

/** Next hops are few, whatever the recipients are. */
function isAlike(group: Group, told: boolean, nextHops: readonly NextHop[]): boolean {
  return group.told === told && sameHops(group.nextHops, nextHops);
}

function sameHops(one: readonly NextHop[], other: readonly NextHop[]): boolean {
  return one === other || (one.length === other.length && one.every((hop, index) => sameHop(hop, other[index])));
}

function sameHop(one: NextHop, other: NextHop | undefined): boolean {
  if (other === undefined || one.protocol !== other.protocol) return false;
  if ("path" in one || "path" in other) return "path" in one && "path" in other && one.path === other.path;
  return one.host === other.host && one.port === other.port;
}
