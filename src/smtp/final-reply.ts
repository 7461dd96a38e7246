// The reply our client gets: one by recipient for LMTP input, one for all for SMTP input, in amavisd's words.
// What is to be done about the recipients that failed (a DSN) is decided by the flow.
import { cleanReplyText, formatReply, isPositive, isTransient, maxReplyTextChars, type Reply } from "./reply.ts";

/** The last word on one recipient. */
export interface FinalWord {
  /** "accept": it was given to the relay, whose reply says the rest. Else the reply is ours, as it is to be sent. */
  readonly action: "accept" | "reject" | "discard" | "tempfail";
  readonly reply: Reply;
  /** True for a reply in the next hop's own words. */
  readonly fromNextHop: boolean;
  /** "smtp:[127.0.0.1]:10025", where it was sent to. */
  readonly remote?: string;
}

/** A recipient that was fine, but not sent to since another one was put off. */
export const notSentReply: Reply = {
  code: 451,
  enhanced: "4.5.0",
  text: "Not sent: another recipient of the same mail was refused for now",
};

const nobody: Reply = { code: 451, enhanced: "4.3.0", text: "Error in processing: no recipient" };

/** One reply for one recipient. `logId` is the session's id. */
export function recipientReply(word: FinalWord, logId: string): Reply {
  const { reply, fromNextHop } = word;
  if (word.action !== "accept") return reply;
  // Angle brackets of a peer's text might be taken for an address of ours (a bounce parser's habit).
  const said = fromNextHop ? `from MTA(${word.remote ?? ""}): ${formatReply(reply).replace(/[<>]/g, "")}` : reply.text;
  if (isPositive(reply)) return worded(reply, 250, said);
  // 421 would end our own client's session, which is none of the next hop's business.
  if (isTransient(reply)) {
    return worded(
      reply,
      reply.code === 421 ? 451 : reply.code,
      `id=${logId} - Temporary MTA failure on relaying, ${said}`,
    );
  }
  return worded(
    reply,
    reply.code,
    `id=${logId} - ${fromNextHop ? "Rejected by next-hop MTA on relaying, " : ""}${said}`,
  );
}

/**
 * One reply for all recipients: a 4xx if any has one, since the client has to come again for it; else a 250 if any
 * was passed; else a 5xx if any was refused; else that of the discarded.
 */
export function combineReplies(words: readonly FinalWord[], logId: string): Reply {
  let putOff: FinalWord | undefined;
  let passed: FinalWord | undefined;
  let refused: FinalWord | undefined;
  let discarded: FinalWord | undefined;
  let refusals = 0;
  let discards = 0;
  for (const word of words) {
    const kind = kindOf(word);
    if (kind === "tempfail") putOff = moreTelling(putOff, word);
    else if (kind === "pass") passed ??= word;
    else if (kind === "discard") {
      discarded ??= word;
      discards += 1;
    } else {
      refused = moreTelling(refused, word);
      refusals += 1;
    }
  }
  if (putOff !== undefined) return recipientReply(putOff, logId);
  if (passed !== undefined) return withRemark(recipientReply(passed, logId), refusals, discards);
  const word = refused ?? discarded;
  return word === undefined ? nobody : recipientReply(word, logId);
}

/** The queue ids that next hops named, each once, for the log. */
export function queuedAs(words: readonly FinalWord[]): readonly string[] {
  const ids: string[] = [];
  for (const { action, reply, fromNextHop } of words) {
    if (action !== "accept" || !fromNextHop || !isPositive(reply)) continue;
    const id = /\bqueued as ([A-Za-z0-9._-]{1,64})/i.exec(reply.text)?.[1];
    if (id !== undefined && !ids.includes(id)) ids.push(id);
  }
  // Kept by the thousand: a copy has room for just what it holds.
  return ids.slice();
}

function kindOf({ action, reply }: FinalWord): "pass" | "reject" | "discard" | "tempfail" {
  if (action !== "accept") return action;
  if (isPositive(reply)) return "pass";
  return isTransient(reply) ? "tempfail" : "reject";
}

/** The next hop's own words explain more than ours, and "not sent" explains least. */
function moreTelling(known: FinalWord | undefined, word: FinalWord): FinalWord {
  if (known === undefined || known.reply === notSentReply) return word;
  return !known.fromNextHop && word.fromNextHop ? word : known;
}

function worded(reply: Reply, code: number, text: string): Reply {
  const enhanced = reply.enhanced === "" ? `${Math.floor(code / 100)}.0.0` : reply.enhanced;
  return { code, enhanced, text: cleanReplyText(text) };
}

/** ", but 1 REJECT": so that the client's log shows that the 250 does not hold for all. */
function withRemark(reply: Reply, refusals: number, discards: number): Reply {
  if (refusals + discards === 0) return reply;
  const parts = [refusals > 0 ? `${refusals} REJECT` : "", discards > 0 ? `${discards} DISCARD` : ""];
  const remark = `, but ${parts.filter((part) => part !== "").join(", ")}`;
  return { ...reply, text: `${reply.text.slice(0, maxReplyTextChars - remark.length)}${remark}` };
}
