// What must be done about a mail beside delivering it: copies to keep, people who get notices, and whether the sender is one of
// them (amavis.md 1.11, 1.12). Plain data; stages of the flow act on it.
import type { Verification } from "../dkim/engine.ts";
import { emptyMap } from "../lookup/map.ts";
import type { LookupMap } from "../lookup/table.ts";
import { splitAddress } from "../mail/address.ts";
import { addressOctets } from "../mail/domain.ts";
import type { PolicyBank } from "./bank.ts";
import { type CategoryMap, categoryValue } from "./category-maps.ts";
import type { RecipientContents } from "./contents.ts";
import {
  type Category,
  type Contents,
  type CopyOwed,
  type NoDsnReason,
  type NoticeOwed,
  nothingOwed,
  type Owed,
} from "./decision.ts";
import { isLocal } from "./router.ts";
import { countedSignatures } from "./signature-standing.ts";

/** A mail of a list or robot, from nobody, or from an address that neither SPF nor DKIM nor the client vouches for. */
type SenderReason = "null-sender" | "bulk" | "robot" | "unverified-sender";

/** Who sent the mail, as far as it decides who gets notices. */
export interface SenderFacts {
  readonly bank: PolicyBank;
  readonly sender: string;
  readonly verifications: readonly Verification[];
  /** What speaks against telling the sender anything, whatever is in the mail. */
  against(): readonly SenderReason[];
}

interface KeptSettings {
  readonly method: (bank: PolicyBank) => string | null;
  readonly to: (bank: PolicyBank) => LookupMap<string>;
}

const kept: { readonly [Name in Category]?: KeptSettings } = {
  CC_VIRUS: { method: (bank) => bank.virus_quarantine_method, to: (bank) => bank.virus_quarantine_to_maps },
  CC_BANNED: { method: (bank) => bank.banned_files_quarantine_method, to: (bank) => bank.banned_quarantine_to_maps },
  CC_UNCHECKED: { method: (bank) => bank.unchecked_quarantine_method, to: (bank) => bank.unchecked_quarantine_to_maps },
  CC_SPAM: { method: (bank) => bank.spam_quarantine_method, to: (bank) => bank.spam_quarantine_to_maps },
  CC_BADH: { method: (bank) => bank.bad_header_quarantine_method, to: (bank) => bank.bad_header_quarantine_to_maps },
  CC_CLEAN: { method: (bank) => bank.clean_quarantine_method, to: (bank) => bank.clean_quarantine_to_maps },
};

const admins: { readonly [Name in Category]?: (bank: PolicyBank) => LookupMap<string> } = {
  CC_VIRUS: (bank) => bank.virus_admin_maps,
  CC_BANNED: (bank) => bank.banned_admin_maps,
  CC_UNCHECKED: (bank) => bank.virus_admin_maps,
  CC_SPAM: (bank) => bank.spam_admin_maps,
  CC_BADH: (bank) => bank.bad_header_admin_maps,
};

const warnedRecipients: { readonly [Name in Category]?: (bank: PolicyBank) => LookupMap<boolean> } = {
  CC_VIRUS: (bank) => bank.warnvirusrecip_maps,
  CC_BANNED: (bank) => bank.warnbannedrecip_maps,
  CC_BADH: (bank) => bank.warnbadhrecip_maps,
};

const warnedSenders: { readonly [Name in Category]?: (bank: PolicyBank) => boolean } = {
  CC_BANNED: (bank) => bank.warnbannedsender,
  CC_BADH: (bank) => bank.warnbadhsender,
};

/**
 * What is owed for one recipient. `blocked`: the category that keeps the mail from the recipient; what is kept and who is
 * told goes by it, else by the most important category that has a word on the matter.
 */
