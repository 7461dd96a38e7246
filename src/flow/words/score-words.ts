// Tests of the score that are ours and not a scanner's, and what becomes of copies.
import type { ScoreStep } from "../../policy/scores.ts";
import type { Meaning } from "./word.ts";

const lookUp = "why names the entry, with its line.";

export const scoreWords: Readonly<Record<ScoreStep["test"], Meaning>> = {
  "AM.BOUNCE": [
    "The mail is a bounce of a mail that none of our users sent: bounce_killer_score is added.",
    "If the mail that came back was ours, look whether it went out through this filter within sent_mail.keep.",
  ],
  "AM.PENPAL": ["The recipient wrote to the sender before: penpals_bonus_score is taken off, less the longer ago.", ""],
  "AM.DKIM_REPUT": [
    "A signing domain has a reputation in signer_reputation_maps, towards which the score is pulled.",
    lookUp,
  ],
  "AM.WBL": ["The sender has points in score_sender_maps.", lookUp],
  "AM.WHITELISTED": ["The sender is on a white list: the levels tag2 and kill do not hold.", lookUp],
  "AM.BLACKLISTED": ["The sender is on a black list: the score is at least 64.", lookUp],
};

/** Of signpost_quarantine_total. */
export const keptWords: Readonly<Record<"kept" | "repeated" | "disk-full" | "failed", Meaning>> = {
  kept: ["Copies of the mail are kept.", ""],
  repeated: ["The mail came before, and its copies are there already: no second ones are written.", ""],
  "disk-full": [
    "The disk of the quarantine is full: mail that owes a copy is put off.",
    "Make room on the file system of QUARANTINEDIR. The client tries again.",
  ],
  failed: [
    "A copy cannot be kept: mail that owes one is put off.",
    'The log says why behind "a copy cannot be kept". The client tries again.',
  ],
};
