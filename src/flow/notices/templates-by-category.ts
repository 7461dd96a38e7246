// Which of amavisd's templates tells whom of what, as %notify_*_templ_by_ccat has it, and who it comes from.
import { readSenderName, type SenderName } from "../../mail/sender-name.ts";
import type { TemplateSetting } from "../../notices/default-templates.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { type CategoryMap, contentsValue } from "../../policy/category-maps.ts";
import type { Category } from "../../policy/decision.ts";
import type { TemplateSource } from "../../settings/values.ts";

export type Audience = "admin" | "recipient" | "sender";

/** `category`: absent where nothing is wrong with the mail. */
export function templateSettingFor(audience: Audience, category: Category | undefined): TemplateSetting {
  const isSpam = category === "CC_SPAM" || category === "CC_SPAMMY";
  switch (audience) {
    case "admin":
      return isSpam ? "notify_spam_admin_templ" : "notify_virus_admin_templ";
    case "recipient":
      return isSpam ? "notify_spam_recips_templ" : "notify_virus_recips_templ";
    case "sender":
      if (isSpam) return "notify_spam_sender_templ";
      return category === "CC_VIRUS" || category === "CC_BANNED" ? "notify_virus_sender_templ" : "notify_sender_templ";
  }
}

const templatesByCategory = {
  admin: (bank: PolicyBank) => bank.notify_admin_templ_by_ccat,
  recipient: (bank: PolicyBank) => bank.notify_recips_templ_by_ccat,
  sender: (bank: PolicyBank) => bank.notify_sender_templ_by_ccat,
} as const;

/** The administrator's template, by category or by setting; null: ours. */
export function templateSourceFor(
  audience: Audience,
  category: Category | undefined,
  bank: PolicyBank,
): TemplateSource {
  const own = byCategory(templatesByCategory[audience](bank), category);
  return own ?? bank[templateSettingFor(audience, category)];
}

/** What such a setting says of one category; who gets the notice makes no difference. */
function byCategory<V>(map: CategoryMap<V>, category: Category | undefined): V | undefined {
  return contentsValue(map, [{ category: category ?? "CC_CLEAN", minor: 0 }], "");
}

/** From of a notice: hdrfrom_notify_*, or the content filter at our host. */
export function noticeFrom(audience: Audience, category: Category | undefined, bank: PolicyBank): SenderName {
  const { myhostname } = bank;
  const ours: SenderName = { name: `Content-filter at ${myhostname}`, address: `postmaster@${myhostname}` };
  return readSenderName(configuredFrom(audience, category, bank) ?? "", myhostname) ?? ours;
}

function configuredFrom(audience: Audience, category: Category | undefined, bank: PolicyBank): string | null {
  if (audience === "sender") {
    return byCategory(bank.hdrfrom_notify_sender_by_ccat, category) ?? bank.hdrfrom_notify_sender;
  }
  if (audience === "recipient") {
    return byCategory(bank.hdrfrom_notify_recip_by_ccat, category) ?? bank.hdrfrom_notify_recip;
  }
  const own = byCategory(bank.hdrfrom_notify_admin_by_ccat, category);
  if (own !== undefined) return own;
  return category === "CC_SPAM"
    ? (bank.hdrfrom_notify_spamadmin ?? bank.hdrfrom_notify_admin)
    : bank.hdrfrom_notify_admin;
}

/** The envelope sender of a notice: mailfrom_notify_*; "" is the null one, and always is the answer to a sender's mail. */
export function noticeMailFrom(audience: Audience, category: Category | undefined, bank: PolicyBank): string {
  if (audience === "sender") return "";
  if (audience === "recipient") {
    return byCategory(bank.mailfrom_notify_recip_by_ccat, category) ?? bank.mailfrom_notify_recip ?? "";
  }
  const own = byCategory(bank.mailfrom_notify_admin_by_ccat, category);
  if (own !== undefined) return own;
  const { mailfrom_notify_admin: admin, mailfrom_notify_spamadmin: spamAdmin } = bank;
  return (category === "CC_SPAM" ? (spamAdmin ?? admin) : admin) ?? "";
}

/** amavisd's letters before the mail_id in a Message-ID. */
export function noticeLetters(audience: Audience, category: Category | undefined): string {
  const what = category === "CC_SPAM" || category === "CC_SPAMMY" ? "S" : "V";
  return `${what}${{ admin: "A", recipient: "R", sender: "S" }[audience]}`;
}
