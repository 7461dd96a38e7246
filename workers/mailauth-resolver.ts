// Our `Resolve` in the form that mailauth asks for: node:dns's answers and error codes. What went wrong on the way is
// remembered, because mailauth does not distinguish it from other failures.
import type { Answer, DnsTrouble, RecordType, Resolve } from "../src/rr/answer.ts";

export interface MailauthResolver {
  readonly resolver: (name: string, type: string) => Promise<unknown[]>;
  /** The first trouble that the DNS made. */
  readonly trouble: DnsTrouble | undefined;
}

/** A record of more octets is not read (nor a set of more than so many): SPF and key records need far less. */
const maxRecordOctets = 4096;
const maxRecords = 200;
/** mailauth uses the first record of a name alone; RFC 6376 section 3.6.2.2 leaves open which one is meant. */
const keyRecord = /(?:^|;)\s*p\s*=/;

const errorCodes: { readonly [trouble in DnsTrouble]: string } = {
  timeout: "ETIMEOUT",
  servfail: "ESERVFAIL",
  refused: "EREFUSED",
  malformed: "EBADRESP",
  network: "ECONNREFUSED",
};

export function createMailauthResolver(resolve: Resolve): MailauthResolver {
  let trouble: DnsTrouble | undefined;
  return {
    async resolver(name, type) {
      const answer = isAsked(type) ? await resolve(name, type) : undefined;
      if (answer === undefined) throw dnsError("ENODATA", name);
      if (answer.status === "trouble") {
        trouble ??= answer.trouble;
        throw dnsError(errorCodes[answer.trouble], name);
      }
      if (answer.status !== "found") throw dnsError(answer.status === "nxdomain" ? "ENOTFOUND" : "ENODATA", name);
      return recordsOf(answer, name);
    },
    get trouble() {
      return trouble;
    },
  };
}

function isAsked(type: string): type is RecordType {
  return type === "A" || type === "AAAA" || type === "MX" || type === "PTR" || type === "TXT" || type === "CNAME";
}

function recordsOf(answer: Answer & { status: "found" }, name: string): unknown[] {
  const records = answer.records.map((record) => {
    if (typeof record === "string") return record;
    if ("exchange" in record) return { priority: record.preference, exchange: record.exchange };
    return [...record];
  });
  if (records.length > maxRecords || records.some((record) => sizeOf(record) > maxRecordOctets)) {
    throw Object.assign(dnsError("EBADRESP", name), {
      spfResult: { error: "permerror", text: "record too large" },
    });
  }
  if (!name.includes("._domainkey.")) return records;
  return records.sort((a, b) => rank(a) - rank(b));
}

function sizeOf(record: unknown): number {
  return Array.isArray(record) ? record.reduce((size: number, text) => size + String(text).length, 0) : 0;
}

function rank(record: unknown): number {
  return Array.isArray(record) && keyRecord.test(record.join("")) ? 0 : 1;
}

function dnsError(code: string, name: string): Error & { code: string } {
  return Object.assign(new Error(`${code} ${name}`), { code });
}
