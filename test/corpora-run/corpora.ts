// Where the corpora are and how their files read: messages, recorded DNS data. Nothing is judged here.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Answer } from "../../src/rr/answer.ts";

/** The corpora's folder, or undefined where this machine has none: CORPORA, else ../shared/corpora. */
export function findCorpora(): string | undefined {
  const folder = process.env["CORPORA"] ?? resolve(import.meta.dirname, "../../../shared/corpora");
  return existsSync(join(folder, "dkim-verify")) ? folder : undefined;
}

export type DnsData = Readonly<
  Record<string, { readonly TXT?: readonly (readonly string[])[]; readonly rcode?: string }>
>;

export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8"));
}

/** What recorded DNS data answers for a TXT question; a name that is not listed does not exist. */
export function answerTxt(data: DnsData, name: string): Answer<"TXT"> {
  const entry = Object.hasOwn(data, name) ? data[name] : undefined;
  const cached = { ttlSeconds: 300, secure: false };
  if (entry?.rcode === "SERVFAIL") return { status: "trouble", trouble: "servfail" };
  if (entry?.rcode === "TIMEOUT") return { status: "trouble", trouble: "timeout" };
  if (entry?.TXT !== undefined) {
    const records = entry.TXT.map((strings) => strings.map((text) => Buffer.from(text, "utf8").toString("latin1")));
    return { status: "found", records, ...cached };
  }
  return { status: entry?.rcode === "NOERROR" ? "nodata" : "nxdomain", ...cached };
}

/** Cuts a message at its first empty line, as the receiving side does. */
export function splitMessage(octets: Buffer): { readonly header: Buffer; readonly body: Buffer } {
  if (octets.subarray(0, 2).toString("latin1") === "\r\n")
    return { header: octets.subarray(0, 0), body: octets.subarray(2) };
  const end = octets.indexOf("\r\n\r\n");
  if (end === -1) return { header: octets, body: octets.subarray(octets.length) };
  return { header: octets.subarray(0, end + 2), body: octets.subarray(end + 4) };
}
