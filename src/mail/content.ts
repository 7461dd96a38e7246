// What the checks of content find out about a mail. Data only: worker threads, caches and JSON carry it as it is.

/** A MIME entity, a member of an archive, or what an encoding (uuencode, TNEF) held. */
export interface MailPart {
  /** "1" is the whole mail, "1.2" its second part, "1.2.3" the third member of the archive that this part is. */
  readonly path: string;
  /** Index of the part that holds this one, in the list they are in; -1 for the whole mail. */
  readonly parent: number;
  /** The MIME type as declared, in lower case; absent where nothing declares one (members of archives). */
  readonly declaredType?: string;
  /** Every name that a common reader could show or save the part under, each once: raw, RFC 2047, RFC 2231, of both fields. */
  readonly names: readonly string[];
  /** What its octets are, by the short types of amavisd's rules, without the dot: "exe", "exe-ms", "zip", "asc". */
  readonly types: readonly string[];
  /** Octets after decoding, as far as they were decoded. */
  readonly sizeBytes: number;
  /** Its content, or that of a member, cannot be read without a password. */
  readonly encrypted: boolean;
}

/** Why a mail cannot be said to be looked through; each is a minor category of CC_UNCHECKED. */
export type UncheckedReason = "failed" | "encrypted" | "over-limits" | "ambiguous";

export interface Unchecked {
  readonly reason: UncheckedReason;
  /** The path of the part, where one is to blame. */
  readonly path?: string;
  /** For log and explanations: "1,200 members, 1,000 are allowed". */
  readonly detail: string;
  /** The MIME structure itself is at fault, as the header test `mime` has it; archives have doubts of their own. */
  readonly isMimeFault?: true;
}

/** Decoded content that virus scanners, who are given the whole mail, do not get at by themselves. */
export interface ForScanners {
  readonly pieces: readonly Uint8Array[];
  /** False: there is more than may be kept of one mail. */
  readonly isWhole: boolean;
}

export interface PartsFound {
  /** Depth first; the whole mail stands first. Containers stand before what they hold. */
  readonly parts: readonly MailPart[];
  /** Empty: every reading agrees and everything was looked at. */
  readonly unchecked: readonly Unchecked[];
  /** To be shown to virus scanners; gone once that is done. */
  readonly forScanners?: ForScanners;
  /** Kept for equal mails, which get this same object: what is worked out of it is worth keeping, too. */
  readonly isKept?: true;
}

export interface ScannerAnswer {
  /** The scanner's name in av_scanners or spam_scanners. */
  readonly scanner: string;
  readonly result: "clean" | "infected" | "failed";
  /** Names of what was found, or what went wrong. */
  readonly detail: readonly string[];
}

export interface VirusFound {
  /** Names by which scanners call what they found, each once. Empty: not infected. */
  readonly names: readonly string[];
  readonly answers: readonly ScannerAnswer[];
  /** No scanner answered: the mail is not clean, it is unchecked. */
  readonly failed: boolean;
  readonly cached: boolean;
}

export interface SpamTest {
  readonly name: string;
  /** Absent where the scanner gives names alone. */
  readonly score?: number;
}

export interface SpamFound {
  /** Points; absent when no scanner answered: the mail goes on unscored. */
  readonly score?: number;
  readonly tests: readonly SpamTest[];
  /** The scanners that answered, or that failed, with ", " between several. */
  readonly scanner: string;
  /** "no", "spam", "ham", "unavailable", where the scanner says so. */
  readonly autolearn?: string;
  /** What the scanner itself would do, where it says so (rspamd): "no action", "add header", "reject". */
  readonly action?: string;
  /** Why there is no score. */
  readonly failure?: string;
  /** Where there is one: the scanners that are missing in it, and why. */
  readonly unanswered?: readonly ScannerAnswer[];
  readonly cached: boolean;
}

export interface SpamForUser {
  readonly recipients: readonly string[];
  readonly spam: SpamFound;
}

/** The tests of allowed_header_tests. */
export type HeaderTest =
  | "other"
  | "mime"
  | "8bit"
  | "control"
  | "empty"
  | "long"
  | "syntax"
  | "missing"
  | "multiple"
  | "utf8";

export interface HeaderFault {
  readonly test: HeaderTest;
  /** amavisd's words: `Missing required header field: "Date"`. */
  readonly text: string;
  /** The place of the field in the header, where one has the fault: of one field only the first fault counts. */
  readonly field?: number;
}

/** A recipient of ours who wrote to the sender of a mail, and when last: epoch, milliseconds. */
export interface PenPal {
  readonly recipient: string;
  readonly at: number;
}

/** A bounce, by the mail that it brings back. */
export interface BounceFound {
  readonly messageId: string;
  /** One of our users sent it, or its Message-ID is of a host of ours. */
  readonly isOurs: boolean;
}

/** Each member is absent when nobody asked for it: no such check is configured, or every recipient bypasses it. */
export interface ContentFacts {
  readonly parts?: PartsFound;
  readonly virus?: VirusFound;
  readonly spam?: SpamFound;
  /** The same by the rules of other users than that of `spam` (sa_username_maps), each for its recipients. */
  readonly spamByUser?: readonly SpamForUser[];
  /** Of all tests; which of them count for a recipient is decided later. */
  readonly headerFaults?: readonly HeaderFault[];
  /** The mail_id of a mail that was released from quarantine and comes past us again: nothing else is looked for. */
  readonly released?: string;
  readonly penPals?: readonly PenPal[];
  /** Absent, too, for a bounce that does not say what it brings back. */
  readonly bounce?: BounceFound;
  /** What p0f says of the client: "Windows XP, (distance 12, link: ethernet/modem)". */
  readonly fingerprint?: string;
}
