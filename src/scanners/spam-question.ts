// What a spam scanner is asked with: a mail, and what is known of it already.
import type { Finding } from "../authres/finding.ts";
import type { SpamTest } from "../mail/content.ts";
import type { MessageOctets } from "../mail/message.ts";
import type { ClientFacts, Envelope } from "../mail/transaction.ts";
import type { ClientCounts } from "./scanner-client.ts";
import type { ScannerTrouble } from "./trouble.ts";

export interface SpamQuestion {
  readonly message: MessageOctets;
  readonly envelope: Envelope;
  readonly client: ClientFacts;
  /** log_id, by which the scanner's log can be held against ours. */
  readonly mailId: string;
  /** The mail's policy bank: "ORIGINATING/MYNETS". */
  readonly bankPath: string;
  /** Whose rules hold (sa_username_maps); absent: the scanner's own. */
  readonly user?: string;
  /** What DKIM, SPF and DMARC gave, so that the scanner need not ask again; undefined where nothing was verified. */
  readonly verified?: VerifiedResults;
  /** What p0f says of the client's system; absent where nobody was asked. */
  readonly fingerprint?: string;
  /** "AV:Phish.A=4": names of viruses that count as points (virus_name_to_spam_score_maps); absent where there are none. */
  readonly virusTests?: readonly string[];
  /** Octets of the body that are given to the scanner (sa_mail_body_size_limit); null: all. */
  readonly bodyLimit: number | null;
}

export interface VerifiedResults {
  readonly findings: readonly Finding[];
  /** The same as a whole Authentication-Results field with its CRLF; made where a scanner is asked. */
  field(): string;
}

/** What a scanner says of a mail when it says something. */
export interface SpamScan {
  readonly score: number;
  /** From this score on the scanner itself takes a mail for spam; infinite: it takes none. */
  readonly required: number;
  readonly tests: readonly SpamTest[];
  readonly autolearn?: string;
  /** What rspamd would do: "no action", "add header", "reject". */
  readonly action?: string;
}

export interface SpamClient {
  /** `deadlineMs`: on the clock of `now`. Never rejects. */
  score(question: SpamQuestion, deadlineMs: number): Promise<SpamScan | ScannerTrouble>;
  counts(): ClientCounts;
  /** Closes connections that carry nothing, and keeps none from now on. */
  retire(): void;
  /** Mails under way go on without the scanner. */
  close(): void;
}

/** More tests than any mail meets; what is beyond is left out. */
export const maxTests = 500;

/** As a scanner's test may be called in our log and header fields; undefined for what is no name. */
export function testName(text: string): string | undefined {
  return /^[A-Za-z0-9_.:-]{1,80}$/.test(text) ? text : undefined;
}

/** Nobody gives more points to a mail or a test, and sums of such scores stay what they are. */
const mostPoints = 1_000_000;

/** Whether a scanner's number can be points: JSON and long rows of digits have infinite ones. */
export function isPoints(value: number): boolean {
  return Math.abs(value) <= mostPoints;
}
