// What was decided for a mail: categories, rules, destinies, directions, notices and what log lines call them.
import type { UncheckedReason } from "../../mail/content.ts";
import type { Suppression } from "../../notices/may-notify.ts";
import { type Category, categories, type NoDsnReason, type RuleName } from "../../policy/decision.ts";
import type { Direction } from "../../policy/router.ts";
import type { Meaning } from "./word.ts";

/** Nothing is to be done. */
const nothing = "";
const ours = "The client tries again. Correct the cause that the log names at the same time.";

const byCategory: Readonly<Record<Category, Meaning>> = {
  CC_CLEAN: ["Nothing stood in the way of the mail.", nothing],
  CC_MTA: ["The next hop refused the mail or put it off.", "Read its reply: the cause is there, not in this filter."],
  CC_TEMPFAIL: ["There was trouble on our side; the mail was put off, not lost.", ours],
  CC_OVERSIZED: [
    "The mail is larger than message_size_limit_maps allows its recipient.",
    "Raise that limit if the recipient should get such mail.",
  ],
  CC_BADH: [
    "The header section has faults.",
    "The faults are named; final_bad_header_destiny says what becomes of such mail.",
  ],
  CC_SPAMMY: [
    "The spam score is at the tag2 level or above.",
    "The tests that scored are named; change the level or the scanner's rules if they are wrong.",
  ],
  CC_SPAM: [
    "The spam score is at the kill level or above.",
    "The tests that scored are named; put the sender on a white list if the mail was wanted.",
  ],
  CC_POLICY: [
    "A rule of ours that amavisd does not have kept the mail back.",
    "The name of the rule stands behind rule=.",
  ],
  CC_UNCHECKED: [
    "Not all of the mail could be looked at.",
    'Run "signpost check --parts FILE": it names the part and the reason.',
  ],
  CC_BANNED: [
    "The mail holds a file with a banned name or type.",
    "The rule and its line are named; change banned_filename_re if it is too strict.",
  ],
  CC_VIRUS: [
    "A virus scanner found a virus.",
    "The copy, if one is kept, is in the quarantine (signpost quarantine list).",
  ],
};

/** By the word of the log line. */
export const categoryWords: Readonly<Record<string, Meaning>> = Object.fromEntries(
  Object.entries(byCategory).map(([category, meaning]) => [categories[category as Category], meaning]),
);

export const ruleWords: Readonly<Record<RuleName, Meaning>> = {
  virus: [
    "A virus was found, and final_virus_destiny keeps such mail back.",
    "signpost quarantine list shows the copy.",
  ],
  banned: [
    "The mail holds a banned name or type, and final_banned_destiny keeps it back.",
    "The rule is named with its line; change banned_filename_re if it is too strict.",
  ],
  unchecked: [
    "Not all of the mail could be looked at, and final_unchecked_destiny keeps it back.",
    'Run "signpost check --parts FILE" to see which part.',
  ],
  "must-sign": [
    "The author's domain always signs, this mail has no valid signature of it, and final_must_sign_destiny keeps it back.",
    "It is a forgery, or was changed on its way. Take the domain out of the must-sign list if it does not sign all mail.",
  ],
  dmarc: [
    "DMARC failed, the author's domain asks for mail to be refused then, and final_dmarc_destiny follows it.",
    "If the mail was wanted, the sender has to mend SPF or DKIM. final_dmarc_destiny: D_PASS lets such mail in.",
  ],
  loop: [
    "The mail has more Received fields than limits.received_fields.",
    "Look for two hosts that send mail to each other; the Received fields name them.",
  ],
  spam: [
    "The score is at the kill level or above, and final_spam_destiny keeps it back.",
    "The tests are named; put the sender on a white list if the mail was wanted.",
  ],
  spammy: [
    "The score is at the tag2 level or above, and final_destiny_maps_by_ccat has a destiny for that.",
    "The tests are named; change the level if it is too low.",
  ],
  "bad-header": [
    "The header section has faults, and final_bad_header_destiny keeps such mail back.",
    "The faults are named; the program that wrote the mail has to be mended.",
  ],
  oversized: [
    "The mail is larger than message_size_limit_maps allows the recipient.",
    "Raise that limit if the recipient should get such mail.",
  ],
  clean: [
    "final_destiny_maps_by_ccat has a destiny for clean mail.",
    "Take that entry out if clean mail should arrive.",
  ],
  "scanner-failed": [
    "No virus scanner answered, and virus_scanners_failure_is_fatal is set, so the mail is put off.",
    'Start the scanner; "signpost status" names it. The client tries again by itself.',
  ],
  "key-unavailable": [
    "A key that must sign the mail cannot be read, so it is put off; it never leaves unsigned.",
    'Let the daemon\'s user read the file (chgrp signpost FILE; chmod 0640 FILE), then run "signpost reload".',
  ],
  "dsn-put-off": [
    "The next hop refused one recipient of several, and the notification for the sender could not be sent to the next hop.",
    "Look at the next hop of notify_method. The client tries again.",
  ],
  "not-kept": [
    "A copy for the quarantine or the archive could not be kept, so the mail is put off.",
    "Look at QUARANTINEDIR: is there room, and may the daemon's user write there?",
  ],
  error: [
    "Something broke on our side, so the mail is put off.",
    "The log line says what behind error=; report it if it is not your disk or memory.",
  ],
};

