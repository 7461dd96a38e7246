// Reads one DMARC policy record (RFC 9989 section 4.7, RFC 7489 section 6.3): a tag list that starts with v=DMARC1.
// Finding the record and choosing among its policies is left to others.

/** Which RFC goes. Tags that it does not know are passed over, whatever they hold (RFC 7489 section 6.3). */
export type DmarcMode = "rfc7489" | "rfc9989";

export type DmarcPolicy = "none" | "quarantine" | "reject";
export type AlignmentMode = "relaxed" | "strict";

export interface DmarcRecord {
  readonly p: DmarcPolicy;
  /** For subdomains that exist; absent: the same as p. */
  readonly sp?: DmarcPolicy;
  /** For subdomains that do not exist; absent: the same as sp. Not known to RFC 7489. */
  readonly np?: DmarcPolicy;
  readonly adkim: AlignmentMode;
  readonly aspf: AlignmentMode;
  /** How much of the mail the policy is for, percent. Not known to RFC 9989. */
  readonly pct: number;
  /** t=y: the domain is testing, its policy counts one step less. Not known to RFC 7489. */
  readonly testing: boolean;
  /** Whether the domain is a public suffix domain ("y"), surely none ("n"), or does not say ("u"). */
  readonly psd: "y" | "n" | "u";
}

/** A longer record is not read: nothing that DMARC knows needs it. */
const maxRecordOctets = 4096;

/** True for texts that claim to be DMARC records: v= comes first and its value is exact in case. */
export function isDmarcText(text: string): boolean {
  return /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/**
 * Reads a record; "unusable" where DMARC is not to be applied by it: no DMARC1 at its start, a tag twice (RFC 6376
 * section 3.2), or no policy and nowhere to report to (RFC 9989 section 4.10.1, RFC 7489 section 6.6.3 step 6).
 * Any other fault is passed over and the tag's default taken, as both RFCs ask.
 */
export function parseDmarcRecord(mode: DmarcMode, text: string): DmarcRecord | "unusable" {
  if (text.length > maxRecordOctets || !isDmarcText(text)) return "unusable";
  const tags = new Map<string, string>();
  for (const item of text.split(";")) {
    const equals = item.indexOf("=");
    if (equals === -1) continue;
    const name = item.slice(0, equals).trim().toLowerCase();
    if (tags.has(name)) return "unusable";
    tags.set(name, item.slice(equals + 1).trim());
  }
  const p = policyOf(tags, "p");
  const sp = policyOf(tags, "sp");
  const np = mode === "rfc9989" ? policyOf(tags, "np") : undefined;
  const options = {
    adkim: alignmentOf(tags.get("adkim")),
    aspf: alignmentOf(tags.get("aspf")),
    pct: mode === "rfc7489" ? percentOf(tags.get("pct")) : 100,
    testing: mode === "rfc9989" && tags.get("t")?.toLowerCase() === "y",
    psd: mode === "rfc9989" ? psdOf(tags.get("psd")) : "u",
  };
  if (p === undefined || p === "invalid" || sp === "invalid" || np === "invalid") {
    return hasReportUri(tags.get("rua")) ? { p: "none", ...options } : "unusable";
  }
  return { p, ...(sp === undefined ? {} : { sp }), ...(np === undefined ? {} : { np }), ...options };
}

function policyOf(tags: ReadonlyMap<string, string>, name: string): DmarcPolicy | "invalid" | undefined {
  const value = tags.get(name)?.toLowerCase();
  if (value === undefined || value === "none" || value === "quarantine" || value === "reject") return value;
  return "invalid";
}

function alignmentOf(value: string | undefined): AlignmentMode {
  return value?.toLowerCase() === "s" ? "strict" : "relaxed";
}

function percentOf(value: string | undefined): number {
  return value !== undefined && /^(?:100|[0-9]{1,2})$/.test(value) ? Number(value) : 100;
}

function psdOf(value: string | undefined): DmarcRecord["psd"] {
  const psd = value?.toLowerCase();
  return psd === "y" || psd === "n" ? psd : "u";
}

/** At least one URI that reports could go to; the obsolete "!10m" after it says nothing about that. */
function hasReportUri(value: string | undefined): boolean {
  return (value ?? "").split(",").some((uri) => /^[a-z][a-z0-9+.-]*:[^\s!]+(?:![0-9]+[kmgt]?)?$/i.test(uri.trim()));
}
