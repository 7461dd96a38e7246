// What is known of who wrote a mail beside what it says: whether our recipient wrote to them, whether a bounce is of a mail of
// ours, what system the client runs (amavis.md 7.6). Each is asked only where the bank wants it; what cannot be found counts for
// nothing.
import type { Facts } from "../../checks/check.ts";
import type { Correspondence } from "../../correspondence/sent-mail.ts";
import type { BounceFound, PenPal } from "../../mail/content.ts";
import { fieldBody, type HeaderField, unfold } from "../../mail/header.ts";
import type { Body } from "../../mail/message.ts";
import { maxReturnedBytes, returnedMessageId } from "../../mime/returned-message-id.ts";
import { isLocal } from "../../policy/router.ts";
import { isPositive } from "../../smtp/reply.ts";
import type { JudgedMail, Settled } from "../mail.ts";

export interface AcquaintNeeds {
  readonly sentMail: Correspondence;
  /** Scores between which pen pals are looked up (penpals_threshold_low and _high). */
  readonly threshold: { readonly low: number; readonly high: number | null };
}

export function createAcquaint({ sentMail, threshold }: AcquaintNeeds) {
  /** The same facts with what is known of who wrote the mail. Never rejects. */
  return function acquaint(mail: JudgedMail): Facts | Promise<Facts> {
    const asksBounce = killsBounces(mail);
    const asksPals = asksForPenPals(mail, threshold);
    if (!asksBounce && !asksPals) return mail.facts;
    return found(mail, asksBounce, asksPals);
  };

  async function found(mail: JudgedMail, asksBounce: boolean, asksPals: boolean): Promise<Facts> {
    const [bounce, penPals] = await Promise.all([
      asksBounce ? bounceOf(mail) : undefined,
      asksPals ? penPalsOf(mail) : undefined,
    ]);
    return {
      ...mail.facts,
      content: {
        ...mail.facts.content,
        ...(bounce === undefined ? {} : { bounce }),
        ...(penPals === undefined || penPals.length === 0 ? {} : { penPals }),
      },
    };
  }

  async function penPalsOf({ transaction, bank }: JudgedMail): Promise<readonly PenPal[]> {
    const { sender, recipients } = transaction.envelope;
    const ours = recipients.map(({ address }) => address).filter((address) => isLocal(bank, address));
    const times = await sentMail.lastWritten(ours, sender.address);
    return times.flatMap((at, index) => {
      const recipient = ours[index];
      return at === undefined || recipient === undefined ? [] : { recipient, at };
    });
  }

  async function bounceOf({ transaction, bank }: JudgedMail): Promise<BounceFound | undefined> {
    const messageId = returnedMessageId(await beginning(transaction.message.body));
    if (messageId === undefined) return undefined;
    const host = messageId.slice(messageId.lastIndexOf("@") + 1, -1).toLowerCase();
    const isOurHost = host === bank.myhostname.toLowerCase() || isLocal(bank, `postmaster@${host}`);
    return { messageId, isOurs: isOurHost || (await sentMail.isOurs(messageId)) };
  }
}

function asksForPenPals({ bank, facts, transaction }: JudgedMail, { low, high }: AcquaintNeeds["threshold"]): boolean {
  const bonus = bank.penpals_bonus_score;
  const { spam, spamByUser = [] } = facts.content;
  if (bonus === null || bonus <= 0 || spam === undefined) return false;
  const sender = transaction.envelope.sender.address;
  // Who claims from outside to be one of ours is no pen pal of theirs.
  if (bank.originating || sender === "" || isLocal(bank, sender)) return false;
  const scores = [spam, ...spamByUser.map((each) => each.spam)].flatMap(({ score }) => score ?? []);
  return scores.some((score) => score >= low) && (high === null || scores.some((score) => score - bonus <= high));
}

/** A bounce has the null sender, or is a report (RFC 6522) or from where bounces come from. */
function killsBounces({ bank, transaction }: JudgedMail): boolean {
  if (bank.bounce_killer_score === 0 || bank.originating) return false;
  const { envelope, message } = transaction;
  if (envelope.sender.address === "") return true;
  return message.fields.some(
    ({ name, raw }) =>
      (name === "content-type" && /^\s*multipart\/report\b/i.test(fieldBody(raw.subarray(0, 256)))) ||
      (name === "from" && /\b(?:mailer-daemon|postmaster)@/i.test(fieldBody(raw.subarray(0, 256)))),
  );
}

async function beginning(body: Body): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body.kind === "memory" ? body.chunks : body.read()) {
      // A spool's chunk is filled again when the next one is asked for.
      const piece = Buffer.from(chunk.subarray(0, maxReturnedBytes - bytes));
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= maxReturnedBytes) break;
    }
  } catch {
    // A spool file that cannot be read shows where it matters.
  }
  return Buffer.concat(pieces).toString("latin1");
}

/** Remembers what one of ours sent, and to whom: those whose mail the next hop took. */
export function rememberSent(
  sentMail: Correspondence,
  { bank, transaction }: JudgedMail,
  settled: readonly Settled[],
): void {
  const { envelope, message, receivedAtMs } = transaction;
  const sender = envelope.sender.address;
  if (!bank.originating || sender === "") return;
  const recipients = envelope.recipients.flatMap(({ address }, index) => {
    const word = settled[index];
    return word?.action === "accept" && isPositive(word.reply) ? address : [];
  });
  if (recipients.length === 0) return;
  const messageId = messageIdOf(message.fields);
  sentMail.remember({ sender, recipients, messageId, at: receivedAtMs });
}

function messageIdOf(fields: readonly HeaderField[]): string | undefined {
  const field = fields.find(({ name }) => name === "message-id");
  return field === undefined ? undefined : /<[^<>\s]{1,250}>/.exec(unfold(fieldBody(field.raw)))?.[0];
}
