// What becomes of each recipient's mail: rules look at what was found, the first that objects has its destiny.
// What is decided here is carried out by the flow.
import { toAscii } from "../mail/domain.ts";
import { cleanReplyText, type Reply } from "../smtp/reply.ts";
import type { PolicyBank } from "./bank.ts";
import type { Destiny } from "./settings.ts";

export type Verdict =
  | { readonly action: "accept" }
  | {
      readonly action: "reject" | "tempfail" | "discard";
      readonly reply: Reply;
      /** The rule that objected: a log word and metric label. */
      readonly rule: RuleName;
    };

export type RuleName = "dmarc";

/** Why a rule would not have this mail delivered to a recipient, and what to do about it. */
export interface Objection {
  readonly rule: RuleName;
  readonly destiny: Exclude<Destiny, "D_PASS">;
  /** Enhanced status without its class: "7.26". */
  readonly status: string;
  /** For the reply, after "id=… - ". */
  readonly text: string;
}

export type Rule = (recipient: string) => Objection | undefined;

/** One verdict per recipient, in their order. */
export function decide(
  bank: Pick<PolicyBank, "soft_bounce">,
  rules: readonly Rule[],
  recipients: readonly string[],
  sessionId: string,
): readonly Verdict[] {
  return recipients.map((recipient) => {
    for (const rule of rules) {
      const objection = rule(recipient);
      if (objection !== undefined) return verdict(objection, bank.soft_bounce, sessionId);
    }
    return accept;
  });
}

const accept: Verdict = { action: "accept" };

/** D_BOUNCE becomes a rejection: the MTA in front then bounces, to whom it knows to be the sender. */
function verdict({ rule, destiny, status, text }: Objection, softBounce: boolean, id: string): Verdict {
  const reply = (code: number, enhanced: string, words: string): Reply => ({
    code,
    enhanced,
    text: cleanReplyText(`${words}id=${id} - ${text}`),
  });
  switch (destiny) {
    case "D_DISCARD":
      return { action: "discard", rule, reply: reply(250, "2.7.0", "Ok, discarded, ") };
    case "D_TEMPFAIL":
      return { action: "tempfail", rule, reply: reply(451, `4.${status}`, "") };
    case "D_REJECT":
    case "D_BOUNCE":
      return softBounce
        ? { action: "tempfail", rule, reply: reply(450, `4.${status}`, "Reject, ") }
        : { action: "reject", rule, reply: reply(550, `5.${status}`, "Reject, ") };
  }
}

export interface DmarcFacts {
  readonly result: string;
  /**
   * What the author domain's own policy asks for this mail: pct= and t= are taken into account, and a chain of trusted
   * sealers (ARC) excuses it.
   */
  readonly disposition: "none" | "quarantine" | "reject";
  readonly domain: string;
}

/**
 * final_dmarc_destiny, for mail that failed and whose author domain asks for p=reject. Never for mail of our own users.
 */
export function dmarcRule(
  bank: Pick<PolicyBank, "final_dmarc_destiny" | "originating">,
  dmarc: DmarcFacts | undefined,
): Rule {
  const destiny = bank.final_dmarc_destiny;
  if (destiny === "D_PASS" || bank.originating || dmarc?.result !== "fail" || dmarc.disposition !== "reject") {
    return () => undefined;
  }
  // RFC 7372 section 3.2 has no code for DMARC; 5.7.26 is "multiple authentication checks failed".
  const text = `rejected by the DMARC policy of ${toAscii(dmarc.domain) ?? "its author domain"}`;
  return () => ({ rule: "dmarc", destiny, status: "7.26", text });
}
