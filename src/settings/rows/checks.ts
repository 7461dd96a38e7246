// Bank settings of the content checks: who bypasses or loves what, scanners, banned names, spam levels and lists.
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
import { fingerprintMethod } from "../network-shape.ts";
import { duration, number, size } from "../number-shape.ts";
import { spamScanners, virusScanners } from "../scanner-shape.ts";
import { type SettingRows, setting } from "../setting.ts";
import { mapping, optional, text, toggle } from "../shape.ts";

const switches = mapping(toggle, "a mapping of names to true or false");

export const checkSettings = {
  bypass_decode_parts: setting(toggle, false, "Mail is not taken apart: no MIME parts, no archives.", "flow"),
  bypass_virus_checks_maps: setting(map(truthYield), [], "Recipients without a virus check.", "policy"),
  bypass_spam_checks_maps: setting(map(truthYield), [], "Recipients without a spam check.", "policy"),
  bypass_banned_checks_maps: setting(map(truthYield), [], "Recipients without a check of names and types.", "policy"),
  bypass_header_checks_maps: setting(
    map(truthYield),
    [],
    "Recipients without a check of the header section.",
    "policy",
  ),
  virus_lovers_maps: setting(map(truthYield), [], "Recipients who get infected mail.", "policy"),
  spam_lovers_maps: setting(map(truthYield), [], "Recipients who get spam.", "policy"),
  unchecked_lovers_maps: setting(map(truthYield), [], "Recipients who get mail that could not be checked.", "policy"),
  banned_files_lovers_maps: setting(map(truthYield), [], "Recipients who get banned names and types.", "policy"),
  bad_header_lovers_maps: setting(map(truthYield), [], "Recipients who get mail with a bad header section.", "policy"),
  av_scanners: setting(virusScanners, [], "Virus scanners that are all asked.", "scanners", { sigil: "@" }),
  av_scanners_backup: setting(virusScanners, [], "Virus scanners that are asked when all others fail.", "scanners", {
    sigil: "@",
  }),
  spam_scanners: setting(spamScanners, [], "Spam scanners that are all asked; their scores are added.", "scanners", {
    sigil: "@",
  }),
  first_infected_stops_scan: setting(
    toggle,
    false,
    "The first scanner that finds a virus is the last one asked.",
    "scanners",
  ),
  virus_scanners_failure_is_fatal: setting(toggle, false, "When all virus scanners fail, mail gets 451.", "flow"),
  viruses_that_fake_sender_maps: setting(
    map(truthYield, "virus name"),
    [true],
    "Viruses whose sender is forged: no DSN.",
    "policy",
  ),
  virus_name_to_spam_score_maps: setting(
    map(numberYield, "virus name"),
    [],
    "Viruses that add to the score instead.",
    "flow",
  ),
  virus_name_to_policy_bank_maps: setting(
    map(banksYield, "virus name"),
    [],
    "Banks by virus name; 1 stands for VIRUS.",
    "policy",
  ),
  banned_filename_maps: setting(
    map(bannedRulesYield),
    ["DEFAULT"],
    "Which banning rules hold for a recipient: names of banned_rules, or tables.",
    "policy",
  ),
  banned_namepath_re: setting(table, null, "Patterns over the whole path of a part.", "policy"),
  allowed_header_tests: setting(
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
    "policy",
    { sigil: "%" },
  ),
  message_size_limit_maps: setting(
    map(numberYield),
    [],
    "Octets of a mail, by recipient; final_oversized_destiny holds for larger mail.",
    "policy",
  ),
  author_must_sign_maps: setting(
    map(signingDomainsYield, "author"),
    [],
    "Authors whose mail is always signed: true (by the author's own domain), or the domains one of which has signed. Else final_must_sign_destiny holds.",
    "policy",
    { sigil: "any" },
  ),
  undecipherable_subject_tag: setting(
    optional(text),
    "***UNCHECKED*** ",
    "Put before the subject of mail that could not be checked.",
    "flow",
  ),
  os_fingerprint_method: setting(
    optional(fingerprintMethod),
    null,
    "Where p0f-analyzer is asked what system the client runs: p0f:127.0.0.1:2345.",
    "flow",
    { otherwise: "off" },
  ),
  penpals_bonus_score: setting(
    optional(number(0)),
    null,
    "What is taken off the score of mail from somebody to whom the recipient wrote; less the longer ago it was.",
    "policy",
    { otherwise: "off" },
  ),
  penpals_halflife: setting(duration, 7 * 86_400, "Half of penpals_bonus_score is left after this time.", "policy"),
  bounce_killer_score: setting(
    number(),
    0,
    "Added to the score of bounces of mail that is not ours; 0 is off.",
    "policy",
  ),
  sa_spam_level_char: setting(text, "*", "One per point in X-Spam-Level.", "flow"),
  sa_mail_body_size_limit: setting(
    optional(size),
    null,
    "Of larger mail only this much is given to the spam scanner.",
    "scanners",
    { otherwise: "no limit" },
  ),
} satisfies SettingRows;

