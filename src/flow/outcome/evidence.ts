// Keeps of a mail what an explanation is made from later: nothing is worked out here, the message itself is let go.
import { type Authors, readAuthors } from "../../mail/authors.ts";
import { isFromField } from "../../mail/from-fields.ts";
import { asBuffer, fieldName, type HeaderField } from "../../mail/header.ts";
import type { MessageHead } from "../../mail/message.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import type { Evidence } from "./outcome.ts";

/** Outcomes are kept by the thousand: From fields beyond this, all together, are not. */
export const maxFromOctets = 4096;

type Known = { -readonly [K in "bank" | "candidates" | "cut"]?: Evidence[K] } & Pick<Evidence, "candidates">;

export function keepEvidence(
  { fields, cut }: Pick<MessageHead, "fields" | "cut">,
  bank: PolicyBank | undefined,
  candidates: readonly CandidateFact[],
): Evidence {
  // A list that grew by push has room for seventeen; a copy has just what it holds.
  const kept = candidates.slice();
  const known: Known = bank === undefined ? { candidates: kept } : { bank, candidates: kept };
  if (cut === "no-field-name") known.cut = cut;
  else if (cut !== undefined) return { ...known, from: [], unread: "header-too-large" };
  const from: string[] = [];
  let octets = 0;
  for (const field of fields) {
    if (!isFromField(field)) continue;
    const { raw } = field;
    octets += raw.length;
    if (octets > maxFromOctets) return { ...known, from: [], unread: "from-too-long" };
    from.push(asBuffer(raw).toString("latin1"));
  }
  return { ...known, from: from.slice() };
}

/** What `readAuthors` said of the mail, as far as its From fields were kept. */
export function readKeptAuthors({ from, cut }: Pick<Evidence, "from" | "cut">): Authors {
  const fields = from.map((text): HeaderField => {
    const raw = Buffer.from(text, "latin1");
    return { name: fieldName(raw), raw };
  });
  return readAuthors(cut === undefined ? { fields } : { fields, cut });
}
