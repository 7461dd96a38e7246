// Mail addresses: the parts of an envelope path, and the mailboxes of a From, Sender or Resent-* field.
// Octets stay as they came (one character per octet); only domains are brought into one form, for comparing.

import { type AddressToken, tokenize } from "./address-tokens.ts";
import { domainOfOctets } from "./domain.ts";

/** The parts of one address. */
export interface AddressParts {
  /** Quoting undone, otherwise the octets as given. */
  readonly localPart: string;
  /** A-labels in lower case, or an address literal "[192.0.2.1]" in lower case; undefined where there is none. */
  readonly domain: string | undefined;
}

/** One mailbox of a header field. */
export interface Mailbox extends AddressParts {
  /** The addr-spec with comments and folding left out, quoting kept. */
  readonly address: string;
  /** The octets of the whole mailbox, display name and comments included. */
  readonly raw: string;
}

/**
 * Why a list of mailboxes must not be trusted to mean what its reader sees:
 * - "too-long", "too-many": over a limit, the rest was not looked at;
 * - "control": NUL or another control character;
 * - "syntax": not the grammar of RFC 5322;
 * - "ambiguous": readers are known to disagree (routes, comments within an address, an address as display name);
 * - "domain": what stands after the "@" is no host name;
 * - "no-domain": a word without "@", such as "root".
 */
export type AddressFault = "too-long" | "too-many" | "control" | "syntax" | "ambiguous" | "domain" | "no-domain";

export interface AddressList {
  readonly mailboxes: readonly Mailbox[];
  /** Each at most once; empty for a field that all readers understand alike. */
  readonly faults: readonly AddressFault[];
}

const maxAddressListChars = 32 * 1024;
export const maxAddresses = 100;

/**
 * Splits the path of MAIL or RCPT (without angle brackets) at the last "@" outside a quoted string. A source route
 * is left out (RFC 5321 appendix C). Never throws.
 */
export function splitAddress(path: string): AddressParts {
  const at = path.includes('"') ? lastAtOutsideQuotes(path) : path.lastIndexOf("@");
  if (at === -1) return { localPart: unquote(path), domain: undefined };
  return { localPart: unquote(withoutRoute(path.slice(0, at))), domain: normalDomain(path.slice(at + 1)) };
}

/** "local@domain" with the local part unquoted and the domain in its one form: what lookups and logs compare. */
export function plainAddress({ localPart, domain }: AddressParts): string {
  return domain === undefined ? localPart : `${localPart}@${domain}`;
}

/** A domain of an address: A-labels, or an address literal as it is, in lower case (RFC 5321 section 4.1.3). */
function normalDomain(text: string): string | undefined {
  if (text.startsWith("[")) return /^\[[\x21-\x5a\x5e-\x7e]{1,250}\]$/.test(text) ? text.toLowerCase() : undefined;
  return domainOfOctets(text);
}

function lastAtOutsideQuotes(path: string): number {
  let at = -1;
  let quoted = false;
  for (let i = 0; i < path.length; i += 1) {
    const char = path[i];
    if (char === "\\") i += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === "@" && !quoted) at = i;
  }
  // A quote that never ends takes the domain with it: whatever "@" stands within does not divide.
  return at;
}

function withoutRoute(local: string): string {
  if (!local.startsWith("@")) return local;
  const colon = local.indexOf(":");
  return colon === -1 ? local : local.slice(colon + 1);
}

/** Undoes quoted strings (RFC 5322 section 3.2.4) wherever they stand in the local part. */
function unquote(local: string): string {
  if (!local.includes('"')) return local;
  let text = "";
  for (let i = 0; i < local.length; i += 1) {
    const char = local[i] ?? "";
    if (char === "\\") {
      i += 1;
      text += local[i] ?? "";
    } else if (char !== '"') text += char;
  }
  return text;
}

/**
 * Reads the body of a From, Sender, Reply-To or Resent-* field: mailboxes and groups (RFC 5322 section 3.4, RFC 6854),
 * comments, quoted strings; encoded words are left alone, they are never addresses. Bounded by 32 KiB and 100
 * addresses, linear, never throws; what readers may disagree on is returned and flagged.
 */
export function parseAddressList(fieldBody: string): AddressList {
  if (fieldBody.length > maxAddressListChars) return { mailboxes: [], faults: ["too-long"] };
  const faults = new Set<AddressFault>();
  const { tokens, malformed, control } = tokenize(fieldBody);
  if (control) faults.add("control");
  if (malformed) faults.add("syntax");
  return { mailboxes: readMailboxes(fieldBody, tokens, faults), faults: [...faults] };
}

