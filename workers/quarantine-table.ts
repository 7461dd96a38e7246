// The table of copies in SQLite, and what is asked of it.
import { closeSync, constants, fchownSync, fstatSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import type { CopyName, QuarantineUsage } from "../src/mail/quarantine-question.ts";
import type { QuarantineFilter, QuarantineRow } from "../src/mail/quarantine-row.ts";

/** Of the tables and of what a row holds; another number in the file has it made again. */
const shape = 1;

export interface CopyTable {
  /** Epoch, milliseconds; 0 for a table that was made just now. */
  scannedAt(): number;
  scanned(at: number): void;
  /** A row of the same folder and name is replaced. */
  add(rows: readonly QuarantineRow[]): void;
  sameMail(digest: string, since: number): readonly QuarantineRow[];
  list(filter: QuarantineFilter, limit: number): readonly QuarantineRow[];
  oldest(limit: number): readonly QuarantineRow[];
  usage(): QuarantineUsage;
  released(copy: CopyName, at: number | undefined): void;
  deleted(copies: readonly CopyName[], at: number): void;
  /** Names of copies in a folder whose files should be there, each with whether it was released. */
  names(folder: string): ReadonlyMap<string, boolean>;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS copy (
    folder TEXT NOT NULL, name TEXT NOT NULL, mail_id TEXT NOT NULL, secret_id TEXT NOT NULL, at INTEGER NOT NULL,
    purpose TEXT NOT NULL, category TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL, blocked TEXT NOT NULL,
    subject TEXT NOT NULL, size INTEGER NOT NULL, score REAL, found TEXT NOT NULL, digest TEXT NOT NULL,
    released_at INTEGER, deleted_at INTEGER, PRIMARY KEY (folder, name)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS copy_at ON copy (at);
  CREATE INDEX IF NOT EXISTS copy_mail ON copy (mail_id);
  CREATE INDEX IF NOT EXISTS copy_digest ON copy (digest);
  CREATE TABLE IF NOT EXISTS scan (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);
`;

const columns =
  "folder, name, mail_id, secret_id, at, purpose, category, sender, recipients, blocked, subject, size, score, found, digest, " +
  "released_at, deleted_at";
const places = columns.replaceAll(/\w+/g, "?");

/** Throws where the file cannot be had. A damaged one is set aside, once. */
export function openTable(file: string, folders: readonly string[]): CopyTable {
  let database = open();

  function open(): DatabaseSync {
    makePrivately(file, folders);
    const opened = new DatabaseSync(file);
    try {
      opened.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      opened.exec("BEGIN IMMEDIATE");
      if (opened.prepare("PRAGMA user_version").get()?.user_version !== shape) {
        opened.exec(`DROP TABLE IF EXISTS copy; DROP TABLE IF EXISTS scan; PRAGMA user_version = ${shape}`);
      }
      opened.exec(`${schema} COMMIT`);
      return opened;
    } catch (error) {
      opened.close();
      if (!isDamaged(error)) throw error;
      setAside(file);
      return open();
    }
  }

  /** Does it once more with the file opened anew, or with another one, where this one turns out to be damaged. */
  function withDatabase<T>(run: (database: DatabaseSync) => T): T {
    try {
      return run(database);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      database.close();
      setAside(file);
      database = open();
      return run(database);
    }
  }

  function transaction(run: (database: DatabaseSync) => void): void {
    withDatabase((database) => {
      database.exec("BEGIN IMMEDIATE");
      try {
        run(database);
        database.exec("COMMIT");
      } catch (error) {
        try {
          database.exec("ROLLBACK");
        } catch {
          // SQLite itself has done so, as when the disk is full.
        }
        throw error;
      }
    });
  }

  const all = (sql: string, ...values: SQLInputValue[]) =>
    withDatabase((database) => database.prepare(sql).all(...values));
  const run = (sql: string, ...values: SQLInputValue[]) =>
    withDatabase((database) => database.prepare(sql).run(...values));
  const add = (rows: readonly QuarantineRow[]) =>
    transaction((database) => {
      const insert = database.prepare(`INSERT OR REPLACE INTO copy (${columns}) VALUES (${places})`);
      for (const row of rows) insert.run(...valuesOf(row));
    });

  return {
    scannedAt: () => Number(all("SELECT at FROM scan")[0]?.at ?? 0),
    scanned: (at) => void run("INSERT OR REPLACE INTO scan (one, at) VALUES (1, ?)", at),
    add,
    sameMail: (digest, since) =>
      all(
        `SELECT ${columns} FROM copy WHERE digest = ? AND digest <> '' AND at >= ? AND deleted_at IS NULL
         ORDER BY at DESC LIMIT 10`,
        digest,
        since,
      ).map(rowOf),
    list(filter, limit) {
      const { where, values } = conditionsOf(filter);
      return all(`SELECT ${columns} FROM copy ${where} ORDER BY at DESC, name LIMIT ?`, ...values, limit).map(rowOf);
    },
    oldest: (limit) =>
      all(`SELECT ${columns} FROM copy WHERE deleted_at IS NULL ORDER BY at LIMIT ?`, limit).map(rowOf),
    usage() {
      const [row] = all("SELECT count(*) AS copies, total(size) AS octets FROM copy WHERE deleted_at IS NULL");
      return { copies: Number(row?.copies ?? 0), octets: Number(row?.octets ?? 0) };
    },
    released: ({ folder, name }, at) =>
      void run("UPDATE copy SET released_at = ? WHERE folder = ? AND name = ?", at ?? null, folder, name),
    deleted: (copies, at) =>
      transaction((database) => {
        const mark = database.prepare("UPDATE copy SET deleted_at = ? WHERE folder = ? AND name = ?");
        for (const { folder, name } of copies) mark.run(at, folder, name);
        database.prepare("DELETE FROM copy WHERE deleted_at < ?").run(at - rememberDeletedMs);
      }),
    names(folder) {
      const rows = all("SELECT name, released_at FROM copy WHERE folder = ? AND deleted_at IS NULL", folder);
      return new Map(rows.map(({ name, released_at }) => [String(name), released_at !== null]));
    },
    close: () => database.close(),
  };
}

/** How long the list shows what is gone. */
const rememberDeletedMs = 30 * 86_400_000;

/**
 * Made before SQLite would, so that its owner alone can read it: the owner of the daemon's folder must own it too. Never
 * through a link, and nothing but a file that was just made is given away: others may change the folder.
 */
function makePrivately(file: string, [folder]: readonly string[]): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(descriptor);
    if (process.geteuid?.() !== 0 || folder === undefined || stats.uid !== 0) return;
    const { uid, gid } = statSync(folder);
    if (stats.isFile() && stats.nlink === 1 && stats.size === 0) fchownSync(descriptor, uid, gid);
  } finally {
    closeSync(descriptor);
  }
}

function setAside(file: string): void {
  renameSync(file, `${file}.damaged`);
  for (const ending of ["-wal", "-shm"]) rmSync(file + ending, { force: true });
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, whatever their extended codes. */
function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  return [11, 26].includes(error.errcode & 0xff);
}

function valuesOf(row: QuarantineRow): SQLInputValue[] {
  return [
    row.folder,
    row.name,
    row.mailId,
    row.secretId,
    row.at,
    row.purpose,
    row.category,
    row.sender,
    JSON.stringify(row.recipients),
    JSON.stringify(row.blocked),
    row.subject,
    row.size,
    row.score ?? null,
    JSON.stringify(row.found),
    row.digest,
    row.releasedAt ?? null,
    row.deletedAt ?? null,
  ];
}

function rowOf(row: Record<string, SQLOutputValue>): QuarantineRow {
  const { score, released_at: releasedAt, deleted_at: deletedAt } = row;
  return {
    folder: String(row.folder),
    name: String(row.name),
    mailId: String(row.mail_id),
    secretId: String(row.secret_id),
    at: Number(row.at),
    purpose: String(row.purpose),
    category: String(row.category),
    sender: String(row.sender),
    recipients: listOf(row.recipients),
    blocked: listOf(row.blocked),
    subject: String(row.subject),
    size: Number(row.size),
    ...(typeof score === "number" ? { score } : {}),
    found: listOf(row.found),
    digest: String(row.digest),
    state: deletedAt !== null ? "deleted" : releasedAt !== null ? "released" : "kept",
    ...(typeof releasedAt === "number" ? { releasedAt } : {}),
    ...(typeof deletedAt === "number" ? { deletedAt } : {}),
  };
}

function listOf(text: SQLOutputValue | undefined): readonly string[] {
  const list: unknown = JSON.parse(String(text));
  return Array.isArray(list) ? list.filter((each) => typeof each === "string") : [];
}

const states = {
  kept: "(deleted_at IS NULL AND released_at IS NULL)",
  released: "(deleted_at IS NULL AND released_at IS NOT NULL)",
  deleted: "(deleted_at IS NOT NULL)",
} as const;

function conditionsOf(filter: QuarantineFilter): { readonly where: string; readonly values: SQLInputValue[] } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...given: SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  const { id, sender, recipient, subject, category, since, before, states: wanted } = filter;
  if (id !== undefined) add("(mail_id = ? OR name = ?)", id, id);
  if (sender !== undefined) add("instr(lower(sender), lower(?)) > 0", sender);
  if (recipient !== undefined) add("instr(lower(recipients), lower(?)) > 0", recipient);
  if (subject !== undefined) add("instr(lower(subject), lower(?)) > 0", subject);
  if (category !== undefined) add("category = ?", category);
  if (since !== undefined) add("at >= ?", since);
  if (before !== undefined) add("at < ?", before);
  if (wanted !== undefined) add(`(${wanted.map((state) => states[state]).join(" OR ") || "0"})`);
  return { where: conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`, values };
}
