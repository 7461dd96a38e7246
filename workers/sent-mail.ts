// What our users sent, in an SQLite file: keys with the time at which they counted last.
import { chownSync, closeSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../src/mail/error-text.ts";
import type { SentAnswer, SentQuestion } from "../src/mail/sent-question.ts";

const { file }: { readonly file: string } = workerData;
/** Rows that go at a time, beside those that come. */
const forgottenAtOnce = 100;

let database = open();

function open(): DatabaseSync {
  makePrivately();
  const opened = new DatabaseSync(file);
  try {
    opened.exec(
      "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; " +
        "CREATE TABLE IF NOT EXISTS sent (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID; " +
        "CREATE INDEX IF NOT EXISTS sent_at ON sent (at)",
    );
    return opened;
  } catch (error) {
    opened.close();
    if (!isDamaged(error)) throw error;
    setAside();
    return open();
  }
}

/** Its owner alone may read it: the owner of the folder must own it too. */
function makePrivately(): void {
  closeSync(openSync(file, "a", 0o600));
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(file));
  chownSync(file, uid, gid);
}

function answer(question: SentQuestion): Omit<SentAnswer, "id"> {
  switch (question.kind) {
    case "note": {
      const { keys, at, forgetBefore } = question;
      database.exec("BEGIN IMMEDIATE");
      try {
        const put = database.prepare(
          "INSERT INTO sent (key, at) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET at = max(at, excluded.at)",
        );
        for (const key of keys) put.run(key, at);
        database
          .prepare("DELETE FROM sent WHERE key IN (SELECT key FROM sent WHERE at < ? ORDER BY at LIMIT ?)")
          .run(forgetBefore, forgottenAtOnce);
        database.exec("COMMIT");
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      }
      return {};
    }
    case "when": {
      const get = database.prepare("SELECT at FROM sent WHERE key = ?");
      return { times: question.keys.map((key) => Number(get.get(key)?.["at"] ?? Number.NaN)).map(orNull) };
    }
    case "close":
      database.close();
      return {};
  }
}

function orNull(time: number): number | null {
  return Number.isFinite(time) ? time : null;
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, whatever their extended codes. */
function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  return [11, 26].includes(error.errcode & 0xff);
}

function setAside(): void {
  renameSync(file, `${file}.damaged`);
  for (const ending of ["-wal", "-shm"]) rmSync(file + ending, { force: true });
}

parentPort?.on("message", ({ id, ...question }: SentQuestion & { readonly id: number }) => {
  try {
    parentPort?.postMessage({ id, ...answer(question) } satisfies SentAnswer);
  } catch (error) {
    try {
      if (isDamaged(error)) {
        database.close();
        setAside();
        database = open();
      }
    } catch {
      // The same trouble, reported below.
    }
    parentPort?.postMessage({ id, trouble: errorText(error) } satisfies SentAnswer);
  }
});
