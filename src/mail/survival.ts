// What an MTA behind us would change in a mail, and break its signatures by: found, mended or left. Data only.

/**
 * Why it is left as it is:
 * - "signed", "encrypted", "pgp": the sender's own seal is on it (multipart/signed, S/MIME, OpenPGP);
 * - "ambiguous": readers differ over what is in it;
 * - "no-fold": a header line without a blank to fold at;
 * - "between-parts": it stands before, between or behind the parts of a multipart;
 * - "message": a type that must not be encoded (message/partial, message/delivery-status ...);
 * - "damaged": its encoding is none;
 * - "too-large": it is not held in memory (spool.message_memory), or has too many parts within each other;
 * - "wrapped": the mail leaves as an attachment;
 * - "failed": a thread of ours died over it.
 */
export type LeftReason =
  | "signed"
  | "encrypted"
  | "pgp"
  | "ambiguous"
  | "no-fold"
  | "between-parts"
  | "message"
  | "damaged"
  | "too-large"
  | "wrapped"
  | "failed";

export interface BreakingPlace {
  /** The name of a header field ("references"; of a part's header "1.2:content-type"), or the path of a part: "1", "1.2". */
  readonly at: string;
  /** A line of more than 998 octets, octets above 127 in the body, or a line that an MTA has broken within a word. */
  readonly what: "long-line" | "8-bit" | "broken-line";
  readonly left?: LeftReason;
}

export interface SurvivalRecord {
  /** "checked": nothing was changed. */
  readonly result: "checked" | "fixed";
  readonly places: readonly BreakingPlace[];
}