function readMailboxes(body: string, tokens: readonly AddressToken[], faults: Set<AddressFault>): Mailbox[] {
  const mailboxes: Mailbox[] = [];
  let inGroup = false;
  let i = 0;
  while (i < tokens.length) {
    const start = i;
    while (i < tokens.length && !isSeparator(tokens[i])) i = tokens[i]?.kind === "<" ? endOfAngle(tokens, i) : i + 1;
    const element = tokens.slice(start, i);
    const separator = tokens[i]?.kind;
    i += 1;
    if (separator === ":") {
      // A group within a group, or one named like an address: no reader's grammar has that.
      if (inGroup || element.some(({ kind }) => kind === "@" || kind === "<")) faults.add("ambiguous");
      inGroup = true;
      continue;
    }
    if (separator === ";") {
      if (!inGroup) faults.add("syntax");
      inGroup = false;
    }
    if (element.length === 0) continue;
    if (mailboxes.length === maxAddresses) {
      faults.add("too-many");
      return mailboxes;
    }
    const mailbox = readMailbox(body, element, faults);
    if (mailbox !== undefined) mailboxes.push(mailbox);
  }
  if (inGroup) faults.add("syntax");
  return mailboxes;
}

function isSeparator(token: AddressToken | undefined): boolean {
  return token?.kind === "," || token?.kind === ";" || token?.kind === ":";
}

/** The index after the ">" that ends an angle-addr; commas and colons of a route stand within. */
function endOfAngle(tokens: readonly AddressToken[], open: number): number {
  for (let i = open + 1; i < tokens.length; i += 1) if (tokens[i]?.kind === ">") return i + 1;
  return tokens.length;
}

function readMailbox(body: string, element: readonly AddressToken[], faults: Set<AddressFault>): Mailbox | undefined {
  const first = element[0];
  const last = element[element.length - 1];
  if (first === undefined || last === undefined) return undefined;
  const raw = body.slice(first.start, last.end);
  const open = element.findIndex(({ kind }) => kind === "<");
  if (open === -1) return readAddrSpec(element, raw, faults);

  const close = element.findIndex(({ kind }) => kind === ">");
  if (close !== element.length - 1) faults.add("syntax");
  let inner = element.slice(open + 1, close === -1 ? undefined : close);
  if (inner[0]?.kind === "@") {
    // An obsolete route (RFC 5322 section 4.4): some readers take its first domain for the author's.
    faults.add("ambiguous");
    inner = inner.slice(inner.findIndex(({ kind }) => kind === ":") + 1);
  }
  const mailbox = readAddrSpec(inner, raw, faults);
  const phrase = element.slice(0, open);
  if (phrase.some(({ kind }) => kind === "@")) {
    const shown = textOf(phrase);
    if (shown.toLowerCase() !== mailbox?.address.toLowerCase()) faults.add("ambiguous");
  }
  return mailbox;
}

function textOf(tokens: readonly AddressToken[]): string {
  let text = "";
  for (const token of tokens) text += token.text;
  return text;
}

function readAddrSpec(tokens: readonly AddressToken[], raw: string, faults: Set<AddressFault>): Mailbox | undefined {
  const at = tokens.findLastIndex(({ kind }) => kind === "@");
  if (tokens.length === 0 || at === 0) {
    faults.add("syntax");
    return undefined;
  }
  const local = at === -1 ? tokens : tokens.slice(0, at);
  const domain = at === -1 ? [] : tokens.slice(at + 1);
  if (!local.every(({ kind }) => kind === "atom" || kind === "quoted")) faults.add("syntax");
  if (!domain.every(({ kind }) => kind === "atom") && !(domain.length === 1 && domain[0]?.kind === "literal")) {
    faults.add("syntax");
  }
  if (tokens.some((_, index) => isTornAt(tokens, index, at))) faults.add(at === -1 ? "syntax" : "ambiguous");
  const localText = textOf(local);
  const domainText = textOf(domain);
  const normal = at === -1 ? undefined : normalDomain(domainText);
  if (at !== -1 && normal === undefined) faults.add("domain");
  if (at === -1) {
    faults.add("no-domain");
    // A quoted address or an encoded word where an address should stand: some readers undo it and show what is in it.
    if (/@|=\?/.test(localText)) faults.add("ambiguous");
  }
  const address = at === -1 ? localText : `${localText}@${domainText}`;
  return { localPart: unquote(localText), domain: normal, address, raw };
}

/**
 * Comments and white space inside an address are legal and obsolete; what is left of it then is a matter of opinion.
 * But blanks beside the "@" (RFC 5322 section 3.4.1, "[CFWS]") every reader leaves out.
 */
function isTornAt(tokens: readonly AddressToken[], index: number, at: number): boolean {
  const before = tokens[index]?.before ?? "nothing";
  if (index === 0 || before === "nothing") return false;
  return before === "comment" || at === -1 || (index !== at && index !== at + 1);
}
