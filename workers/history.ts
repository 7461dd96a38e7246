// The history file: SQLite, written in batches by this thread alone. Old mails go after their time.

import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../src/mail/error-text.ts";
import {
  findMailSql,
  type HistoryAnswer,
  type HistoryQuestion,
  type HistoryRow,
  historyShape,
  recentMailSql,
} from "../src/mail/history-row.ts";

const pruneMs = 600_000;
/** Mails removed at a time: a file that was not pruned for long must not block writes for long. */
const pruneBatch = 2000;

const { file, retentionSeconds }: { file: string; retentionSeconds: number } = workerData;
// Made before SQLite would, so that only its owner can read who wrote to whom.
closeSync(openSync(file, "a", 0o600));
const database = new DatabaseSync(file);
database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
if (database.prepare("PRAGMA user_version").get()?.user_version !== historyShape) {
  database.exec(`DROP TABLE IF EXISTS mail; DROP TABLE IF EXISTS name; PRAGMA user_version = ${historyShape}`);
}
database.exec(`
  CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, line TEXT NOT NULL, record TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS mail_at ON mail (at);
  CREATE TABLE IF NOT EXISTS name (name TEXT NOT NULL, mail INTEGER NOT NULL, PRIMARY KEY (name, mail)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS name_mail ON name (mail);
`);
const addMail = database.prepare("INSERT INTO mail (at, line, record) VALUES (?, ?, ?)");
const addName = database.prepare("INSERT OR IGNORE INTO name (name, mail) VALUES (?, ?)");
const findMail = database.prepare(findMailSql);
const recentMail = database.prepare(recentMailSql);
const removeNames = database.prepare("DELETE FROM name WHERE mail IN (SELECT id FROM mail WHERE at < ? LIMIT ?)");
const removeMails = database.prepare("DELETE FROM mail WHERE id IN (SELECT id FROM mail WHERE at < ? LIMIT ?)");

function add(rows: readonly HistoryRow[]): void {
  database.exec("BEGIN");
  try {
    for (const { at, names, line, record } of rows) {
      const { lastInsertRowid } = addMail.run(at, line, record);
      for (const name of names) addName.run(name, lastInsertRowid);
    }
    database.exec("COMMIT");
  } catch (error) {
    try {
      database.exec("ROLLBACK");
    } catch {
      // SQLite itself has done so, as when the disk is full.
    }
    throw error;
  }
}

function prune(): void {
  const before = Date.now() - retentionSeconds * 1000;
  try {
    for (let removed = 1; removed > 0; ) {
      removeNames.run(before, pruneBatch);
      removed = Number(removeMails.run(before, pruneBatch).changes);
    }
  } catch {
    // A full disk has no room for that either, nor has a file that somebody else locks: the next time it may have.
  }
}

function answer(question: HistoryQuestion): Omit<HistoryAnswer, "id"> {
  switch (question.kind) {
    case "add":
      try {
        add(question.rows);
      } catch (error) {
        // A full disk: these are lost, the next may fit.
        const trouble = errorText(error);
        return { written: question.rows.length, trouble };
      }
      return { written: question.rows.length };
    case "find":
      return { records: findMail.all(question.name, question.limit).map(({ record }) => String(record)) };
    case "recent": {
      const rows = recentMail.all(question.match, question.sinceMs, question.limit);
      return { lines: rows.map(({ at, line }) => ({ at: Number(at), line: String(line) })) };
    }
    case "close":
      database.close();
      return {};
  }
}

prune();
setInterval(prune, pruneMs).unref();
parentPort?.on("message", (question: HistoryQuestion & { readonly id: number }) => {
  parentPort?.postMessage({ id: question.id, ...answer(question) });
});