const level = map(numberYield);

export const scoreSettings = {
  spam_tag_level_maps: setting(level, [], "From this score up mail gets X-Spam fields; none means always.", "policy", {
    otherwise: "sa_tag_level_deflt",
  }),
  spam_tag2_level_maps: setting(level, [], "From this score up mail is marked as spam; none means never.", "policy", {
    otherwise: "sa_tag2_level_deflt",
  }),
  spam_tag3_level_maps: setting(
    level,
    [],
    "From this score up mail is marked as blatant spam; none means never.",
    "policy",
    { otherwise: "sa_tag3_level_deflt" },
  ),
  spam_kill_level_maps: setting(level, [], "From this score up final_spam_destiny holds; none means never.", "policy", {
    otherwise: "sa_kill_level_deflt",
  }),
  spam_dsn_cutoff_level_maps: setting(level, [], "From this score up no DSN is sent; none means no limit.", "policy", {
    otherwise: "sa_dsn_cutoff_level",
  }),
  spam_dsn_cutoff_level_bysender_maps: setting(
    map(numberYield, "sender"),
    [],
    "From this score up no DSN is sent to this sender; asked before the map by recipient.",
    "policy",
    { otherwise: "sa_dsn_cutoff_level" },
  ),
  spam_crediblefrom_dsn_cutoff_level_maps: setting(
    level,
    [],
    "As spam_dsn_cutoff_level_maps, for senders that are authenticated.",
    "policy",
    { otherwise: "sa_crediblefrom_dsn_cutoff_level" },
  ),
  spam_crediblefrom_dsn_cutoff_level_bysender_maps: setting(
    map(numberYield, "sender"),
    [],
    "As spam_dsn_cutoff_level_bysender_maps, for senders that are authenticated.",
    "policy",
    { otherwise: "sa_crediblefrom_dsn_cutoff_level" },
  ),
  spam_quarantine_cutoff_level_maps: setting(
    level,
    [],
    "From this score up spam is not kept; none means all is.",
    "policy",
    { otherwise: "sa_quarantine_cutoff_level" },
  ),
  spam_notifyadmin_cutoff_level_maps: setting(level, [], "From this score up administrators get no notice.", "policy"),
  spam_subject_tag_maps: setting(map(textYield), [], "Put before the subject from the tag level up.", "flow"),
  spam_subject_tag2_maps: setting(map(textYield), [], "Put before the subject from the tag2 level up.", "flow", {
    otherwise: "sa_spam_subject_tag",
  }),
  spam_subject_tag3_maps: setting(map(textYield), [], "Put before the subject from the tag3 level up.", "flow"),
  spam_modifies_subj_maps: setting(map(truthYield), [true], "Recipients whose subjects are tagged.", "flow"),
  whitelist_sender_maps: setting(map(truthYield, "sender"), [], "Senders whose mail is never spam.", "policy"),
  blacklist_sender_maps: setting(map(truthYield, "sender"), [], "Senders whose mail is always spam.", "policy"),
  score_sender_maps: setting(
    map(senderScoresYield),
    [],
    "Score points by recipient, then by sender: the recipient gives a list of tables, the first match of each adds up.",
    "policy",
  ),
  per_recip_whitelist_sender_lookup_tables: setting(
    map(senderTruthsYield),
    [],
    "Per recipient, senders whose mail is never spam.",
    "policy",
  ),
  per_recip_blacklist_sender_lookup_tables: setting(
    map(senderTruthsYield),
    [],
    "Per recipient, senders whose mail is always spam.",
    "policy",
  ),
  sa_username_maps: setting(map(textYield), [], "The spam scanner's user, by recipient.", "flow"),
} satisfies SettingRows;

export const storageSettings = {
  partition_tag: setting(
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
    "flow",
  ),
} satisfies SettingRows;
