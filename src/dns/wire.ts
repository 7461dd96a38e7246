// DNS packets: our question as octets, a response's records as an `Answer` (RFC 1035 section 4, RFC 6891).
// Sockets, tries and the cache are left to others.
import * as packet from "dns-packet";
import type { Answer, RecordData, RecordType } from "../rr/answer.ts";
import { boundedPacket } from "./bounded-packet.ts";
import { canonicalName, maxAliases } from "./name.ts";

export interface DnsQuestion {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: RecordType;
}

/** "dnssec" asks for the AD bit (DO and AD set, RFC 6840 section 5.7), "plain" leaves EDNS out for old servers. */
export type QueryForm = "dnssec" | "edns" | "plain";

/** The EDNS payload size of DNS flag day 2020: what fits is never fragmented on the way. */
const udpPayloadBytes = 1232;
/** TTL of a negative answer that came without its SOA: RFC 2308 section 5 allows hardly any caching. */
const bareNegativeTtlSeconds = 5;

export function encodeQuery(id: number, question: DnsQuestion, form: QueryForm): Buffer {
  const optRecord: packet.OptAnswer = {
    type: "OPT",
    name: ".",
    udpPayloadSize: udpPayloadBytes,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: form === "dnssec" ? packet.DNSSEC_OK : 0,
    flag_do: form === "dnssec",
    options: [],
  };
  return packet.encode({
    type: "query",
    id,
    flags: packet.RECURSION_DESIRED | (form === "dnssec" ? packet.AUTHENTIC_DATA : 0),
    questions: [{ type: question.type, name: question.name, class: "IN" }],
    additionals: form === "plain" ? [] : [optRecord],
  });
}

export type Response = packet.DecodedPacket;

/** Decodes a packet; undefined when its octets are no DNS message, or cost too much to read. */
export function decodeResponse(octets: Buffer): Response | undefined {
  const bounded = boundedPacket(octets);
  if (bounded === undefined) return undefined;
  try {
    return packet.decode(bounded);
  } catch {
    return undefined;
  }
}

/** True when the packet is a response to this question (RFC 5452 section 3); FORMERR may come without one. */
export function answersQuestion(response: Response, question: DnsQuestion): boolean {
  if (!response.flag_qr) return false;
  const [asked, ...more] = response.questions ?? [];
  if (asked === undefined) return responseCode(response) === "formerr";
  return more.length === 0 && asked.type === question.type && canonicalName(asked.name) === question.name;
}

export type ResponseCode = "noerror" | "nxdomain" | "servfail" | "refused" | "formerr" | "other";

export function responseCode(response: Response): ResponseCode {
  const code = (response.flags ?? 0) & 0x0f;
  if (code === 0) return "noerror";
  if (code === 1 || code === 4) return "formerr";
  if (code === 2) return "servfail";
  if (code === 3) return "nxdomain";
  return code === 5 ? "refused" : "other";
}

/** What a response says of a name: an answer, or that the name is an alias whose target has to be asked for. */
export type PacketReading<T extends RecordType> =
  | Answer<T>
  | { readonly status: "alias"; readonly target: string; readonly ttlSeconds: number };

/**
 * Reads the answer to a question out of a NOERROR or NXDOMAIN response, along the CNAMEs in it. Records of other
 * names are not looked at: they are hearsay (RFC 5452 section 6).
 */
export function readAnswer<T extends RecordType>(
  response: Response,
  name: string,
  type: T,
  secure: boolean,
): PacketReading<T> {
  const answers = response.answers ?? [];
  let owner = name;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let aliases = 0;
  while (type !== "CNAME") {
    const alias = answers.find((record) => record.type === "CNAME" && canonicalName(record.name) === owner);
    if (alias === undefined || alias.type !== "CNAME") break;
    aliases += 1;
    if (aliases > maxAliases) return { status: "trouble", trouble: "malformed" };
    owner = canonicalName(alias.data);
    ttlSeconds = Math.min(ttlSeconds, alias.ttl ?? 0);
  }
  const records: RecordData[T][] = [];
  const decode = decoders[type];
  for (const record of answers) {
    if (record.type !== type || canonicalName(record.name) !== owner) continue;
    const data = decode(record);
    if (data === undefined) return { status: "trouble", trouble: "malformed" };
    records.push(data);
    ttlSeconds = Math.min(ttlSeconds, "ttl" in record ? (record.ttl ?? 0) : 0);
  }
  if (records.length > 0) return { status: "found", records, ttlSeconds, secure };
  const negativeTtlSeconds = Math.min(ttlSeconds, negativeTtl(response));
  if (responseCode(response) === "nxdomain") return { status: "nxdomain", ttlSeconds: negativeTtlSeconds, secure };
  if (aliases > 0 && !hasSoa(response)) return { status: "alias", target: owner, ttlSeconds };
  return { status: "nodata", ttlSeconds: negativeTtlSeconds, secure };
}

function hasSoa(response: Response): boolean {
  return (response.authorities ?? []).some((record) => record.type === "SOA");
}

/** RFC 2308 section 5: the lesser of the SOA's own TTL and its MINIMUM. */
function negativeTtl(response: Response): number {
  for (const record of response.authorities ?? []) {
    if (record.type === "SOA") return Math.min(record.ttl ?? 0, record.data.minimum ?? 0);
  }
  return bareNegativeTtlSeconds;
}

type Decode<T extends RecordType> = (record: packet.Answer) => RecordData[T] | undefined;

const decoders: { readonly [T in RecordType]: Decode<T> } = {
  A: (record) => (record.type === "A" ? record.data : undefined),
  AAAA: (record) => (record.type === "AAAA" ? record.data : undefined),
  CNAME: (record) => (record.type === "CNAME" ? canonicalName(record.data) : undefined),
  NS: (record) => (record.type === "NS" ? canonicalName(record.data) : undefined),
  PTR: (record) => (record.type === "PTR" ? canonicalName(record.data) : undefined),
  MX: (record) =>
    record.type === "MX"
      ? { preference: record.data.preference ?? 0, exchange: canonicalName(record.data.exchange) }
      : undefined,
  TXT: (record) => (record.type === "TXT" ? [record.data].flat().map(latin1) : undefined),
  SOA: (record) => {
    if (record.type !== "SOA") return undefined;
    const { mname, rname, serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0 } = record.data;
    return `${canonicalName(mname)} ${canonicalName(rname)} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
  },
};

function latin1(text: string | Buffer): string {
  return typeof text === "string" ? text : text.toString("latin1");
}