export const destinyWords: Readonly<Record<string, Meaning>> = {
  D_PASS: ["The mail is delivered, whatever was found.", nothing],
  D_REJECT: [
    "The mail is refused with 5xx. Behind Postfix's queue Postfix then bounces to the envelope sender, which may be forged.",
    "Use it where the client still waits (smtpd_proxy_filter, milter), else D_BOUNCE or D_DISCARD.",
  ],
  D_BOUNCE: ["The mail is taken and a notification goes to a sender who is vouched for.", nothing],
  D_DISCARD: [
    "The mail is accepted and dropped; nobody is notified.",
    "Keep a copy by a quarantine method if it may be wanted.",
  ],
  D_TEMPFAIL: ["The mail is put off with 451.", nothing],
};

export const directionWords: Readonly<Record<Direction, Meaning>> = {
  Inbound: ["From outside to a recipient of local_domains_maps.", nothing],
  Outbound: ["Mail of ours to a recipient elsewhere.", nothing],
  Internal: ["Mail of ours to a recipient of local_domains_maps.", nothing],
  OpenRelay: [
    "The mail is not ours (not originating), and the recipient is not in local_domains_maps: such recipients get no Authentication-Results.",
    "If the recipient is yours, add its domain to local_domains_maps. If the sender is, see not-originating.",
  ],
};

/** What log lines say that was done. */
export const actionWords: Readonly<Record<string, Meaning>> = {
  Passed: ["The next hop took the mail.", nothing],
  Blocked: ["The mail did not go on to these recipients.", 'The line says why; "signpost why ID" says it at length.'],
  Relayed: ["The next hop took the mail for the recipient.", nothing],
  RelayedTagged: ["The next hop took the mail, with a tag or alert for the recipient.", nothing],
  Rejected: [
    "The mail was refused for the recipient, by the next hop or a rule of ours.",
    "reply: says by whom and why.",
  ],
  TempFailed: ["The mail was put off for now; the client tries again.", "reply: says by whom and why."],
  Discarded: ["The mail was taken and dropped.", "rule= names the rule."],
  Bounced: ["A notification went to the sender.", nothing],
  NoBounce: ["No notification went to the sender.", "dsn_skip= says why."],
  Quarantined: ["A copy was kept.", "signpost quarantine list shows it."],
  dkim_sd: ["Signatures that hold, as selector:domain.", nothing],
  dkim_fail: [
    "Signatures that do not hold, as selector:domain:reason.",
    'Look the reason up: "signpost explain REASON".',
  ],
  dkim_new: ["Signatures that were made, as selector:domain.", nothing],
  dkim_skip: ["Why no signature was made.", 'Look the reason up: "signpost explain REASON".'],
  arc_new: ["The ARC set that was put on, as selector:domain.", nothing],
  arc_skip: ["Why no ARC set was put on.", 'Look the reason up: "signpost explain REASON".'],
  dsn_skip: ["Why the sender was not told.", 'Look the reason up: "signpost explain REASON".'],
  queued_as: ["The queue id that the next hop gave the mail.", nothing],
  Hits: ["The spam score; - where nobody was asked.", nothing],
  scan_fail: ["Scanners that did not answer.", '"signpost why" says what was wrong with each.'],
  cached: ["The verdict on an equal mail was remembered; no scanner was asked.", nothing],
};

/** Why a notice is not sent: to the sender (docs/notices.md#suppressed), or to others. */
export const noticeWords: Readonly<Record<Suppression | NoDsnReason | OtherNoticeReason, Meaning>> = {
  "null-sender": ["The mail has no sender: it is a notification itself.", nothing],
  "notify-never": ["The sender asked for no notification (NOTIFY=NEVER).", nothing],
  "no-failure": ["The sender asked for none of failures (NOTIFY without FAILURE).", nothing],
  bulk: ["A list or a robot wrote the mail.", nothing],
  robot: ["The sender's address is that of a list or a robot.", nothing],
  "unverified-sender": [
    "Nobody vouches for the sender: not ours, no SPF pass, no valid signature of its domain. A bounce could go to somebody whose address was forged.",
    "Switch enable_spf_verification on if bounces to real senders are missing.",
  ],
  "virus-fakes-sender": ["viruses_that_fake_sender_maps says that this virus forges its sender.", nothing],
  "banned-discard": ["The value of the banned rule starts with DISCARD.", nothing],
  cutoff: ["The score is at or above spam_dsn_cutoff_level.", nothing],
  blacklisted: ["The sender is on a black list, and spam_dsn_cutoff_level is set.", nothing],
  "put-off": ["The next hop refused the notification for now, and it speaks of successes only.", nothing],
  refused: [
    "The next hop refused the notification, or notify_method is null.",
    "Check notify_method and its next hop.",
  ],
  "own-notice": ["The mail is a notice from signpost itself: no notice is sent about it.", nothing],
  "too-many": ["The mail had us write 50 notices already.", nothing],
  rate: ["The address had 60 notices and notifications within an hour.", nothing],
  busy: ["50 notices are under way already.", "Look at the next hop of notify_method: it is slow."],
  "bad-address": ["What the map yields is no address.", "why names the map and its line: correct the entry."],
};

type OtherNoticeReason = "put-off" | "refused" | "own-notice" | "too-many" | "rate" | "busy" | "bad-address";

export const uncheckedWords: Readonly<Record<UncheckedReason, Meaning>> = {
  encrypted: [
    "A part is encrypted or has a password: what it holds cannot be read.",
    "Let final_unchecked_destiny decide, or ask for it without a password.",
  ],
  "over-limits": [
    "The mail has more parts, levels or octets than are looked at, or took too long.",
    "MAXLEVELS, MAXFILES and MAX_EXPANSION_QUOTA are the limits.",
  ],
  failed: ["A part is damaged, cut off or of a format that is not opened.", "Ask the sender to send it again."],
  ambiguous: [
    "Mail programs differ over what this mail holds, so no single reading of it can be called clean.",
    "Do not trust it unless you know the program that made it.",
  ],
};
