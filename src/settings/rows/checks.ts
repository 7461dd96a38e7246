import {
  banksYield,
  bannedRulesYield,
  map,
  numberYield,
  senderScoresYield,
  senderTruthsYield,
  signingDomainsYield,
  table,
  textYield,
  truthYield,
} from "../map-shape.ts";
import { spamScanners, virusScanners } from "../scanner-shape.ts";
import { active, type SettingRows } from "../setting.ts";
import { mapping, optional, size, text, toggle } from "../shape.ts";

const switches = mapping(toggle, "a mapping of names to true or false");

export const checkSettings = {
  bypass_decode_parts: active(toggle, false, "Mail is not taken apart: no MIME parts, no archives."),
  bypass_virus_checks_maps: active(map(truthYield), [], "Recipients without a virus check."),
  bypass_spam_checks_maps: active(map(truthYield), [], "Recipients without a spam check."),
  bypass_banned_checks_maps: active(map(truthYield), [], "Recipients without a check of names and types."),
  bypass_header_checks_maps: active(map(truthYield), [], "Recipients without a check of the header section."),
  virus_lovers_maps: active(map(truthYield), [], "Recipients who get infected mail."),
  spam_lovers_maps: active(map(truthYield), [], "Recipients who get spam."),
  unchecked_lovers_maps: active(map(truthYield), [], "Recipients who get mail that could not be checked."),
  banned_files_lovers_maps: active(map(truthYield), [], "Recipients who get banned names and types."),
  bad_header_lovers_maps: active(map(truthYield), [], "Recipients who get mail with a bad header section."),
  av_scanners: active(virusScanners, [], "Virus scanners that are all asked."),
  av_scanners_backup: active(virusScanners, [], "Virus scanners that are asked when all others fail."),
  spam_scanners: active(spamScanners, [], "Spam scanners that are all asked; their scores are added."),
  first_infected_stops_scan: active(toggle, false, "The first scanner that finds a virus is the last one asked."),
  virus_scanners_failure_is_fatal: active(toggle, false, "When all virus scanners fail, mail gets 451."),
  viruses_that_fake_sender_maps: active(
    map(truthYield, "virus name"),
    [true],
    "Viruses whose sender is forged: no DSN.",
  ),
  virus_name_to_spam_score_maps: active(map(numberYield, "virus name"), [], "Viruses that add to the score instead."),
  virus_name_to_policy_bank_maps: active(map(banksYield, "virus name"), [], "Banks by virus name; 1 stands for VIRUS."),
  banned_filename_maps: active(
    map(bannedRulesYield),
    ["DEFAULT"],
    "Which banning rules hold for a recipient: names of banned_rules, or tables.",
  ),
  banned_namepath_re: active(table, null, "Patterns over the whole path of a part."),
  allowed_header_tests: active(
    switches,
    {
      other: true,
      mime: true,
      syntax: true,
      empty: true,
      long: true,
      control: true,
      "8bit": true,
      utf8: false,
      missing: true,
      multiple: true,
    },
    "Which tests of the header section are made. Laid over the defaults name by name.",
  ),
  message_size_limit_maps: active(
    map(numberYield),
    [],
    "Octets of a mail, by recipient; final_oversized_destiny holds for larger mail.",
  ),
  author_must_sign_maps: active(
    map(signingDomainsYield, "author"),
    [],
    "Authors whose mail is always signed: true (by the author's own domain), or the domains one of which has signed. Else final_must_sign_destiny holds.",
  ),
  undecipherable_subject_tag: active(
    optional(text),
    "***UNCHECKED*** ",
    "Put before the subject of mail that could not be checked.",
  ),
  sa_spam_level_char: active(text, "*", "One per point in X-Spam-Level."),
  sa_mail_body_size_limit: active(
    optional(size),
    null,
    "Of larger mail only this much is given to the spam scanner.",
    "no limit",
  ),
} satisfies SettingRows;

const level = map(numberYield);

export const scoreSettings = {
  spam_tag_level_maps: active(
    level,
    [],
    "From this score up mail gets X-Spam fields; none means always.",
    "sa_tag_level_deflt",
  ),
  spam_tag2_level_maps: active(
    level,
    [],
    "From this score up mail is marked as spam; none means never.",
    "sa_tag2_level_deflt",
  ),
  spam_tag3_level_maps: active(
    level,
    [],
    "From this score up mail is marked as blatant spam; none means never.",
    "sa_tag3_level_deflt",
  ),
  spam_kill_level_maps: active(
    level,
    [],
    "From this score up final_spam_destiny holds; none means never.",
    "sa_kill_level_deflt",
  ),
  spam_dsn_cutoff_level_maps: active(
    level,
    [],
    "From this score up no DSN is sent; none means no limit.",
    "sa_dsn_cutoff_level",
  ),
  spam_dsn_cutoff_level_bysender_maps: active(
    map(numberYield, "sender"),
    [],
    "From this score up no DSN is sent to this sender; asked before the map by recipient.",
    "sa_dsn_cutoff_level",
  ),
  spam_crediblefrom_dsn_cutoff_level_maps: active(
    level,
    [],
    "As spam_dsn_cutoff_level_maps, for senders that are authenticated.",
    "sa_crediblefrom_dsn_cutoff_level",
  ),
  spam_crediblefrom_dsn_cutoff_level_bysender_maps: active(
    map(numberYield, "sender"),
    [],
    "As spam_dsn_cutoff_level_bysender_maps, for senders that are authenticated.",
    "sa_crediblefrom_dsn_cutoff_level",
  ),
  spam_quarantine_cutoff_level_maps: active(
    level,
    [],
    "From this score up spam is not kept; none means all is.",
    "sa_quarantine_cutoff_level",
  ),
  spam_notifyadmin_cutoff_level_maps: active(level, [], "From this score up administrators are not told."),
  spam_subject_tag_maps: active(map(textYield), [], "Put before the subject from the tag level up."),
  spam_subject_tag2_maps: active(
    map(textYield),
    [],
    "Put before the subject from the tag2 level up.",
    "sa_spam_subject_tag",
  ),
  spam_subject_tag3_maps: active(map(textYield), [], "Put before the subject from the tag3 level up."),
  spam_modifies_subj_maps: active(map(truthYield), [true], "Recipients whose subjects are tagged."),
  whitelist_sender_maps: active(map(truthYield, "sender"), [], "Senders whose mail is never spam."),
  blacklist_sender_maps: active(map(truthYield, "sender"), [], "Senders whose mail is always spam."),
  score_sender_maps: active(
    map(senderScoresYield),
    [],
    "Score points by recipient, then by sender: the recipient gives a list of tables, the first match of each adds up.",
  ),
  per_recip_whitelist_sender_lookup_tables: active(
    map(senderTruthsYield),
    [],
    "Per recipient, senders whose mail is never spam.",
  ),
  per_recip_blacklist_sender_lookup_tables: active(
    map(senderTruthsYield),
    [],
    "Per recipient, senders whose mail is always spam.",
  ),
  sa_username_maps: active(map(textYield), [], "The spam scanner's user, by recipient."),
} satisfies SettingRows;

export const storageSettings = {
  partition_tag: active(
    {
      words: "text or a number, or null",
      nullable: true,
      read: (value, report) =>
        typeof value === "string" || typeof value === "number" || value === null
          ? value
          : report("text or a number", value),
    },
    null,
    "Tag of rows in SQL tables.",
  ),
} satisfies SettingRows;
