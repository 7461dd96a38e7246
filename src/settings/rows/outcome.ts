// Bank settings of what becomes of bad mail: destinies, copies in quarantine, notices, wrapping.
import { map, textYield, truthYield } from "../map-shape.ts";
import { type SettingRows, setting } from "../setting.ts";
import { optional, text, toggle } from "../shape.ts";
import { destiny, envelopeSender, mailbox, template } from "../text-shape.ts";

const from = (what: string) =>
  setting(optional(mailbox), null, `From of ${what}.`, "flow", {
    otherwise: "the content filter, postmaster at myhostname",
  });
const envelopeSenderOf = (what: string) =>
  setting(optional(envelopeSender), null, `Envelope sender of ${what}.`, "flow", { otherwise: "the null sender" });
const administratorsFor = (what: string, otherwise: string) =>
  setting(map(textYield), [], `Administrators who get ${what}, by recipient.`, "policy", { otherwise });
const noticeInPlaceOf = (what: string) =>
  setting(map(truthYield), [], `Recipients who get a notice in place of ${what}.`, "policy");
const wraps = (what: string) => setting(toggle, false, `Wraps ${what} that is passed into an attachment.`, "flow");
const addressExtension = (what: string) =>
  setting(map(textYield), [], `Address extension for ${what} that is passed, by recipient.`, "flow");
const noticeTemplate = (words: string) => setting(template, null, words, "notices", { otherwise: "a text of ours" });

