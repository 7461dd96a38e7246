// What becomes of each recipient's mail: rules look at what was found, the first that objects has its destiny.
// What is decided here is carried out by the flow.
import { toAscii } from "../mail/domain.ts";
import type { Destiny } from "../settings/values.ts";
import { cleanReplyText, type Reply } from "../smtp/reply.ts";
import type { PolicyBank } from "./bank.ts";
import { accepted, type Decision, type RuleName, refused } from "./decision.ts";

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

/** One decision per recipient, in their order. `id` is the session's, for replies. */
export function decide(rules: readonly Rule[], recipients: readonly string[], id: string): readonly Decision[] {
  return recipients.map((recipient) => {
    for (const rule of rules) {
      const objection = rule(recipient);
      if (objection !== undefined) return decisionOn(objection, id);
    }
    return accepted;
  });
}

/** D_BOUNCE becomes a rejection: the MTA in front then bounces, to whom it knows to be the sender. */
function decisionOn({ rule, destiny, status, text }: Objection, id: string): Decision {
  const reply = (code: number, enhanced: string, words: string): Reply => ({
    code,
    enhanced,
    text: cleanReplyText(`${words}id=${id} - ${text}`),
  });
  switch (destiny) {
    case "D_DISCARD":
      return refused(rule, "discard", reply(250, "2.7.0", "Ok, discarded, "));
    case "D_TEMPFAIL":
      return refused(rule, "tempfail", reply(451, `4.${status}`, ""));
    case "D_REJECT":
    case "D_BOUNCE":
      return refused(rule, "reject", reply(550, `5.${status}`, "Reject, "));
  }
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

const noObjection: Rule = () => undefined;

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
