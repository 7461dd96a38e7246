// Bank settings of what becomes of a mail: destinies, quarantine, notices, address extensions.
import type { BankSettings } from "../../policy/settings.ts";
import { map, textYield, truthYield } from "../map-shape.ts";
import { accepted, active, type SettingsOf } from "../setting.ts";
import { destiny, mailbox, optional, text, toggle } from "../shape.ts";

type Outcome = Pick<
  BankSettings,
  | "final_virus_destiny"
  | "final_banned_destiny"
  | "final_unchecked_destiny"
  | "final_spam_destiny"
  | "final_bad_header_destiny"
  | "virus_quarantine_method"
  | "banned_files_quarantine_method"
  | "unchecked_quarantine_method"
  | "spam_quarantine_method"
  | "bad_header_quarantine_method"
  | "clean_quarantine_method"
  | "archive_quarantine_method"
  | "virus_quarantine_to_maps"
  | "banned_quarantine_to_maps"
  | "unchecked_quarantine_to_maps"
  | "spam_quarantine_to_maps"
  | "bad_header_quarantine_to_maps"
  | "clean_quarantine_to_maps"
  | "archive_quarantine_to_maps"
  | "spam_quarantine_bysender_to_maps"
  | "virus_admin_maps"
  | "newvirus_admin_maps"
  | "banned_admin_maps"
  | "spam_admin_maps"
  | "bad_header_admin_maps"
  | "warnvirusrecip_maps"
  | "warnbannedrecip_maps"
  | "warnbadhrecip_maps"
  | "warnbannedsender"
  | "warnbadhsender"
  | "warn_offsite"
  | "mailfrom_notify_admin"
  | "mailfrom_notify_recip"
  | "mailfrom_notify_spamadmin"
  | "hdrfrom_notify_sender"
  | "hdrfrom_notify_recip"
  | "hdrfrom_notify_admin"
  | "hdrfrom_notify_spamadmin"
  | "hdrfrom_notify_release"
  | "hdrfrom_notify_report"
  | "notify_sender_templ"
  | "notify_virus_sender_templ"
  | "notify_spam_sender_templ"
  | "notify_virus_admin_templ"
  | "notify_spam_admin_templ"
  | "notify_virus_recips_templ"
  | "notify_spam_recips_templ"
  | "notify_release_templ"
  | "notify_report_templ"
  | "notify_autoresp_templ"
  | "defang_virus"
  | "defang_banned"
  | "defang_spam"
  | "defang_bad_header"
  | "defang_undecipherable"
  | "defang_all"
  | "addr_extension_virus_maps"
  | "addr_extension_banned_maps"
  | "addr_extension_spam_maps"
  | "addr_extension_bad_header_maps"
  | "recipient_delimiter"
  | "replace_existing_extension"
  | "localpart_is_case_sensitive"
>;

