// What a bank says of each contents category: destiny, lovers, the words of the reply. amavisd's tables, whose plain
// settings stand behind the maps by category.
import type { LookupMap } from "../lookup/table.ts";
import type { Destiny } from "../settings/values.ts";
import type { PolicyBank } from "./bank.ts";
import { catchAllValue, categoryValue } from "./category-maps.ts";
import type { Category, Contents, RuleName } from "./decision.ts";
import type { Objection } from "./objection.ts";

interface Row {
  readonly rule: RuleName;
  /** Absent: only the map by category can have a destiny. */
  destiny?(bank: PolicyBank): Destiny;
  lovers?(bank: PolicyBank): LookupMap<boolean>;
  /** RFC 3463: code and enhanced status of a refusal. */
  readonly code: number;
  readonly status: string;
}

/** warnbannedsender and warnbadhsender ask for a bounce where mail would be discarded (amavisd, at its start). */
function warned(destiny: Destiny, warns: boolean): Destiny {
  return warns && destiny === "D_DISCARD" ? "D_BOUNCE" : destiny;
}

const rows: { readonly [Name in Category]?: Row } = {
  CC_VIRUS: {
    rule: "virus",
    destiny: (bank) => bank.final_virus_destiny,
    lovers: (bank) => bank.virus_lovers_maps,
    code: 554,
    status: "7.0",
  },
  CC_BANNED: {
    rule: "banned",
    destiny: (bank) => warned(bank.final_banned_destiny, bank.warnbannedsender),
    lovers: (bank) => bank.banned_files_lovers_maps,
    code: 554,
    status: "7.0",
  },
  CC_UNCHECKED: {
    rule: "unchecked",
    destiny: (bank) => bank.final_unchecked_destiny,
    lovers: (bank) => bank.unchecked_lovers_maps,
    code: 554,
    status: "7.0",
  },
  CC_SPAM: {
    rule: "spam",
    destiny: (bank) => bank.final_spam_destiny,
    lovers: (bank) => bank.spam_lovers_maps,
    code: 554,
    status: "7.0",
  },
  CC_SPAMMY: { rule: "spammy", lovers: (bank) => bank.spam_lovers_maps, code: 554, status: "7.0" },
  CC_BADH: {
    rule: "bad-header",
    destiny: (bank) => warned(bank.final_bad_header_destiny, bank.warnbadhsender),
    lovers: (bank) => bank.bad_header_lovers_maps,
    code: 554,
    status: "6.0",
  },
  CC_OVERSIZED: { rule: "oversized", destiny: (bank) => bank.final_oversized_destiny, code: 552, status: "3.4" },
  CC_CLEAN: { rule: "clean", code: 554, status: "7.0" },
};

/** amavisd's smtp_reason_by_ccat, without "id=%n - ". */
const reasons: Readonly<Record<string, string>> = {
  CC_VIRUS: "INFECTED: %V",
  CC_BANNED: "BANNED: %F",
  "CC_UNCHECKED,1": "UNCHECKED: encrypted",
  "CC_UNCHECKED,2": "UNCHECKED: over limits",
  "CC_UNCHECKED,3": "UNCHECKED: ambiguous content",
  CC_UNCHECKED: "UNCHECKED",
  CC_SPAM: "spam",
  "CC_SPAMMY,1": "spammy (tag3)",
  CC_SPAMMY: "spammy",
  "CC_BADH,1": "BAD HEADER: MIME error",
  "CC_BADH,2": "BAD HEADER: nonencoded 8-bit character",
  "CC_BADH,3": "BAD HEADER: contains invalid control character",
  "CC_BADH,4": "BAD HEADER: line made up entirely of whitespace",
  "CC_BADH,5": "BAD HEADER: line longer than RFC 5322 limit",
  "CC_BADH,6": "BAD HEADER: syntax error",
  "CC_BADH,7": "BAD HEADER: missing required header field",
  "CC_BADH,8": "BAD HEADER: duplicate header field",
  CC_BADH: "BAD HEADER",
  CC_OVERSIZED: "Message size exceeds recipient's size limit",
  CC_CLEAN: "CLEAN",
};

/** What the words of a reply may name. */
export interface ReplyNames {
  readonly viruses: readonly string[];
  readonly banned: string;
}

/** What a bank has against contents for a recipient; undefined where they pass, by destiny or by love. */
export function objectionTo(
  bank: PolicyBank,
  contents: Contents,
  recipient: string,
  named: ReplyNames,
): Objection | undefined {
  const row = rows[contents.category];
  if (row === undefined) return undefined;
  const destiny = destinyOf(bank, row, contents, recipient);
  if (destiny === "D_PASS" || isLoved(bank, row, contents, recipient)) return undefined;
  const isEightBit = contents.category === "CC_BADH" && contents.minor === 2;
  return {
    rule: row.rule,
    destiny,
    code: row.code,
    status: isEightBit ? "6.3" : row.status,
    text: reasonFor(bank, contents, recipient, named),
  };
}

function destinyOf(bank: PolicyBank, row: Row, contents: Contents, recipient: string): Destiny {
  const map = bank.final_destiny_maps_by_ccat;
  const own = categoryValue(map, contents, recipient);
  if (own !== "unset") return own ?? "D_PASS";
  return row.destiny?.(bank) ?? catchAllValue(map, recipient) ?? "D_PASS";
}

function isLoved(bank: PolicyBank, { lovers }: Row, contents: Contents, recipient: string): boolean {
  const own = categoryValue(bank.lovers_maps_by_ccat, contents, recipient);
  if (own !== "unset") return own === true;
  return lovers?.(bank).first(recipient)?.value === true;
}

/** Characters of a text of mail's making that a reply holds. */
const maxReasonChars = 450;

function reasonFor(bank: PolicyBank, contents: Contents, recipient: string, { viruses, banned }: ReplyNames): string {
  const { category, minor } = contents;
  const own = categoryValue(bank.smtp_reason_by_ccat, contents, recipient);
  const text = own === "unset" ? (reasons[`${category},${minor}`] ?? reasons[category] ?? "OTHER") : (own ?? "");
  // "id=" is put before each reply.
  const plain = text.replace(/^\s*id=%n\s*-\s*/, "");
  const filled = plain.replace(/%([VF%])/g, (_all, letter: string) =>
    letter === "V" ? viruses.join(", ") : letter === "F" ? banned : "%",
  );
  return filled.length > maxReasonChars ? `${filled.slice(0, maxReasonChars)}...` : filled;
}