export function owedFor(
  facts: SenderFacts,
  contents: RecipientContents,
  recipient: string,
  blocked: Contents | undefined,
): Owed {
  const { bank, sender } = facts;
  const list = blocked === undefined ? contents.all : [blocked];
  const copies = copiesFor(facts, contents, recipient, list);
  const notices: NoticeOwed[] = [];
  const admin = adminFor(bank, contents, recipient, list);
  if (admin !== undefined) notices.push(admin);
  const main = contents.all[0]?.category ?? "CC_CLEAN";
  if (main === "CC_VIRUS" && bank.newvirus_admin_maps !== emptyMap) {
    const to = bank.newvirus_admin_maps.first(recipient)?.value ?? "";
    if (to !== "") notices.push({ kind: "new-virus-admin", category: main, to: addressOctets(to) });
  }
  const warned = firstKnown(list, ({ category }) => warnedRecipients[category], bank.warnrecip_maps_by_ccat, recipient);
  if (warned?.map(bank) === true && (bank.warn_offsite || isLocal(bank, recipient))) {
    notices.push({ kind: "recipient", category: warned.category, to: recipient });
  }
  if (blocked === undefined) {
    const category = contents.all.find((each) => warnsSender(bank, each, recipient))?.category;
    if (category !== undefined && sender !== "") {
      const withheld = noDsnFor(facts, contents, recipient, category);
      notices.push({ kind: "warn-sender", category, to: sender, ...(withheld === undefined ? {} : { withheld }) });
    }
  }
  return copies.length === 0 && notices.length === 0 ? nothingOwed : { copies, notices };
}

function copiesFor(
  { bank, sender }: SenderFacts,
  { score }: RecipientContents,
  recipient: string,
  list: readonly Contents[],
): readonly CopyOwed[] {
  const copies: CopyOwed[] = [];
  const reason = list.find(
    ({ category, minor }) =>
      kept[category] !== undefined ||
      bank.quarantine_method_by_ccat.has(category) ||
      bank.quarantine_method_by_ccat.has(`${category},${minor}`),
  );
  const own = reason && categoryValue(bank.quarantine_method_by_ccat, reason, recipient);
  const method = own === "unset" ? reason && kept[reason.category]?.method(bank) : own;
  if (reason !== undefined && typeof method === "string" && method !== "") {
    const { category } = reason;
    const isSpam = category === "CC_SPAM" || category === "CC_SPAMMY";
    const cutoff = isSpam ? bank.spam_quarantine_cutoff_level_maps.first(recipient)?.value : undefined;
    const isAbove = cutoff !== undefined && score !== undefined && (score.listed === "black" || score.score >= cutoff);
    const ownTo = categoryValue(bank.quarantine_to_maps_by_ccat, reason, recipient);
    const to = ownTo === "unset" ? kept[category]?.to(bank).first(recipient)?.value : ownTo;
    if (to !== undefined && to !== "" && !isAbove) copies.push(copy("quarantine", category, method, to, recipient));
    const bySender = isSpam ? bank.spam_quarantine_bysender_to_maps.first(sender)?.value : undefined;
    if (bySender) copies.push(copy("quarantine", category, method, bySender, recipient));
  }
  const archive = bank.archive_quarantine_method;
  if (archive !== null && archive !== "") {
    const to = bank.archive_quarantine_to_maps.first(recipient)?.value ?? "";
    if (to !== "") copies.push(copy("archive", list[0]?.category ?? "CC_CLEAN", archive, to, recipient));
  }
  return copies;
}

function copy(
  purpose: CopyOwed["purpose"],
  category: Category,
  method: string,
  to: string,
  recipient: string,
): CopyOwed {
  return { purpose, category, method, to: to === "%a" ? recipient : addressOctets(to) };
}

function adminFor(
  bank: PolicyBank,
  { score }: RecipientContents,
  recipient: string,
  list: readonly Contents[],
): NoticeOwed | undefined {
  const found = firstKnown(list, ({ category }) => admins[category], bank.admin_maps_by_ccat, recipient);
  const to = found?.map(bank);
  if (found === undefined || to === undefined || to === "") return undefined;
  const { category } = found;
  if (category === "CC_SPAM" || category === "CC_SPAMMY") {
    const cutoff = bank.spam_notifyadmin_cutoff_level_maps.first(recipient)?.value;
    if (cutoff !== undefined && score !== undefined && (score.listed === "black" || score.score >= cutoff)) {
      return undefined;
    }
  }
  return { kind: "admin", category, to: addressOctets(to) };
}

