// One copy of a mail on disk. It gets its name when all of it is there, and counts as kept when file and folders are
// synced: whenever the machine stops there is a whole copy under the name or none.
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errorCode, errorText } from "../mail/error-text.ts";
import type { MessageOctets } from "../mail/message.ts";
import { unfinishedName } from "../mail/quarantine-names.ts";
import { otherName } from "./file-name.ts";
import { foldersBelow, type QuarantineFiles } from "./files.ts";
import { unixLines } from "./unix-lines.ts";

export interface CopyToWrite {
  /** Must be there. */
  readonly folder: string;
  /** Seen from it; sub-folders are made. ".gz" at its end compresses. */
  readonly name: string;
  readonly mailId: string;
  /** Put on top; each ends in CRLF, one character per octet. */
  readonly fields: readonly string[];
  readonly message: MessageOctets;
}

/** `name` is another one than asked for where that was taken. */
export type WrittenCopy = { readonly name: string; readonly size: number } | KeepFailure;

/** Why a copy is not kept; the mail is put off. */
export type KeepFailureReason = "disk-full" | "folder-missing" | "not-permitted" | "failed";

export interface KeepFailure {
  readonly reason: KeepFailureReason;
  /** For the log. */
  readonly detail: string;
}

const reasons: Readonly<Record<string, KeepFailureReason>> = {
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  ENOENT: "folder-missing",
  ENOTDIR: "folder-missing",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
  EROFS: "not-permitted",
  ELOOP: "not-permitted",
};

export function keepFailure(error: unknown): KeepFailure {
  return { reason: reasons[errorCode(error) ?? ""] ?? "failed", detail: errorText(error) };
}

let written = 0;

/** Never rejects. What failed leaves no file behind, as far as the system lets us remove it. */
export async function writeCopy(files: QuarantineFiles, copy: CopyToWrite): Promise<WrittenCopy> {
  const { folder, name, mailId } = copy;
  const target = join(folder, name);
  written += 1;
  const unfinished = join(dirname(target), unfinishedName(mailId, written));
  /** Names that are ours to remove when something fails. */
  const made: string[] = [];
  try {
    for (const each of foldersBelow(folder, target)) if (await files.makeFolder(each)) await syncFolder(dirname(each));
    made.push(unfinished);
    const file = await files.create(unfinished);
    let size = 0;
    try {
      const write = async (octets: Uint8Array) => {
        await file.write(octets);
        size += octets.length;
      };
      await (name.endsWith(".gz") ? writeCompressed(copy, write) : writePlain(copy, write));
      // A failed sync is final: the system may take the pages for clean afterwards (F23).
      await file.sync();
    } finally {
      await file.close();
    }
    const given = await giveName();
    await syncFolder(dirname(target));
    return { name: given, size };
  } catch (error) {
    for (const path of made) await files.unlink(path).catch(() => undefined);
    return keepFailure(error);
  }

  /** The folder of the quarantine may be a link of the administrator's; a sub-folder that is one is nobody's. */
  function syncFolder(path: string): Promise<void> {
    return files.syncFolder(path === folder ? `${folder}/.` : path);
  }

  async function giveName(): Promise<string> {
    // A template without %m: the same name may be taken by another mail. A third try has nothing new to offer.
    for (const each of [name, otherName(name, mailId)]) {
      const path = join(folder, each);
      try {
        await files.giveName(unfinished, path);
        made.push(path);
        return each;
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
    throw new Error(`${target} is there already`);
  }
}

type Write = (octets: Uint8Array) => Promise<void>;

/** The copy with Unix line ends, as amavisd writes it and as everybody's tools read it. */
async function* octetsOf({ fields, message }: CopyToWrite): AsyncGenerator<Uint8Array> {
  const { header, separator, body } = message;
  yield Buffer.from(fields.join(""), "latin1");
  yield header;
  yield Buffer.from(separator);
  yield* body.kind === "memory" ? body.chunks : body.read();
}

async function writePlain(copy: CopyToWrite, write: Write): Promise<void> {
  for await (const octets of unixLines(octetsOf(copy))) await write(octets);
}

async function writeCompressed(copy: CopyToWrite, write: Write): Promise<void> {
  await pipeline(
    Readable.from(unixLines(octetsOf(copy)), { objectMode: false }),
    createGzip(),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const octets of compressed) await write(octets);
    },
  );
}
