// Keeps of a mail what an explanation is made from later: nothing is worked out here, the message itself is let go.
import { looksLikeFrom } from "../mail/authors.ts";
import type { HeaderField } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { CandidateFact } from "../signing/choose.ts";
import type { Evidence } from "./outcome.ts";

/** Outcomes are kept by the thousand: From fields beyond this, all together, are not. */
const maxFromOctets = 4096;

export function keepEvidence(
  { fields, excess }: Pick<MessageHead, "fields" | "excess">,
  bank: PolicyBank | undefined,
  candidates: readonly CandidateFact[],
): Evidence {
  const known = bank === undefined ? { candidates } : { bank, candidates };
  if (excess !== undefined) return { ...known, from: [], unread: "header-too-large" };
  const from: HeaderField[] = [];
  let octets = 0;
  for (const field of fields) {
    const { name, raw } = field;
    if (name !== "from" && (name !== "" || !looksLikeFrom(raw))) continue;
    octets += raw.length;
    if (octets > maxFromOctets) return { ...known, from: [], unread: "from-too-long" };
    // A copy: the field is a view on the octets of the whole header.
    from.push({ name, raw: new Uint8Array(raw) });
  }
  return { ...known, from };
}
