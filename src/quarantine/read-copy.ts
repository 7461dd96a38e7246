// A copy from its file, to be sent: the mail as it came, without what was put on top of it.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorText } from "../mail/error-text.ts";
import { splitHeader } from "../mail/header.ts";
import type { Message } from "../mail/message.ts";
import { type QuarantineHead, readQuarantineHead } from "../mail/quarantine-head.ts";
import { withCrlf } from "./unix-lines.ts";

export interface StoredMail {
  readonly head: QuarantineHead;
  /** Of MAIL FROM, as far as they are about the octets. */
  readonly parameters: string;
  /** Its body is read from the file each time. */
  readonly message: Message;
}

/** Octets of our fields and the mail's header section together. */
const maxTop = 20 * 1024 * 1024;

/** Never rejects: what cannot be read is a problem, in words. */
export async function readCopy(path: string): Promise<StoredMail | { readonly problem: string }> {
  try {
    return await read(path);
  } catch (error) {
    return { problem: errorText(error) };
  }
}

async function read(path: string): Promise<StoredMail | { readonly problem: string }> {
  const top = await readTop(path);
  if (top === undefined) return { problem: "its header section is too large" };
  const text = top.octets.toString("latin1");
  const head = readQuarantineHead(text);
  if (head === undefined) return { problem: "no copy of a mail" };
  const { originalAt, facts, subject: _, ...envelope } = head;
  const isUnix = text[text.indexOf("\n") - 1] !== "\r";
  const stored = top.octets.subarray(originalAt);
  const header = isUnix ? withCrlf(stored) : stored;
  const bodyAt = top.octets.length + (top.isWhole ? 0 : isUnix ? 1 : 2);
  const readBody = () => bodyOf(path, bodyAt, isUnix);
  let sizeBytes = 0;
  for await (const octets of readBody()) sizeBytes += octets.length;
  return {
    head: envelope,
    parameters: facts?.parameters ?? "",
    message: {
      header,
      ...splitHeader(header),
      separator: top.isWhole ? "" : "\r\n",
      body: { kind: "spool", sizeBytes, read: readBody },
    },
  };
}

interface Top {
  /** Our fields and the mail's header section, up to and with the last line end before the empty line. */
  readonly octets: Buffer;
  /** There is no empty line: the mail is a header section alone. */
  readonly isWhole: boolean;
}

/** Undefined where it is larger than can be. */
async function readTop(path: string): Promise<Top | undefined> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of octetsOf(path)) {
    // An empty line may begin at the end of the piece before.
    const before = pieces.at(-1)?.subarray(-2) ?? Buffer.alloc(0);
    const end = emptyLineIn(Buffer.concat([before, piece]));
    if (end !== -1)
      return { octets: Buffer.concat([...pieces, piece]).subarray(0, octets - before.length + end), isWhole: false };
    pieces.push(piece);
    octets += piece.length;
    if (octets > maxTop) return undefined;
  }
  return { octets: Buffer.concat(pieces), isWhole: true };
}

/** Where the first empty line begins, -1 where there is none. */
function emptyLineIn(octets: Buffer): number {
  const [unix, wire] = [octets.indexOf("\n\n"), octets.indexOf("\n\r\n")];
  if (unix === -1 || wire === -1) return Math.max(unix, wire) + (unix === wire ? 0 : 1);
  return Math.min(unix, wire) + 1;
}

async function* bodyOf(path: string, bodyAt: number, isUnix: boolean): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const piece of octetsOf(path)) {
    const body = piece.subarray(Math.max(0, bodyAt - at));
    at += piece.length;
    if (body.length > 0) yield isUnix ? withCrlf(body) : body;
  }
}

/** What is in the file, never through a link; ".gz" undone. */
async function* octetsOf(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no file`);
    yield* path.endsWith(".gz") ? unpacked(file) : piecesOf(file);
  } finally {
    await file.close();
  }
}

const pieceOctets = 64 * 1024;

async function* piecesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceOctets), 0, pieceOctets, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* unpacked(file: FileHandle): AsyncGenerator<Buffer> {
  const packed = Readable.from(piecesOf(file), { objectMode: false });
  const gunzip = createGunzip();
  packed.on("error", (error) => gunzip.destroy(error));
  for await (const octets of packed.pipe(gunzip)) yield octets;
}