export const outcomeSettings: SettingsOf<Outcome> = {
  final_virus_destiny: accepted(destiny, "D_DISCARD", "What becomes of infected mail."),
  final_banned_destiny: accepted(destiny, "D_DISCARD", "What becomes of mail with banned names or types."),
  final_unchecked_destiny: accepted(destiny, "D_PASS", "What becomes of mail that could not be checked."),
  final_spam_destiny: accepted(destiny, "D_PASS", "What becomes of spam."),
  final_bad_header_destiny: accepted(destiny, "D_PASS", "What becomes of mail with a bad header section."),
  virus_quarantine_method: accepted(optional(text), "local:virus-%m", "How infected mail is kept; null: not."),
  banned_files_quarantine_method: accepted(
    optional(text),
    "local:banned-%m",
    "How mail with banned names or types is kept; null: not.",
  ),
  unchecked_quarantine_method: accepted(optional(text), null, "How mail that could not be checked is kept.", "not"),
  spam_quarantine_method: accepted(optional(text), "local:spam-%m.gz", "How spam is kept; null: not."),
  bad_header_quarantine_method: accepted(
    optional(text),
    "local:badh-%m",
    "How mail with a bad header section is kept; null: not.",
  ),
  clean_quarantine_method: accepted(optional(text), null, "How clean mail is kept.", "not"),
  archive_quarantine_method: accepted(optional(text), null, "How a copy of every mail is kept.", "not"),
  virus_quarantine_to_maps: accepted(
    map(textYield),
    ["virus-quarantine"],
    "Where infected mail is kept, by recipient; [] means nowhere.",
  ),
  banned_quarantine_to_maps: accepted(
    map(textYield),
    ["banned-quarantine"],
    "Where mail with banned names or types is kept, by recipient; [] means nowhere.",
  ),
  unchecked_quarantine_to_maps: accepted(
    map(textYield),
    ["unchecked-quarantine"],
    "Where mail that could not be checked is kept, by recipient; [] means nowhere.",
  ),
  spam_quarantine_to_maps: accepted(
    map(textYield),
    ["spam-quarantine"],
    "Where spam is kept, by recipient; [] means nowhere.",
  ),
  bad_header_quarantine_to_maps: accepted(
    map(textYield),
    ["bad-header-quarantine"],
    "Where mail with a bad header section is kept, by recipient; [] means nowhere.",
  ),
  clean_quarantine_to_maps: accepted(
    map(textYield),
    ["clean-quarantine"],
    "Where clean mail is kept, by recipient; [] means nowhere.",
  ),
  archive_quarantine_to_maps: accepted(
    map(textYield),
    ["archive-quarantine"],
    "Where a copy of every mail is kept, by recipient; [] means nowhere.",
  ),
  spam_quarantine_bysender_to_maps: accepted(
    map(textYield, "sender"),
    [],
    "Where spam is kept, by sender; asked before the map by recipient.",
  ),
  virus_admin_maps: accepted(map(textYield), [], "Who is told of viruses, by recipient.", "virus_admin"),
  newvirus_admin_maps: accepted(
    map(textYield),
    [],
    "Who is told of a virus seen for the first time, by recipient.",
    "newvirus_admin",
  ),
  banned_admin_maps: accepted(
    map(textYield),
    [],
    "Who is told of banned names and types, by recipient.",
    "banned_admin",
  ),
  spam_admin_maps: accepted(map(textYield), [], "Who is told of spam, by recipient.", "spam_admin"),
  bad_header_admin_maps: accepted(
    map(textYield),
    [],
    "Who is told of bad header sections, by recipient.",
    "bad_header_admin",
  ),
  warnvirusrecip_maps: accepted(map(truthYield), [], "Recipients who are told of infected mail that they did not get."),
  warnbannedrecip_maps: accepted(map(truthYield), [], "Recipients who are told of banned mail that they did not get."),
  warnbadhrecip_maps: accepted(
    map(truthYield),
    [],
    "Recipients who are told of mail with a bad header section that they did not get.",
  ),
  warnbannedsender: accepted(toggle, false, "Senders are told of banned mail."),
  warnbadhsender: accepted(toggle, false, "Senders are told of bad header sections."),
  warn_offsite: accepted(toggle, false, "Recipients elsewhere are told, too."),
  mailfrom_notify_admin: accepted(
    optional(text),
    null,
    "Envelope sender of notices to administrators.",
    "the null sender",
  ),
  mailfrom_notify_recip: accepted(optional(text), null, "Envelope sender of notices to recipients.", "the null sender"),
  mailfrom_notify_spamadmin: accepted(
    optional(text),
    null,
    "Envelope sender of notices of spam to administrators.",
    "the null sender",
  ),
  hdrfrom_notify_sender: active(
    optional(mailbox),
    null,
    "From of delivery status notifications.",
    "the content filter, postmaster at myhostname",
  ),
  hdrfrom_notify_recip: accepted(
    optional(text),
    null,
    "From of notices to recipients.",
    "the content filter, postmaster at myhostname",
  ),
  hdrfrom_notify_admin: accepted(
    optional(text),
    null,
    "From of notices to administrators.",
    "the content filter, postmaster at myhostname",
  ),
  hdrfrom_notify_spamadmin: accepted(
    optional(text),
    null,
    "From of notices of spam to administrators.",
    "the content filter, postmaster at myhostname",
  ),
  hdrfrom_notify_release: accepted(
    optional(text),
    null,
    "From of released mail.",
    "the content filter, postmaster at myhostname",
  ),
  hdrfrom_notify_report: accepted(
    optional(text),
    null,
    "From of reports.",
    "the content filter, postmaster at myhostname",
  ),
  notify_sender_templ: accepted(optional(text), null, "Template of notices to senders.", "amavisd's own"),
  notify_virus_sender_templ: accepted(
    optional(text),
    null,
    "Template of notices of viruses to senders.",
    "amavisd's own",
  ),
  notify_spam_sender_templ: accepted(optional(text), null, "Template of notices of spam to senders.", "amavisd's own"),
  notify_virus_admin_templ: accepted(
    optional(text),
    null,
    "Template of notices of viruses to administrators.",
    "amavisd's own",
  ),
  notify_spam_admin_templ: accepted(
    optional(text),
    null,
    "Template of notices of spam to administrators.",
    "amavisd's own",
  ),
  notify_virus_recips_templ: accepted(
    optional(text),
    null,
    "Template of notices of viruses to recipients.",
    "amavisd's own",
  ),
  notify_spam_recips_templ: accepted(
    optional(text),
    null,
    "Template of notices of spam to recipients.",
    "amavisd's own",
  ),
  notify_release_templ: accepted(optional(text), null, "Template of released mail.", "amavisd's own"),
  notify_report_templ: accepted(optional(text), null, "Template of reports.", "amavisd's own"),
  notify_autoresp_templ: accepted(optional(text), null, "Template of automatic answers.", "amavisd's own"),
  defang_virus: accepted(toggle, false, "Wraps infected mail that is passed into an attachment."),
  defang_banned: accepted(toggle, false, "Wraps banned mail that is passed into an attachment."),
  defang_spam: accepted(toggle, false, "Wraps spam that is passed into an attachment."),
  defang_bad_header: accepted(toggle, false, "Wraps mail with a bad header section that is passed into an attachment."),
  defang_undecipherable: accepted(
    toggle,
    false,
    "Wraps mail that could not be taken apart that is passed into an attachment.",
  ),
  defang_all: accepted(toggle, false, "Wraps all mail that is passed into an attachment."),
  addr_extension_virus_maps: accepted(
    map(textYield),
    [],
    "Address extension for infected mail that is passed, by recipient.",
  ),
  addr_extension_banned_maps: accepted(
    map(textYield),
    [],
    "Address extension for banned mail that is passed, by recipient.",
  ),
  addr_extension_spam_maps: accepted(map(textYield), [], "Address extension for spam that is passed, by recipient."),
  addr_extension_bad_header_maps: accepted(
    map(textYield),
    [],
    "Address extension for mail with a bad header section that is passed, by recipient.",
  ),
  recipient_delimiter: active(
    optional(text),
    null,
    "What parts user and extension of a local part: look-ups then also try the address without the extension.",
    "none",
  ),
  replace_existing_extension: accepted(toggle, true, "An extension that is added replaces the one that is there."),
  localpart_is_case_sensitive: active(toggle, false, "Local parts are looked up as they are."),
};
