// What is asked of the index of the quarantine. The files are the truth: an index that is lost is made again from them,
// and mail is kept without one. Another kind (PostgreSQL, for several filters) would be another maker of this.
import type { QuarantineFilter, QuarantineRow } from "../mail/quarantine-row.ts";

/** Nothing here rejects: without an answer a list is empty. */
export interface QuarantineIndex {
  /** Soon, in order; a row of the same folder and name is replaced. */
  add(row: QuarantineRow): void;
  /** Copies with this digest that came at or after `since` (epoch, milliseconds) and are not deleted, newest first. */
  sameMail(digest: string, since: number): Promise<readonly QuarantineRow[]>;
  /** Newest first. */
  list(filter: QuarantineFilter, limit: number): Promise<readonly QuarantineRow[]>;
  close(): Promise<void>;
}
