// Compares the index of the quarantine with its files: what is not in the index is read and added, what has no file any
// more counts as deleted. Between pieces of work other questions get their turn.
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, constants as zlib } from "node:zlib";
import { errorCode } from "../src/mail/error-text.ts";
import { type CopyFacts, readQuarantineHead } from "../src/mail/quarantine-head.ts";
import { isUnfinished, releaseMarkOf } from "../src/mail/quarantine-names.ts";
import type { QuarantineRow } from "../src/mail/quarantine-row.ts";
import type { CopyTable } from "./quarantine-table.ts";

/** Folders within folders. */
const maxDepth = 4;
/** Files looked at in one turn. */
const filesPerTurn = 100;
/** A file that was not finished in this time never will be. */
const unfinishedMs = 3_600_000;
/** The wall clock as it was set when this thread began; with performance.now() a clock that nobody sets. */
const begunAtMs = Date.now() - performance.now();
/** Octets of a file that are read for its head, first and where that is too little. */
const headOctets = [16 * 1024, 1024 * 1024];

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Resolves when all is compared; rejects where a folder cannot be read. */
export async function scanFolders(table: CopyTable, folders: readonly string[]): Promise<void> {
  const startedAt = Date.now();
  for (const folder of folders) await scanFolder(table, folder);
  table.scanned(startedAt);
}

async function scanFolder(table: CopyTable, folder: string): Promise<void> {
  // Copies that are named while we look are no loss: only names that were known before may be found missing.
  const known = table.names(folder);
  const missing = new Set(known.keys());
  let looked = 0;
  for (const { below, names } of foldersBelow(folder)) {
    if (names === undefined) {
      // Nobody can say what is gone of it.
      for (const name of known.keys()) if (name.startsWith(`${below}/`)) missing.delete(name);
      continue;
    }
    const found: QuarantineRow[] = [];
    for (const each of names) {
      looked += 1;
      if (looked % filesPerTurn === 0) await turn();
      const name = below === "" ? each : `${below}/${each}`;
      if (isUnfinished(each)) removeOld(join(folder, name));
      if (each.startsWith(".")) continue;
      missing.delete(name);
      const isReleased = names.has(releaseMarkOf(each));
      if (known.has(name)) {
        if (isReleased && known.get(name) === false) table.released({ folder, name }, timeOf(folder, name));
        continue;
      }
      const row = readRow(folder, name);
      if (row === undefined) continue;
      found.push(isReleased ? { ...row, state: "released", releasedAt: timeOf(folder, name) } : row);
    }
    if (found.length > 0) table.add(found);
    await turn();
  }
  if (missing.size > 0) {
    table.deleted(
      [...missing].map((name) => ({ folder, name })),
      Date.now(),
    );
  }
}

interface FolderBelow {
  readonly below: string;
  /** Undefined for one that is not ours to read, as lost+found at the top of a file system. */
  readonly names: ReadonlySet<string> | undefined;
}

/** The folder itself ("") and those below it; links are not followed. Throws where the folder itself cannot be read. */
function* foldersBelow(root: string): Generator<FolderBelow> {
  const waiting = [""];
  for (let below = waiting.shift(); below !== undefined; below = waiting.shift()) {
    const entries = entriesOf(join(root, below), below !== "");
    yield { below, names: entries && new Set(entries.map(({ name }) => name)) };
    if (entries === undefined || below.split("/").length > maxDepth) continue;
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) waiting.push(join(below, entry.name));
    }
  }
}

function entriesOf(path: string, isBelow: boolean): Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (!isBelow) throw error;
    // Removed since its name was read: its copies are gone.
    return errorCode(error) === "ENOENT" ? [] : undefined;
  }
}

/** When a copy was released: the time of its mark. */
function timeOf(folder: string, name: string): number {
  const path = join(folder, releaseMarkOf(name));
  return Math.trunc(lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

function removeOld(path: string): void {
  try {
    // A file that is being written is not old because the clock was set: by the earlier of both clocks.
    const nowMs = Math.min(Date.now(), begunAtMs + performance.now());
    if (nowMs - lstatSync(path).mtimeMs > unfinishedMs) unlinkSync(path);
  } catch {
    // Finished just now, or another filter was faster.
  }
}

/** Undefined for what is no copy of ours or of amavisd's, or cannot be read. */
function readRow(folder: string, name: string): QuarantineRow | undefined {
  const path = join(folder, name);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return undefined;
    for (const octets of headOctets) {
      const head = readQuarantineHead(readTop(file, octets, name.endsWith(".gz")));
      if (head !== undefined) return toRow(head, folder, name, stats);
      if (stats.size <= octets) break;
    }
  } catch {
    // Compressed by somebody else's idea, or an error of the disk: the next scan looks again.
  } finally {
    closeSync(file);
  }
  return undefined;
}

function readTop(file: number, octets: number, isCompressed: boolean): string {
  const buffer = Buffer.alloc(octets);
  const top = buffer.subarray(0, readSync(file, buffer, 0, octets, 0));
  const plain = isCompressed
    ? gunzipSync(top, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: maxHeadOctets })
    : top;
  return plain.toString("latin1");
}

/** What a compressed head may come to. */
const maxHeadOctets = 64 * 1024 * 1024;

type Head = NonNullable<ReturnType<typeof readQuarantineHead>>;

function toRow(
  { facts, originalAt: _, ...head }: Head,
  folder: string,
  name: string,
  { size, mtimeMs }: { readonly size: number; readonly mtimeMs: number },
): QuarantineRow {
  const said: Omit<CopyFacts, "parameters"> = facts ?? {
    at: Math.trunc(mtimeMs),
    purpose: basename(name).startsWith("archive") ? "archive" : "quarantine",
    category: categoryOf(basename(name)),
    secretId: "",
    digest: "",
    found: [],
  };
  return { folder, name, ...head, ...said, size, state: "kept" };
}

/** By the names that amavisd's methods give. */
function categoryOf(name: string): string {
  const categories: Readonly<Record<string, string>> = {
    virus: "CC_VIRUS",
    banned: "CC_BANNED",
    spam: "CC_SPAM",
    badh: "CC_BADH",
    unchecked: "CC_UNCHECKED",
  };
  return categories[/^[a-z]*/.exec(name)?.[0] ?? ""] ?? "CC_CLEAN";
}