interface Known<V> {
  readonly category: Category;
  map(bank: PolicyBank): V | undefined;
}

/** The first of the categories for which there is a setting at all, as amavisd has it: what it says holds. */
function firstKnown<V>(
  list: readonly Contents[],
  plain: (contents: Contents) => ((bank: PolicyBank) => LookupMap<V>) | undefined,
  byCategory: CategoryMap<V>,
  recipient: string,
): Known<V> | undefined {
  for (const contents of list) {
    const { category } = contents;
    const own = categoryValue(byCategory, contents, recipient);
    if (own !== "unset") return { category, map: () => own };
    const map = plain(contents);
    if (map !== undefined) return { category, map: (bank) => map(bank).first(recipient)?.value };
  }
  return undefined;
}

function warnsSender(bank: PolicyBank, contents: Contents, recipient: string): boolean {
  const own = categoryValue(bank.warnsender_by_ccat, contents, recipient);
  return own === "unset" ? warnedSenders[contents.category]?.(bank) === true : own === true;
}

/** Categories whose senders are often made up: a bounce goes only to who is vouched for. */
const oftenForged: ReadonlySet<Category> = new Set<Category>([
  "CC_VIRUS",
  "CC_BANNED",
  "CC_UNCHECKED",
  "CC_SPAM",
  "CC_SPAMMY",
]);

/** Why the sender of mail that `category` keeps back gets no DSN; undefined: nothing speaks against one. */
export function noDsnFor(
  facts: SenderFacts,
  { viruses, isBannedDiscard, score, all }: RecipientContents,
  recipient: string,
  category: Category,
): NoDsnReason | undefined {
  const { bank, sender } = facts;
  if (sender === "") return "null-sender";
  if (viruses.some((name) => bank.viruses_that_fake_sender_maps.first(name)?.value === true)) {
    return "virus-fakes-sender";
  }
  if (isBannedDiscard) return "banned-discard";
  if (score !== undefined) {
    const bySender = cutoff(
      facts,
      sender,
      bank.spam_crediblefrom_dsn_cutoff_level_bysender_maps,
      bank.spam_dsn_cutoff_level_bysender_maps,
    );
    if (bySender !== undefined && score.score >= bySender) return "cutoff";
    const byRecipient = cutoff(
      facts,
      recipient,
      bank.spam_crediblefrom_dsn_cutoff_level_maps,
      bank.spam_dsn_cutoff_level_maps,
    );
    if (byRecipient !== undefined && score.score >= byRecipient) return "cutoff";
    if (byRecipient !== undefined && score.listed === "black") return "blacklisted";
  }
  if (all.some((each) => each.category !== "CC_CLEAN") && facts.against().includes("bulk")) return "bulk";
  return oftenForged.has(category) && facts.against().includes("unverified-sender") ? "unverified-sender" : undefined;
}

/** Of credible senders first what is set for them; where nothing is, as for all others (amavisd has no limit then). */
function cutoff(
  facts: SenderFacts,
  address: string,
  ofCredible: LookupMap<number>,
  ofAll: LookupMap<number>,
): number | undefined {
  const credible = isCredible(facts) ? ofCredible.first(address)?.value : undefined;
  return credible ?? ofAll.first(address)?.value;
}

/** Mail of our users, or with a valid signature for the envelope sender's domain. */
function isCredible({ bank, sender, verifications }: SenderFacts): boolean {
  if (bank.originating) return true;
  const { domain } = splitAddress(sender);
  return domain !== undefined && countedSignatures(bank, verifications).some((each) => each.domain === domain);
}
