// What the main thread and the history worker send each other: plain data that survives a structured clone.

/** Of the tables and of what a record holds; another number in the file has it begun anew. */
export const historyShape = 1;

/** Records of the mails that have a name, newest first: name, limit. */
export const findMailSql =
  "SELECT record FROM mail JOIN name ON mail.id = name.mail WHERE name.name = ? ORDER BY mail.id DESC LIMIT ?";
/** Lines with a text since a time, newest first: text, epoch milliseconds, limit. */
export const recentMailSql =
  "SELECT at, line FROM mail WHERE instr(line, ?) > 0 AND at >= ? ORDER BY at DESC, id DESC LIMIT ?";

/** One past mail as it is kept. */
export interface HistoryRow {
  /** Epoch, milliseconds. */
  readonly at: number;
  /** Everything it can be asked for by, in lower case. */
  readonly names: readonly string[];
  /** Its log line; two where recipients fared differently. */
  readonly line: string;
  /** JSON. */
  readonly record: string;
}

export type HistoryQuestion =
  | { readonly kind: "add"; readonly rows: readonly HistoryRow[] }
  | { readonly kind: "find"; readonly name: string; readonly limit: number }
  | { readonly kind: "recent"; readonly limit: number; readonly match: string; readonly sinceMs: number }
  | { readonly kind: "close" };

export interface HistoryAnswer {
  readonly id: number;
  /** Rows that were written, or given up. */
  readonly written?: number;
  /** Why they were given up. */
  readonly trouble?: string;
  readonly records?: readonly string[];
  readonly lines?: readonly Pick<HistoryRow, "at" | "line">[];
}