export const outcomeSettings = {
  final_virus_destiny: setting(destiny, "D_DISCARD", "What becomes of infected mail.", "policy"),
  final_banned_destiny: setting(destiny, "D_DISCARD", "What becomes of mail with banned names or types.", "policy"),
  final_unchecked_destiny: setting(destiny, "D_PASS", "What becomes of mail that could not be checked.", "policy"),
  final_spam_destiny: setting(destiny, "D_PASS", "What becomes of spam.", "policy"),
  final_bad_header_destiny: setting(destiny, "D_PASS", "What becomes of mail with a bad header section.", "policy"),
  final_oversized_destiny: setting(
    destiny,
    "D_BOUNCE",
    "What becomes of mail that is larger than message_size_limit_maps allows.",
    "policy",
    { sigil: "any" },
  ),
  final_must_sign_destiny: setting(
    destiny,
    "D_PASS",
    "What becomes of mail whose author is in author_must_sign_maps if none of the domains that may sign has signed it. Not for mail of our own users.",
    "policy",
    { sigil: "any" },
  ),
  virus_quarantine_method: setting(optional(text), "local:virus-%m", "How infected mail is kept; null: not.", "policy"),
  banned_files_quarantine_method: setting(
    optional(text),
    "local:banned-%m",
    "How mail with banned names or types is kept; null: not.",
    "policy",
  ),
  unchecked_quarantine_method: setting(optional(text), null, "How mail that could not be checked is kept.", "policy", {
    otherwise: "not",
  }),
  spam_quarantine_method: setting(optional(text), "local:spam-%m.gz", "How spam is kept; null: not.", "policy"),
  bad_header_quarantine_method: setting(
    optional(text),
    "local:badh-%m",
    "How mail with a bad header section is kept; null: not.",
    "policy",
  ),
  clean_quarantine_method: setting(optional(text), null, "How clean mail is kept.", "policy", { otherwise: "not" }),
  archive_quarantine_method: setting(optional(text), null, "How a copy of every mail is kept.", "policy", {
    otherwise: "not",
  }),
  virus_quarantine_to_maps: setting(
    map(textYield),
    ["virus-quarantine"],
    "Where infected mail is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  banned_quarantine_to_maps: setting(
    map(textYield),
    ["banned-quarantine"],
    "Where mail with banned names or types is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  unchecked_quarantine_to_maps: setting(
    map(textYield),
    ["unchecked-quarantine"],
    "Where mail that could not be checked is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  spam_quarantine_to_maps: setting(
    map(textYield),
    ["spam-quarantine"],
    "Where spam is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  bad_header_quarantine_to_maps: setting(
    map(textYield),
    ["bad-header-quarantine"],
    "Where mail with a bad header section is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  clean_quarantine_to_maps: setting(
    map(textYield),
    ["clean-quarantine"],
    "Where clean mail is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  archive_quarantine_to_maps: setting(
    map(textYield),
    ["archive-quarantine"],
    "Where a copy of every mail is kept, by recipient; [] means nowhere.",
    "policy",
  ),
  spam_quarantine_bysender_to_maps: setting(
    map(textYield, "sender"),
    [],
    "Where spam is kept, by sender; asked before the map by recipient.",
    "policy",
  ),
  virus_admin_maps: administratorsFor("notices of viruses", "virus_admin"),
  newvirus_admin_maps: administratorsFor("a notice of a virus seen for the first time", "newvirus_admin"),
  banned_admin_maps: administratorsFor("notices of banned names and types", "banned_admin"),
  spam_admin_maps: administratorsFor("notices of spam", "spam_admin"),
  bad_header_admin_maps: administratorsFor("notices of bad header sections", "bad_header_admin"),
  warnvirusrecip_maps: noticeInPlaceOf("infected mail"),
  warnbannedrecip_maps: noticeInPlaceOf("banned mail"),
  warnbadhrecip_maps: noticeInPlaceOf("mail with a bad header section"),
  warnbannedsender: setting(toggle, false, "Senders of banned mail get a notice.", "policy"),
  warnbadhsender: setting(toggle, false, "Senders of mail with a bad header section get a notice.", "policy"),
  warn_offsite: setting(toggle, false, "Recipients outside of local_domains_maps get notices, too.", "policy"),
  mailfrom_notify_admin: envelopeSenderOf("notices to administrators"),
  mailfrom_notify_recip: envelopeSenderOf("notices to recipients"),
  mailfrom_notify_spamadmin: envelopeSenderOf("notices of spam to administrators"),
  hdrfrom_notify_sender: from("delivery status notifications"),
  hdrfrom_notify_recip: from("notices to recipients"),
  hdrfrom_notify_admin: from("notices to administrators"),
  hdrfrom_notify_spamadmin: from("notices of spam to administrators"),
  hdrfrom_notify_release: from("released mail"),
  notify_sender_templ: noticeTemplate("Template of notices to senders."),
  notify_virus_sender_templ: noticeTemplate("Template of notices of viruses to senders."),
  notify_spam_sender_templ: noticeTemplate("Template of notices of spam to senders."),
  notify_virus_admin_templ: noticeTemplate("Template of notices of viruses to administrators."),
  notify_spam_admin_templ: noticeTemplate("Template of notices of spam to administrators."),
  notify_virus_recips_templ: noticeTemplate("Template of notices of viruses to recipients."),
  notify_spam_recips_templ: noticeTemplate("Template of notices of spam to recipients."),
  defang_virus: wraps("infected mail"),
  defang_banned: wraps("banned mail"),
  defang_spam: wraps("spam"),
  defang_bad_header: wraps("mail with a bad header section"),
  defang_undecipherable: wraps("mail that could not be taken apart"),
  defang_all: wraps("all mail"),
  addr_extension_virus_maps: addressExtension("infected mail"),
  addr_extension_banned_maps: addressExtension("banned mail"),
  addr_extension_spam_maps: addressExtension("spam"),
  addr_extension_bad_header_maps: addressExtension("mail with a bad header section"),
  recipient_delimiter: setting(
    optional(text),
    null,
    "What parts user and extension of a local part: look-ups then also try the address without the extension.",
    "flow",
    { otherwise: "none" },
  ),
  replace_existing_extension: setting(
    toggle,
    true,
    "An extension that is added replaces the one that is there.",
    "flow",
  ),
  localpart_is_case_sensitive: setting(toggle, false, "Local parts are looked up as they are.", "policy"),
} satisfies SettingRows;
