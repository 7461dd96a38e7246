// Types of values that several settings have, each in its one normal form.
import type { RawTable } from "../lookup/table.ts";

/** A lookup map as configured: tables in order. A scalar stood for a map of one constant, null for an empty map. */
export type MapSetting = readonly RawTable[];
/** Next hop of mail, "smtp:[127.0.0.1]:10025"; of several the first that works; null where there is none. */
export type MethodSetting = string | readonly string[] | null;
/** The text of a notice's template, or the file that holds it; null: ours. */
export type TemplateSource = string | { readonly file: string } | null;
export type Destiny = "D_PASS" | "D_DISCARD" | "D_BOUNCE" | "D_REJECT" | "D_TEMPFAIL";

/** One entry of client_ipaddr_policy: the first whose networks hold the client loads its banks, left to right. */
export interface ClientPolicy {
  readonly networks: RawTable;
  readonly banks: readonly string[];
}

/** A private key of ours, one entry per published DNS record. */
export interface DkimKeySetting {
  /** Lower case; may hold "*", or be a pattern: then it signs for the address's own domain. */
  readonly domain: string | { readonly regexp: string };
  readonly selector: string;
  /** Absolute; either this or `key`. */
  readonly file?: string;
  /** The private key itself, PEM or base64 of its DER. */
  readonly key?: string;
  /** The tags of the record, lists with ":"; they only restrict what the key signs. */
  readonly v?: string;
  readonly g?: string;
  readonly h?: string;
  readonly k?: string;
  readonly s?: string;
  readonly t?: string;
  readonly n?: string;
}
