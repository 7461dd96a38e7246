// From decisions to what leaves together, and from what became of that back to one last word per recipient.
import { isSameEdits } from "../mail/edit.ts";
import type { Transaction } from "../mail/transaction.ts";
import { type Accepted, type Decision, type Refused, type RuleName, refused } from "../policy/decision.ts";
import { PoolSaturated } from "../pool/worker-pool.ts";
import type { Delivery } from "../relay/delivery.ts";
import type { NextHop } from "../smtp/next-hop.ts";
import { isPositive, isTransient, type Reply } from "../smtp/reply.ts";
import type { Leaving, Settled } from "./mail.ts";

interface Group extends Leaving {
  readonly recipients: number[];
  deliverTo?: Map<number, string>;
}

/** Recipients whose mail leaves with the same edits to the same next hops share one transaction and its signature. */
export function leavingTogether(decisions: readonly Decision[]): readonly Leaving[] {
  const groups: Group[] = [];
  for (const [recipient, decision] of decisions.entries()) {
    if (decision.action !== "accept") continue;
    // Groups are few, however many recipients there are.
    const group = groups.length === 0 ? undefined : groups.find((each) => leavesAlike(each, decision));
    if (group !== undefined) group.recipients.push(recipient);
    else groups.push({ recipients: [recipient], edits: decision.edits, nextHops: decision.nextHops });
    const joined = group ?? groups.at(-1);
    if (joined === undefined || decision.deliverTo === undefined) continue;
    joined.deliverTo ??= new Map();
    joined.deliverTo.set(recipient, decision.deliverTo);
  }
  return groups;
}

function leavesAlike(group: Leaving, { edits, nextHops }: Accepted): boolean {
  return isSameHops(group.nextHops, nextHops) && isSameEdits(group.edits, edits);
}

function isSameHops(one: readonly NextHop[], other: readonly NextHop[]): boolean {
  return one === other || (one.length === other.length && one.every((hop, index) => isSameHop(hop, other[index])));
}

function isSameHop(one: NextHop, other: NextHop | undefined): boolean {
  if (other === undefined || one.protocol !== other.protocol) return false;
  if ("path" in one || "path" in other) return "path" in one && "path" in other && one.path === other.path;
  return one.host === other.host && one.port === other.port;
}

/** Decisions and deliveries as one word per recipient, in the order of the envelope. */
export function settle(
  decisions: readonly Decision[],
  leaving: readonly Leaving[],
  deliveries: readonly Delivery[],
): readonly Settled[] {
  const words = decisions.map((decision) => (decision.action === "accept" ? undefined : ownWord(decision)));
  for (const [place, { recipients }] of leaving.entries()) {
    const delivery = deliveries[place];
    if (delivery === undefined) continue;
    for (const [index, recipient] of recipients.entries()) {
      const decision = decisions[recipient];
      const reply = delivery.replies[index];
      if (decision?.action !== "accept" || reply === undefined) continue;
      const passed = isPositive(reply);
      const word: Settled = {
        category: passed ? decision.category : "CC_MTA",
        minor: passed ? decision.minor : refusalMinor(reply),
        action: "accept",
        reply,
        fromNextHop: delivery.fromNextHop[index] ?? false,
        remote: delivery.remote,
        tellsSender: delivery.tellsSender ?? false,
        owed: decision.owed,
        quarantine: decision.quarantine,
        notices: decision.notices,
      };
      words[recipient] = decision.content === undefined ? word : { ...word, content: decision.content };
    }
  }
  return words.map((word, recipient) => {
    if (word === undefined) throw new Error(`recipient ${recipient} was neither sent to nor refused`);
    return word;
  });
}

/** A refusal of ours, for one recipient. */
export function ownWord({
  category,
  minor,
  rule,
  action,
  reply,
  content,
  owed,
  quarantine,
  notices,
}: Refused): Settled {
  const word = { category, minor, rule, action, reply, fromNextHop: false, owed, quarantine, notices };
  return content === undefined ? word : { ...word, content };
}

/** amavisd's minors of CC_MTA: 1 put off by the next hop, 2 refused. */
function refusalMinor(reply: Reply): number {
  return isTransient(reply) ? 1 : 2;
}

const trouble: Reply = { code: 451, enhanced: "4.3.0", text: "Error in processing, please try again later" };

const saturated: Reply = { code: 451, enhanced: "4.3.2", text: "Too much mail at once, please try again later" };

/** The reply for a mail that an error ended: a full pool has a reply of its own. */
export function replyToTrouble(error: unknown): Reply {
  return error instanceof PoolSaturated ? saturated : trouble;
}

/** The same transient refusal for every recipient. */
export function putOff({ session, envelope }: Transaction, rule: RuleName, reply: Reply = trouble): readonly Settled[] {
  const { code, enhanced, text } = reply;
  const word = ownWord(refused(rule, "tempfail", { code, enhanced, text: `id=${session.id} - ${text}` }));
  return envelope.recipients.map(() => word);
}
