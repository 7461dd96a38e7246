// What becomes of each recipient's mail: of its contents categories, from the most important down, the first whose destiny is
// not D_PASS and that the recipient does not love keeps it back. What is decided here is carried out by the flow.
import { toAscii } from "../mail/domain.ts";
import { cleanReplyText, type Reply } from "../smtp/reply.ts";
import type { PolicyBank } from "./bank.ts";
import type { RecipientContents } from "./contents.ts";
import {
  accepted,
  type ContentFound,
  type Contents,
  type Decision,
  nothingOwed,
  type Owed,
  rules,
} from "./decision.ts";
import { objectionTo } from "./destinies.ts";
import { noObjection, type Objection, type Rule } from "./objection.ts";
import { noDsnFor, owedFor, type SenderFacts } from "./owed.ts";

export interface MailToDecide extends SenderFacts {
  /** Rules that amavisd does not have: CC_POLICY. */
  readonly rules: readonly Rule[];
  contentsOf(recipient: string): RecipientContents;
  /** The session's, for replies. */
  readonly id: string;
}

const policy: Contents = { category: "CC_POLICY", minor: 0 };

/** One decision per recipient, in their order. */
export function decide(mail: MailToDecide, recipients: readonly string[]): readonly Decision[] {
  return recipients.map((recipient) => decideFor(mail, recipient));
}

function decideFor(mail: MailToDecide, recipient: string): Decision {
  const found = mail.contentsOf(recipient);
  const objection = firstObjection(mail.rules, recipient);
  const contents = objection === undefined ? found : { ...found, all: withPolicy(found.all) };
  const blocked = blockedBy(mail, contents, recipient, objection);
  const [main = { category: "CC_CLEAN", minor: 0 }] = contents.all;
  const owed = owedFor(mail, contents, recipient, blocked?.contents);
  const content = contentOf(contents);
  const { category, minor } = blocked?.contents ?? main;
  if (blocked === undefined) {
    if (content === undefined && owed === nothingOwed) return accepted;
    const passed = { ...accepted, category, minor, owed };
    return content === undefined ? passed : { ...passed, content };
  }
  const { action, reply, ...dsn } = refusal(mail, contents, recipient, blocked);
  const refused: Decision = {
    category,
    minor,
    rule: blocked.objection.rule,
    action,
    reply,
    owed: action === "reject" || dsn.noDsn !== undefined ? withDsn(owed, dsn, category, mail.sender) : owed,
    quarantine: [],
    notices: [],
  };
  return content === undefined ? refused : { ...refused, content };
}

