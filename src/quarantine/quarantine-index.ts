// What is asked of the index of the quarantine. The files are the truth: an index that is lost is made again from them,
// and mail is kept without one. Another kind (PostgreSQL, for several filters) would be another maker of this.
import type { CopyName, QuarantineUsage } from "../mail/quarantine-question.ts";
import type { QuarantineFilter, QuarantineRow } from "../mail/quarantine-row.ts";

/** Nothing here rejects: an index that does not answer knows nothing. */
export interface QuarantineIndex {
  /** Soon, in order; a row of the same folder and name is replaced. */
  add(row: QuarantineRow): void;
  /** Copies with this digest that came at or after `since` (epoch, milliseconds) and are not deleted, newest first. */
  sameMail(digest: string, since: number): Promise<readonly QuarantineRow[]>;
  /** Newest first. */
  list(filter: QuarantineFilter, limit: number): Promise<readonly QuarantineRow[]>;
  /** Copies that are there, oldest first. */
  oldest(limit: number): Promise<readonly QuarantineRow[]>;
  /** Undefined: not known. */
  usage(): Promise<QuarantineUsage | undefined>;
  /** Undefined: it was not, after all. */
  released(copy: CopyName, at: number | undefined): Promise<void>;
  /** Their files are gone. */
  deleted(copies: readonly CopyName[], at: number): Promise<void>;
  /**
   * Makes the index say what the files say, unless that was done at or after `unlessSince` (epoch, milliseconds).
   * Resolves to whether it says so now.
   */
  scan(unlessSince: number): Promise<boolean>;
  /** Resolves once all rows are written. */
  close(): Promise<void>;
}
