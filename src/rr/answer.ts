// Answers from the DNS as values: what a check or a key lookup may get back.

export type RecordType = "A" | "AAAA" | "CNAME" | "MX" | "PTR" | "TXT" | "SOA" | "NS";

/** One TXT record: its character strings as octets in latin1, one character per octet. */
export type TxtRecord = readonly string[];
export interface MxRecord {
  readonly preference: number;
  readonly exchange: string;
}

export interface RecordData {
  readonly A: string;
  readonly AAAA: string;
  readonly CNAME: string;
  readonly MX: MxRecord;
  readonly PTR: string;
  readonly TXT: TxtRecord;
  readonly SOA: string;
  readonly NS: string;
}

/** Why a question stays without an answer; all of them are "ask again later". */
export type DnsTrouble = "timeout" | "servfail" | "refused" | "malformed" | "network";

export type Answer<T extends RecordType = RecordType> =
  | {
      readonly status: "found";
      readonly records: readonly RecordData[T][];
      readonly ttlSeconds: number;
      readonly secure: boolean;
    }
  /** The name does not exist (NXDOMAIN) or has no record of the type. */
  | { readonly status: "nxdomain" | "nodata"; readonly ttlSeconds: number; readonly secure: boolean }
  | { readonly status: "trouble"; readonly trouble: DnsTrouble };

/** Asks the DNS. Never rejects: trouble is an answer. Names are A-labels without the final dot. */
export type Resolve = <T extends RecordType>(name: string, type: T) => Promise<Answer<T>>;
