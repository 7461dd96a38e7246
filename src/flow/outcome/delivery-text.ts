// What became of a recipient in a sentence: a mail that was refused reads as refused, and by whom.
import { meaningLines, replyWord, wordOf } from "../words/all-words.ts";
import type { FoundTense } from "./found-text.ts";
import { visible } from "./log-line.ts";
import type { RecipientRecord } from "./record.ts";

export type DeliveredRecipient = Pick<RecipientRecord, "action" | "rule" | "reply" | "remote" | "reply_of">;

const verbs = { reject: "refused", tempfail: "put off", discard: "taken and dropped" } as const;

/** The first line without indentation, what it means below it. */
export function deliveryLines(recipient: DeliveredRecipient, tense: FoundTense): readonly string[] {
  const { action, rule, reply, remote } = recipient;
  const would = tense === "happened" ? "" : "would be ";
  if (action !== "accept") {
    const by = rule === undefined ? "" : ` by rule ${rule}`;
    const word = rule === undefined ? undefined : wordOf("rule", rule);
    return [`${would}${verbs[action]}${by}: ${visible(reply)}`, ...meaningLines(word)];
  }
  const hop = remote === undefined ? "the next hop" : visible(remote);
  if (tense === "would-happen") return [`would go to ${hop}`];
  if (reply.startsWith("2")) return [`delivered to ${hop}: ${visible(reply)}`];
  const verb = reply.startsWith("4") ? "put off" : "refused";
  if (recipient.reply_of !== "next-hop") return [`${verb} on the way to ${hop}: ${visible(reply)}`, ...ourReply(reply)];
  const next = reply.startsWith("4")
    ? "Next: nothing here; the client tries again. Look at the log of that MTA if it stays so."
    : "Next: look at the log of that MTA; nothing here refused the mail.";
  return [`${verb} by ${hop}: ${visible(reply)}`, "  These are the words of the next hop.", `  ${next}`];
}

/** "450 4.4.1 Can't connect to ...". */
function ourReply(reply: string): readonly string[] {
  const [code = "", enhanced = ""] = reply.split(" ");
  return meaningLines(replyWord({ code: Number(code), enhanced }));
}
