// What the quarantine asks of the file system: one function for each call, so that a test can have any of them fail.
import { constants } from "node:fs";
import { link, lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../mail/error-text.ts";

export interface NewFile {
  /** Resolves once all octets are with the system. */
  write(octets: Uint8Array): Promise<void>;
  /** Resolves once they are on disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Everything rejects with the system's error. */
export interface QuarantineFiles {
  /** A file that was not there before: never through a link, for its owner to write and its group to read. */
  create(path: string): Promise<NewFile>;
  /** False where it was there already. */
  makeFolder(path: string): Promise<boolean>;
  /** Rejects with EEXIST where there is a file of the new name. */
  giveName(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Resolves once the names in a folder are on disk. */
  syncFolder(path: string): Promise<void>;
  /** Octets of a plain file; undefined where there is none of that name. */
  sizeOf(path: string): Promise<number | undefined>;
}

const fileMode = 0o640;
const folderMode = 0o750;

export const realFiles: QuarantineFiles = {
  async create(path) {
    const file = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      fileMode,
    );
    return {
      async write(octets) {
        for (let at = 0; at < octets.length; ) {
          const { bytesWritten } = await file.write(octets, at);
          at += bytesWritten;
        }
      },
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  async makeFolder(path) {
    try {
      await mkdir(path, { mode: folderMode });
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  },
  async giveName(from, to) {
    try {
      await link(from, to);
    } catch (error) {
      if (!withoutLinks.has(errorCode(error) ?? "")) throw error;
      // A file system without hard links. rename() writes over what is there, so we look first; names have 72 random bits.
      if (await exists(to)) throw Object.assign(new Error(`${to} is there`), { code: "EEXIST" });
      await rename(from, to);
      return;
    }
    // The copy has its name. One that stays beside it goes with the next look for unfinished files.
    await unlink(from).catch(() => undefined);
  },
  unlink,
  async syncFolder(path) {
    const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async sizeOf(path) {
    try {
      const stats = await lstat(path);
      return stats.isFile() ? stats.size : undefined;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  },
};

const withoutLinks: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** The folders between `root` and a file below it, the nearest to the root first. */
export function foldersBelow(root: string, path: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder.length > root.length; folder = dirname(folder)) folders.unshift(folder);
  return folders;
}
