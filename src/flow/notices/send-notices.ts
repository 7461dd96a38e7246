// Notices to administrators, recipients and senders of a mail. They leave beside the reply and never delay it; what the
// next hop does not take is counted, and nothing of the mail depends on it.
import { LRUCache } from "lru-cache";
import { errorText } from "../../mail/error-text.ts";
import { buildNotice } from "../../notices/build-notice.ts";
import { fillNotice } from "../../notices/notice-template.ts";
import type { OwnMessage } from "../../notices/own-message.ts";
import type { Templates } from "../../notices/templates.ts";
import type { NextHop } from "../../smtp/next-hop.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import type { SubmitOwn } from "../submit-own.ts";
import { noticeFacts } from "./notice-facts.ts";
import type { NoticeLimit } from "./notice-limit.ts";
import { type NoticeDue, type NoticeKind, owedNotices } from "./owed-notices.ts";
import {
  type Audience,
  noticeFrom,
  noticeLetters,
  noticeMailFrom,
  templateSettingFor,
  templateSourceFor,
} from "./templates-by-category.ts";

export interface SendNoticesNeeds {
  /** Next hops of notices and notifications: notify_method of the bank in force. */
  notifyHops(mail: JudgedMail): readonly NextHop[];
  readonly submitOwn: SubmitOwn;
  readonly templates: Templates;
  /** Our patience with a mail, from its final dot on. Its client waits for a notification, too. */
  readonly messageTimeMs: number;
  /** Epoch, milliseconds. */
  now(): number;
  /** How many notices and notifications one address gets. */
  readonly limit: NoticeLimit;
  /** A notice that its next hop did not take, or that could not be written: it is lost. For the log. */
  onLost?(logId: string, detail: string): void;
}

/** Notices on their way at once, of all mails: each holds its octets. */
const maxUnderWay = 50;
const maxVirusNames = 10_000;

const audiences: Readonly<Record<NoticeKind, Audience>> = {
  admin: "admin",
  "new-virus-admin": "admin",
  recipient: "recipient",
  "warn-sender": "sender",
};

/** The stage's second half: the same words, with what became of the notices that were owed. */
export function createSendNotices(needs: SendNoticesNeeds) {
  const { notifyHops, submitOwn, templates, messageTimeMs, now, limit } = needs;
  const virusesSeen = new LRUCache<string, true>({ max: maxVirusNames });
  let underWay = 0;

  return function sendNotices(mail: JudgedMail, settled: readonly Settled[]): readonly Settled[] {
    const all = owedNotices(mail, settled);
    if (all.length === 0) return settled;
    const isNewVirus = remember(settled);
    const words = [...settled];
    for (const [place, due] of all.entries()) {
      if (due.kind === "new-virus-admin" && !isNewVirus) continue;
      const reason = due.withheld ?? send(mail, settled, due, place);
      const { kind } = due;
      const notice =
        reason === undefined ? ({ kind, result: "sent" } as const) : ({ kind, result: "suppressed", reason } as const);
      for (const index of due.recipients) {
        const word = words[index];
        if (word !== undefined) words[index] = { ...word, notices: [...word.notices, notice] };
      }
    }
    return words;
  };

  /** Why it is not sent, where it is not. */
  function send(mail: JudgedMail, settled: readonly Settled[], due: NoticeDue, place: number): string | undefined {
    const { bank, transaction } = mail;
    const nextHops = notifyHops(mail);
    if (nextHops.length === 0) return "refused";
    if (underWay >= maxUnderWay) return "busy";
    if (!limit(due.to, transaction.arrivedMs)) return "rate";
    underWay += 1;
    const nowMs = now();
    const deadlineMs = transaction.arrivedMs + messageTimeMs;
    const lost = (why: string) =>
      needs.onLost?.(transaction.session.id, `${due.kind} notice to <${due.to}> is lost: ${why}`);
    const write = async () => {
      const written = writeNotice(mail, settled, due, place, nowMs, templates);
      return submitOwn({ kind: "notice", ...written, bank, nextHops, writtenAtMs: nowMs, deadlineMs });
    };
    void write()
      .then((result) => {
        if (result !== "sent") lost(`${result} by the next hop`);
      })
      // What breaks here is no reason to refuse the mail.
      .catch((error: unknown) => lost(errorText(error)))
      .finally(() => {
        underWay -= 1;
      });
    return undefined;
  }

  /** Whether one of the viruses was never seen before, by this process. */
  function remember(settled: readonly Settled[]): boolean {
    let isNew = false;
    for (const { content } of settled) {
      for (const name of content?.viruses ?? []) {
        if (virusesSeen.get(name) === undefined) isNew = true;
        virusesSeen.set(name, true);
      }
    }
    return isNew;
  }
}

function writeNotice(
  mail: JudgedMail,
  settled: readonly Settled[],
  { kind, to, category, recipients }: NoticeDue,
  place: number,
  nowMs: number,
  templates: Templates,
): OwnMessage {
  const { bank, mailId, transaction } = mail;
  const audience = audiences[kind];
  const setting = templateSettingFor(audience, category);
  const facts = noticeFacts(mail, settled, { category, recipients, nowMs });
  const isAdmin = audience === "admin";
  return buildNotice({
    id: `${noticeLetters(audience, category)}${mailId}${place === 0 ? "" : `-${place}`}`,
    host: bank.myhostname,
    nowMs,
    from: noticeFrom(audience, category, bank),
    mailFrom: noticeMailFrom(audience, category, bank),
    to,
    isAnswer: audience === "sender",
    ...fillNotice(templates(setting, templateSourceFor(audience, category, bank)), facts),
    ...(isAdmin ? { header: transaction.message.header } : {}),
  });
}
