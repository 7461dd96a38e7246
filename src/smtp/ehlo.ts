// The lines of our answer to EHLO and LHLO, in amavisd's order.
import { xforwardKeyword } from "./xforward.ts";

export interface EhloOffer {
  /** Our name: "[127.0.0.1]". */
  readonly name: string;
  /** Octets; 0 announces SIZE without a limit (RFC 1870 section 4). */
  readonly sizeLimit: number;
  /** The peer may use XFORWARD. */
  readonly xforward: boolean;
  /** amavisd's smtpd_discard_ehlo_keywords: not shown, yet taken when a client uses them anyway. */
  readonly discard: readonly string[];
  /** STARTTLS can be had now. */
  readonly startTls?: boolean;
  /** Mechanisms of AUTH that can be used now. */
  readonly mechanisms?: readonly string[];
}

/** The texts of a multi-line 250 reply. */
export function ehloLines(offer: EhloOffer): readonly string[] {
  const { name, sizeLimit, xforward, discard, startTls = false, mechanisms = [] } = offer;
  const hidden = new Set(discard.map((keyword) => keyword.toUpperCase()));
  // Postfix sends 8-bit mail with BODY=8BITMIME to a server that offers SMTPUTF8, so it converts to 7 bit only without both.
  if (hidden.has("8BITMIME")) hidden.add("SMTPUTF8");
  const keywords = [
    "VRFY",
    "PIPELINING",
    sizeLimit > 0 ? `SIZE ${sizeLimit}` : "SIZE",
    "ENHANCEDSTATUSCODES",
    "8BITMIME",
    "SMTPUTF8",
    "DSN",
  ];
  if (startTls) keywords.push("STARTTLS");
  if (mechanisms.length > 0) keywords.push(`AUTH ${mechanisms.join(" ")}`);
  if (xforward) keywords.push(xforwardKeyword);
  return [name, ...keywords.filter((keyword) => !hidden.has(keyword.split(" ", 1)[0] ?? ""))];
}
