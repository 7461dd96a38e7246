// Mail that was released, or is a copy of ours for a mail address, and comes past us again: it is not looked into, and no rule keeps
// it back. A release that is caught again would never arrive.
import { digestBody } from "../../mail/body-digest.ts";
import { fieldBody, unfold } from "../../mail/header.ts";
import { type PassTokens, passField } from "../../quarantine/pass-token.ts";
import type { JudgedMail } from "../mail.ts";
import type { Stages } from "../pipeline.ts";

type Passing = Pick<Stages, "inspect" | "score">;

/** The same stages, which leave such mail alone. `tokens`: undefined where there is no quarantine. */
export function exceptReleased({ inspect, score }: Passing, tokens: () => PassTokens | undefined): Passing {
  return {
    inspect(mail) {
      const known = tokens();
      const field = mail.transaction.message.fields.find(({ name }) => name === passField);
      if (known === undefined || field === undefined || field.raw.length > 300) return inspect(mail);
      return released(mail, unfold(fieldBody(field.raw)), known).then((mailId) =>
        mailId === undefined ? inspect(mail) : { ...mail.facts, content: { released: mailId } },
      );
    },
    score: (mail) => (mail.facts.content.released === undefined ? score(mail) : mail.facts),
  };
}

async function released({ transaction }: JudgedMail, text: string, tokens: PassTokens): Promise<string | undefined> {
  try {
    return tokens.check(text, await digestBody(transaction.message.body), transaction.receivedAtMs);
  } catch {
    // A spool file that cannot be read shows where it matters.
    return undefined;
  }
}
