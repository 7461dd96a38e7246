// What a scanner's word on a mail depends on: mails that are equal in it get the same word.
import type { MessageHead } from "./message.ts";

export interface VerdictSubject {
  /** SHA-256 of the body as it came. */
  readonly bodyDigest: Uint8Array;
  readonly head: MessageHead;
  /** The mail's policy bank: "ORIGINATING/MYNETS". */
  readonly bankPath: string;
  /** The scanners that are asked, and how: with which limit, by whose rules. */
  readonly scanners: string;
  /** What else counts: sender, client, verification results; in a fixed order. */
  readonly further: readonly string[];
}
