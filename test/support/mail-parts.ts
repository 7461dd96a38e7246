// A mail taken apart in a test, its body in pieces of any size.

import type { PartsFound } from "../../src/mail/content.ts";
import { splitHeader } from "../../src/mail/header.ts";
import { defaultPartsLimits, type PartsLimits } from "../../src/mime/limits.ts";
import { createMailWalk } from "../../src/mime/mail-walk.ts";

export interface HowToWalk {
  readonly limits?: Partial<PartsLimits>;
  /** Octets of a piece; all at once where not given. */
  readonly pieceBytes?: number;
}

/** `mail`: header, empty line, body; text has one character per octet. */
export function partsOf(mail: string | Buffer, { limits = {}, pieceBytes }: HowToWalk = {}): PartsFound {
  const octets = typeof mail === "string" ? Buffer.from(mail, "latin1") : mail;
  const end = octets.indexOf("\r\n\r\n");
  const header = octets.subarray(0, end < 0 ? octets.length : end + 2);
  const body = octets.subarray(end < 0 ? octets.length : end + 4);
  const walk = createMailWalk(splitHeader(header), { ...defaultPartsLimits, ...limits });
  const step = pieceBytes ?? Math.max(1, body.length);
  for (let at = 0; at < body.length; at += step) walk.write(Buffer.from(body.subarray(at, at + step)));
  walk.end();
  return walk.found();
}

/** Lines with CRLF. */
export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\r\n`).join("");
}

export function base64Lines(octets: Buffer | string): string {
  const text = (typeof octets === "string" ? Buffer.from(octets, "latin1") : octets).toString("base64");
  return text.replaceAll(/.{1,76}/g, "$&\r\n");
}

/** "path type size names" of each part. */
export function outline({ parts }: PartsFound): readonly string[] {
  return parts.map(({ path, declaredType, sizeBytes, names }) =>
    [path, declaredType ?? "-", sizeBytes, ...names].join(" "),
  );
}

/** "reason path" of each thing that was not looked at, each once. */
export function doubts({ unchecked }: PartsFound): readonly string[] {
  return [...new Set(unchecked.map(({ reason, path }) => `${reason} ${path ?? "-"}`))];
}
