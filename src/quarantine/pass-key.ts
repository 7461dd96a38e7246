// The secret by which released mail is known again: a file in the quarantine's folder, made once, for all filters that share it.
import { randomBytes } from "node:crypto";
import { chown, link, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../mail/error-text.ts";

export const passKeyName = ".pass.key";
const keyBytes = 32;

/** Rejects where the folder cannot be written, or what is there is no key. */
export async function readPassKey(folder: string): Promise<Uint8Array> {
  const path = join(folder, passKeyName);
  try {
    return await read(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  await make(folder, path);
  return read(path);
}

async function read(path: string): Promise<Uint8Array> {
  const key = await readFile(path);
  if (key.length !== keyBytes) throw new Error(`${path} is no key of ours: remove it, another is made`);
  return key;
}

/** Whole or not at all under its name; where another filter was faster, its key is the key. */
async function make(folder: string, path: string): Promise<void> {
  const unfinished = `${path}-${randomBytes(9).toString("base64url")}`;
  const file = await open(unfinished, "wx", 0o600);
  try {
    await file.writeFile(randomBytes(keyBytes));
    await file.sync();
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(folder);
      await chown(unfinished, uid, gid);
    }
    await link(unfinished, path).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
}
