// Replies of ours by code and enhanced code: what they mean to the administrator. Next hops have words of their own.
import type { Meaning } from "./word.ts";

/** Nothing is to be done. */
const nothing = "";
const mta = "An MTA does not do this: look at the program behind the client address.";

/** Keys are "451 4.3.2". */
export const replyWords: Readonly<Record<string, Meaning>> = {
  "250 2.0.0": ["The mail was taken, after the next hop took it.", nothing],
  "250 2.5.0": [
    "The mail was taken and dropped; the notification of its sender is suppressed.",
    'dsn_skip in the log says why; "signpost explain" knows the word.',
  ],
  "250 2.7.0": ["The mail was taken and dropped by a rule.", "rule= in the log names the rule."],
  "421 4.3.0": [
    "Something broke on our side within the session.",
    "The log has an error line with the same id: report it.",
  ],
  "421 4.3.2": [
    "The daemon is stopping, or it has as many connections as limits.connections allows.",
    "If it is not stopping, raise limits.connections or lower maxproc of the Postfix service that feeds it.",
  ],
  "421 4.4.2": [
    "The client said nothing for smtpd_timeout.",
    "Look at the client: its connection or the program hangs.",
  ],
  "421 4.7.0": ["The client broke the protocol too often, or spoke something else than SMTP.", mta],
  "450 4.4.1": [
    "The next hop cannot be connected to.",
    'Start it, or correct forward_method: "signpost status" shows the next hops. Postfix tries again by itself.',
  ],
  "450 4.4.2": ["The next hop did not answer in time.", "Look at that MTA's log and load. Postfix tries again."],
  "451 4.3.0": ["Something broke on our side; the client tries again.", "The log has the cause under the same id."],
  "451 4.3.2": [
    "There is more mail at once than the workers or the connections to the next hop can take, or the daemon is stopping.",
    'Look at "signpost status": a slow next hop shows connections in use, a lack of CPU shows jobs waiting. The client tries again.',
  ],
  "451 4.3.5": [
    "The MTA does not let its milter change what has to be changed.",
    "Look at the milter settings of the MTA (docs/milter.md).",
  ],
  "451 4.5.0": [
    "The next hop hung up or talked nonsense, or another recipient of the same mail was put off.",
    "Look at that MTA's log. The client tries again.",
  ],
  "451 4.7.5": [
    "A private key that must sign the mail cannot be read.",
    'Let the daemon\'s user read the file (chgrp signpost FILE; chmod 0640 FILE), then run "signpost reload".',
  ],
  "452 4.3.1": [
    "There is no room: the disk of spool.dir has less than spool.free_space left, or spool.memory is in use.",
    'Make room on that disk; "signpost status" shows both. The client tries again.',
  ],
  "452 4.5.3": [
    "The mail has more recipients than smtpd_recipient_limit.",
    "The client sends the rest in another transaction. Raise the limit if it does not.",
  ],
  "500 5.5.2": ["The client sent a line that is no SMTP command, or one that is too long.", mta],
  "501 5.5.2": ["The address in MAIL or RCPT is not in angle brackets or not complete.", mta],
  "501 5.5.4": ["A parameter of a command is wrong.", mta],
  "502 5.5.1": ["The client sent a command that is not offered.", mta],
  "503 5.5.1": ["The client sent a command out of order.", mta],
  "504 5.5.4": ["MAIL has a parameter that is not known.", mta],
  "555 5.5.4": ["RCPT has a parameter that is not known.", mta],
  "550 5.6.7": [
    "The mail needs SMTPUTF8, which this port does not offer.",
    "Take SMTPUTF8 out of smtpd_discard_ehlo_keywords if the next hop can do it.",
  ],
  "550 5.7.0": [
    "The client may not use XFORWARD.",
    "Only clients in inet_acl and on this host may: add the MTA there.",
  ],
  "550 5.7.26": [
    "DMARC failed and the author's domain asks for such mail to be refused.",
    "The sender has to mend SPF or DKIM. final_dmarc_destiny: D_PASS lets such mail in.",
  ],
  "552 5.3.4": [
    "The message is larger than smtpd_message_size_limit, or its header is too large.",
    "Set the limit as high as message_size_limit of Postfix.",
  ],
  "553 5.1.3": ["The address has a syntax that no next hop could take.", "Look at the program that made the address."],
  "554 5.1.1": ["DATA came without a recipient that was taken.", "See why its recipients were refused."],
  "554 5.4.6": [
    "The mail has more Received fields than limits.received_fields: it runs in a circle.",
    "Look for two hosts that send mail to each other.",
  ],
  "554 5.6.0": [
    "The mail has a bare CR or LF, and bare_newline is reject; or its header section has faults.",
    "bare_newline: replace makes blanks of them.",
  ],
  "554 5.7.0": ["A rule of ours refused the mail.", "rule= in the log names it."],
  "554 5.7.1": ["inet_acl does not let this client connect.", "Add its address to inet_acl if it is an MTA of yours."],
};
