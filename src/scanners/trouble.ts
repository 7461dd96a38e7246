// Why a scanner gave no answer: a value, never a throw. The mail goes on without it.

/** Log word, metric label and anchor of docs/scanners.md at once. */
export const scannerTroubles = [
  "connect",
  "timeout",
  "closed",
  "garbage",
  "refused",
  "too-large",
  "busy",
  "down",
  "unreadable",
  "shutting-down",
] as const;
/**
 * - "connect": no connection;
 * - "timeout": connected, but too slow or hung;
 * - "closed": it hung up before it had answered;
 * - "garbage": its answer is none;
 * - "refused": it answered that it could not look;
 * - "too-large": the mail is above a limit of its own;
 * - "busy": all connections were in use for as long as the mail could wait;
 * - "down": it failed others a moment ago and was not asked;
 * - "unreadable": the mail's octets could not be read again (spool);
 * - "shutting-down": we are ending.
 */
export type ScannerTroubleKind = (typeof scannerTroubles)[number];

export interface ScannerTrouble {
  readonly trouble: ScannerTroubleKind;
  /** For log and explanations: "no answer within 30 s". */
  readonly detail: string;
}

/** "timeout: no answer within 30 s". */
export function troubleText({ trouble, detail }: ScannerTrouble): string {
  return `${trouble}: ${detail}`;
}
