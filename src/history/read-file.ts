// The history file as a command reads it while no daemon runs: nothing is written, and a file that is not there is not made.
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { findMailSql, type HistoryRow, historyShape, recentMailSql } from "../mail/history-row.ts";

export interface HistoryReader {
  /** Records, newest first. */
  find(name: string, limit: number): readonly string[];
  /** Lines, newest first; `sinceMs`: epoch, milliseconds. */
  recent(limit: number, match: string, sinceMs: number): readonly Pick<HistoryRow, "at" | "line">[];
  close(): void;
}

/** Undefined where there is no such file, or one of another release. Throws where it cannot be read. */
export function openHistoryReader(file: string): HistoryReader | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  if (database.prepare("PRAGMA user_version").get()?.user_version !== historyShape) {
    database.close();
    return undefined;
  }
  return {
    find: (name, limit) =>
      database
        .prepare(findMailSql)
        .all(name, limit)
        .map(({ record }) => String(record)),
    recent: (limit, match, sinceMs) =>
      database
        .prepare(recentMailSql)
        .all(match, sinceMs, limit)
        .map(({ at, line }) => ({ at: Number(at), line: String(line) })),
    close: () => database.close(),
  };
}
