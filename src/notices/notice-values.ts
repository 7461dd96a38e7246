// What templates of notices can tell: the names, and their values from plain facts of a mail. All text is made safe here:
// one line each, no controls, nothing that turns the direction of text, bounded.

import { formatAge } from "../mail/age.ts";
import { decodedText } from "../mail/decoded-text.ts";
import { decodeUtf8 } from "../mail/domain.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";
import { withoutControls } from "../mail/json-text.ts";
import { formatReply, type Reply } from "../smtp/reply.ts";
import { formatDateTime } from "./status-fields.ts";
import type { TemplateNames, TemplateValue } from "./template.ts";

/** One recipient and the last word on the mail to it. */
export interface NoticeRecipient {
  /** As in the envelope, one character per octet. */
  readonly address: string;
  readonly reply: Reply;
  /** "smtp:[127.0.0.1]:10025", where the words are the next hop's. */
  readonly remote?: string;
}

/** What is known of a mail when a notice of it is written. */
export interface NoticeFacts {
  readonly host: string;
  /** Epoch, milliseconds. */
  readonly nowMs: number;
  readonly logId: string;
  readonly mailId: string;
  readonly bankPath: string;
  readonly originating: boolean;
  /** As in the envelope, one character per octet; "" is the null sender. */
  readonly sender: string;
  /** Of the header; fields of a mail that is not believed to be well-formed. */
  readonly fields: readonly HeaderField[];
  readonly clientAddress?: string;
  readonly clientName?: string;
  /** The oldest public address of the Received trace. */
  readonly source?: string;
  /** amavisd's word for what the mail is: "INFECTED", "BANNED", "SPAM"; "" where nothing is wrong with it. */
  readonly category: string;
  readonly viruses: readonly string[];
  /** amavisd's %F: "application/octet-stream,.asc,evil.exe". */
  readonly banned: readonly string[];
  readonly headerFaults: readonly string[];
  readonly score?: number;
  /** How long ago that recipient wrote to the sender, in milliseconds. */
  readonly penPalAgeMs?: number;
  readonly tests: readonly string[];
  readonly quarantine: readonly string[];
  readonly delivered: readonly NoticeRecipient[];
  readonly blocked: readonly NoticeRecipient[];
}

/** Every name that a template can use (docs/notices.md has the same list). */
export const noticeNames = {
  host: "text",
  date: "text",
  log_id: "text",
  mail_id: "text",
  bank: "text",
  local: "text",
  sender: "text",
  from: "text",
  to: "text",
  subject: "text",
  message_id: "text",
  client_address: "text",
  client_name: "text",
  source: "text",
  category: "text",
  found: "text",
  score: "text",
  penpals: "text",
  viruses: "list",
  banned: "list",
  header_faults: "list",
  tests: "list",
  quarantine: "list",
  delivered: ["address", "reply"],
  blocked: ["address", "reply"],
} as const satisfies TemplateNames;

type NoticeValues = { readonly [Name in keyof typeof noticeNames]: TemplateValue };

const maxChars = 300;
const maxItems = 100;

export function noticeValues(facts: NoticeFacts): NoticeValues {
  const { viruses, banned, headerFaults } = facts;
  const [found = []] = [viruses, banned, headerFaults].filter(({ length }) => length > 0);
  return {
    host: line(facts.host),
    date: formatDateTime(facts.nowMs),
    log_id: line(facts.logId),
    mail_id: line(facts.mailId),
    bank: line(facts.bankPath),
    local: facts.originating ? "1" : "",
    sender: line(facts.sender),
    from: field(facts.fields, "from"),
    to: field(facts.fields, "to"),
    subject: field(facts.fields, "subject"),
    message_id: field(facts.fields, "message-id"),
    client_address: line(facts.clientAddress ?? ""),
    client_name: line(facts.clientName ?? ""),
    source: line(facts.source ?? ""),
    category: line(facts.category),
    found: line(found.join(", ")),
    score: facts.score === undefined ? "" : String(Math.round(facts.score * 1000) / 1000),
    penpals: facts.penPalAgeMs === undefined ? "" : formatAge(facts.penPalAgeMs),
    viruses: lines(viruses),
    banned: lines(banned),
    header_faults: lines(headerFaults),
    tests: lines(facts.tests),
    quarantine: lines(facts.quarantine),
    delivered: recipients(facts.delivered),
    blocked: recipients(facts.blocked),
  };
}

function recipients(all: readonly NoticeRecipient[]) {
  return all.slice(0, maxItems).map(({ address, reply, remote }) => ({
    address: line(address),
    reply: line(`${remote === undefined ? "" : `MTA(${remote}) said: `}${formatReply(reply)}`, 1000),
  }));
}

/** The first of its name, as a reader is shown it. */
function field(fields: readonly HeaderField[], name: string): string {
  const found = fields.find((each) => each.name === name);
  return found === undefined ? "" : decodedText(fieldBody(found.raw.subarray(0, 2000)), maxChars);
}

function lines(texts: readonly string[]): readonly string[] {
  return texts.slice(0, maxItems).map((text) => line(text));
}

/** One line: octets read as UTF-8 where they are, else as the characters they stand for. */
function line(octets: string, limit = maxChars): string {
  const text = withoutControls((decodeUtf8(octets) ?? octets).replace(/\s+/g, " "));
  return text.length <= limit ? text : `${text.slice(0, limit)}...`;
}
