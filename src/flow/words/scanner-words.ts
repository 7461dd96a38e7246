// Why a scanner did not answer (src/scanners/trouble.ts).
import type { ScannerTroubleKind } from "../../scanners/trouble.ts";
import type { Meaning } from "./word.ts";

export const scannerWords: Readonly<Record<ScannerTroubleKind, Meaning>> = {
  connect: [
    "There is no connection to the scanner.",
    "See that it runs, that the address is right, and that daemon_user may open its socket.",
  ],
  timeout: [
    "The scanner was connected and silent for too long, or not done in time.",
    "Look at its load; then at timeout and connections of its entry, and of spam scanners at the body limit.",
  ],
  closed: [
    "The scanner hung up before it had answered.",
    "Its own log says whether it was stopped or died at this mail.",
  ],
  garbage: ["What the scanner said is no answer.", "See whether another service listens at its address."],
  refused: ["The scanner said that it could not look.", "Its words stand behind; its own log has more."],
  "too-large": [
    "The mail is above one of the scanner's limits.",
    "Raise StreamMaxLength, MaxScanSize and MaxFileSize of clamd above smtpd_message_size_limit.",
  ],
  busy: [
    "All connections to the scanner were in use for as long as the mail could wait.",
    "Give it more connections, if it has threads or children for them.",
  ],
  down: ["The scanner was silent a moment ago and was not asked.", "The same as for timeout."],
  unreadable: ["The spooled mail could not be read again.", "Look at the disk of spool.dir."],
  "shutting-down": ["signpost was ending.", "Nothing: the mail got 451 and comes again."],
};
