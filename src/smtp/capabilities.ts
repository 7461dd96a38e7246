// What a next hop's EHLO or LHLO reply offers (RFC 5321 section 4.1.1.1), as far as the relay makes use of it.

export interface Capabilities {
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  /** BDAT (RFC 3030). */
  readonly chunking: boolean;
  readonly startTls: boolean;
  /** Mechanisms of AUTH (RFC 4954), in upper case. */
  readonly auth: ReadonlySet<string>;
  /** XFORWARD attribute names in upper case; empty when not offered. */
  readonly xforward: ReadonlySet<string>;
}

/** What a server has that answered HELO only. */
export const noCapabilities: Capabilities = {
  pipelining: false,
  eightBitMime: false,
  smtpUtf8: false,
  dsn: false,
  chunking: false,
  startTls: false,
  auth: new Set(),
  xforward: new Set(),
};

/**
 * Reads the lines of an EHLO reply, without their codes; the first one is the greeting. Keywords in `discarded` (upper
 * case) count as not offered.
 */
export function parseCapabilities(lines: readonly string[], discarded: ReadonlySet<string> = new Set()): Capabilities {
  const offered = new Map<string, string[]>();
  for (const line of lines.slice(1)) {
    const [keyword = "", ...parameters] = line.trim().toUpperCase().split(/\s+/);
    if (!discarded.has(keyword)) offered.set(keyword, parameters);
  }
  return {
    pipelining: offered.has("PIPELINING"),
    eightBitMime: offered.has("8BITMIME"),
    smtpUtf8: offered.has("SMTPUTF8"),
    dsn: offered.has("DSN"),
    chunking: offered.has("CHUNKING"),
    startTls: offered.has("STARTTLS"),
    auth: new Set(offered.get("AUTH") ?? []),
    xforward: new Set(offered.get("XFORWARD") ?? []),
  };
}
