// The header edits that recipients have beside what all mail gets: fields that show the checks, a tagged subject, and
// without what others claim of such checks. Recipients with equal edits share one object, so that they leave together.
import { type HeaderEdits, type OctetRange, withFields } from "../../mail/edit.ts";
import type { Message } from "../../mail/message.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Accepted } from "../../policy/decision.ts";
import type { JudgedMail } from "../mail.ts";
import { contentFields, isFieldName } from "./content-fields.ts";
import { createDefang, type Defanged, isDefanged } from "./defang.ts";
import { rangesOf, spamFieldNames, withRanges } from "./removed-fields.ts";
import { subjectTag, taggedSubject } from "./subject-tag.ts";

export interface RecipientEdits {
  /** `edits` with the fields of this recipient on top; `edits` themselves where there are none. */
  of(decision: Accepted, address: string, isLocal: boolean, edits: HeaderEdits): HeaderEdits;
}

/** `body`: "stays" where nothing may be wrapped into an attachment. */
export function createRecipientEdits(mail: JudgedMail, body: "may-change" | "stays" = "may-change"): RecipientEdits {
  const { bank, transaction, mailId } = mail;
  const { message, session, receivedAtMs } = transaction;
  const names = { myhostname: bank.myhostname, receivedAtMs, logId: session.id, mailId };
  let made: Map<HeaderEdits, Map<string, HeaderEdits>> | undefined;
  let defang: ReturnType<typeof createDefang> | undefined;
  let claims: readonly OctetRange[] | undefined;

  /** Incoming X-Spam fields, where a spam scanner of ours speaks for itself. */
  function spamClaims(address: string): readonly OctetRange[] {
    if (bank.spam_scanners.length === 0 || !bank.remove_existing_spam_headers) return none;
    if (bank.remove_existing_spam_headers_maps.first(address)?.value === false) return none;
    claims ??= rangesOf(message, spamFieldNames);
    return claims;
  }

  function make(
    fields: readonly string[],
    tag: string | undefined,
    edits: HeaderEdits,
    cleared: readonly OctetRange[],
    defanged: Defanged | undefined,
  ) {
    const remove = withRanges(edits.remove, cleared);
    const without =
      defanged === undefined
        ? { ...edits, remove }
        : { ...edits, remove: withRanges(remove, defanged.within), wrap: defanged.wrap };
    if (tag === undefined) return withFields(fields, without);
    const subject = taggedSubject(message, tag, without.remove);
    return "add" in subject
      ? withFields([...fields, subject.add], without)
      : withFields(fields, { ...without, replace: [...without.replace, subject.replace] });
  }

  return {
    of(decision, address, isLocal, edits) {
      const { content } = decision;
      const wraps = isLocal && body === "may-change" && isDefanged(bank, content, address);
      if (wraps) defang ??= createDefang(mail);
      const defanged = wraps ? defang?.(content) : undefined;
      const fields = contentFields(mail, decision, address, isLocal, defanged !== undefined);
      const tag = isLocal && content !== undefined ? subjectTag(bank, content, address, names) : undefined;
      const cleared = spamClaims(address);
      if (fields.length === 0 && tag === undefined && cleared.length === 0 && defanged === undefined) return edits;
      // Most mail has one recipient: nobody is there to share with.
      if (transaction.envelope.recipients.length === 1) return make(fields, tag, edits, cleared, defanged);
      const key = JSON.stringify([fields, tag, cleared.length, defanged?.wrap.before]);
      made ??= new Map();
      const known = made.get(edits) ?? new Map<string, HeaderEdits>();
      made.set(edits, known);
      const ready = known.get(key) ?? make(fields, tag, edits, cleared, defanged);
      known.set(key, ready);
      return ready;
    },
  };
}

const none: readonly OctetRange[] = [];

/** remove_existing_x_scanned_headers: fields named X_HEADER_TAG that others have put there. */
export function withoutScanClaims(message: Message, bank: PolicyBank, edits: HeaderEdits): HeaderEdits {
  const { X_HEADER_TAG: name, X_HEADER_LINE: text } = bank;
  if (!bank.remove_existing_x_scanned_headers || !isFieldName(name) || text === null || text === "") return edits;
  if (bank.av_scanners.length === 0) return edits;
  const found = rangesOf(message, new Set([name.toLowerCase()]));
  return found.length === 0 ? edits : { ...edits, remove: withRanges(edits.remove, found) };
}