function firstObjection(all: readonly Rule[], recipient: string): Objection | undefined {
  for (const rule of all) {
    const objection = rule(recipient);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

function withPolicy(all: readonly Contents[]): readonly Contents[] {
  const higher = new Set(["CC_VIRUS", "CC_BANNED", "CC_UNCHECKED"]);
  const place = all.findIndex(({ category }) => !higher.has(category));
  return all.toSpliced(place === -1 ? all.length : place, 0, policy);
}

interface Blocked {
  readonly contents: Contents;
  readonly objection: Objection;
}

function blockedBy(
  { bank, sender, against }: MailToDecide,
  { all, viruses, banned }: RecipientContents,
  recipient: string,
  own: Objection | undefined,
): Blocked | undefined {
  const named = { viruses, banned: banned?.names[0] ?? "" };
  for (const contents of all) {
    const objection = contents === policy ? own : objectionTo(bank, contents, recipient, named);
    if (objection === undefined) continue;
    // Nobody would get a notice of it, and it is rather innocent (amavisd).
    const isMercy =
      contents.category === "CC_BADH" &&
      objection.destiny === "D_BOUNCE" &&
      (sender === "" || against().includes("bulk"));
    if (!isMercy) return { contents, objection };
  }
  return undefined;
}

type Refusal = Pick<Exclude<Decision, { action: "accept" }>, "action" | "reply"> & Pick<Owed, "noDsn">;

/** D_BOUNCE becomes a rejection, so that the MTA in front bounces; where no DSN may be sent, the mail is discarded. */
function refusal(mail: MailToDecide, contents: RecipientContents, recipient: string, blocked: Blocked): Refusal {
  const { id } = mail;
  const { rule, destiny, status, text, code = 550 } = blocked.objection;
  const reply = (replyCode: number, enhanced: string, words: string): Reply => ({
    code: replyCode,
    enhanced,
    text: cleanReplyText(`${words}id=${id} - ${text}`),
  });
  const discarded = reply(250, "2.7.0", "Ok, discarded, ");
  if (destiny === "D_DISCARD") return { action: "discard", reply: discarded };
  if (destiny === "D_TEMPFAIL") return { action: "tempfail", reply: reply(451, `4.${status}`, "") };
  const rejected = reply(code, `5.${status}`, "Reject, ");
  const noDsn = noDsnFor(mail, contents, recipient, rules[rule]);
  if (noDsn === undefined) return { action: "reject", reply: rejected };
  if (destiny === "D_REJECT" || !isDiscardedInstead(noDsn, rules[rule])) {
    return { action: "reject", reply: rejected, noDsn };
  }
  const suppressed = { code: 250, enhanced: "2.5.0", text: cleanReplyText(`Ok, id=${id}, DISCARD(bounce.suppressed)`) };
  return { action: "discard", reply: suppressed, noDsn };
}

/** A rule of ours and a size limit speak of honest mail, too: the MTA in front knows best who should get a bounce. */
function isDiscardedInstead(noDsn: NonNullable<Owed["noDsn"]>, category: string): boolean {
  return category !== "CC_POLICY" && !(category === "CC_OVERSIZED" && noDsn !== "cutoff");
}

function withDsn(owed: Owed, { noDsn }: Pick<Owed, "noDsn">, category: Contents["category"], sender: string): Owed {
  if (noDsn !== undefined) return { ...owed, noDsn };
  return sender === "" ? owed : { ...owed, notices: [...owed.notices, { kind: "dsn", category, to: sender }] };
}

function contentOf({ all, score, banned, viruses, headerFaults }: RecipientContents): ContentFound | undefined {
  if (all.length === 1 && score === undefined) return undefined;
  return {
    all,
    ...(score === undefined ? {} : { score }),
    ...(banned === undefined ? {} : { banned }),
    viruses,
    headerFaults,
  };
}

export interface DmarcFacts {
  readonly result: string;
  /** There are more signatures of the author's domain than are judged: it may have passed as well as failed. */
  readonly isUnjudged?: boolean;
  /**
   * What the author domain's own policy asks for this mail: "none" where it passed, pct= and t= are taken into account,
   * and a chain of trusted sealers (ARC) excuses it.
   */
  readonly disposition: "none" | "quarantine" | "reject";
  readonly domain: string;
}

/**
 * final_dmarc_destiny, for mail that failed and whose author domain asks for p=reject. Never for mail of our own users.
 * Mail with more signatures of that domain than are judged did not fail, nor may it pass: it is put off.
 */
export function dmarcRule(
  bank: Pick<PolicyBank, "final_dmarc_destiny" | "originating">,
  dmarc: DmarcFacts | undefined,
): Rule {
  const destiny = bank.final_dmarc_destiny;
  if (destiny === "D_PASS" || bank.originating || dmarc?.disposition !== "reject") return noObjection;
  const domain = toAscii(dmarc.domain) ?? "its author domain";
  // RFC 7372 section 3.2 has no code for DMARC; 5.7.26 is "multiple authentication checks failed".
  if (dmarc.isUnjudged === true) {
    const text = `too many signatures to tell whether the DMARC policy of ${domain} refuses it`;
    return () => ({ rule: "dmarc", destiny: "D_TEMPFAIL", status: "7.26", text });
  }
  if (dmarc.result !== "fail") return noObjection;
  const text = `rejected by the DMARC policy of ${domain}`;
  return () => ({ rule: "dmarc", destiny, status: "7.26", text });
}
