// The authors of a message, by the one reader of From that there is: DMARC, banks by author, signing, `check`, `why`
// and the log all go by it, so that none of them believes a From that another one doubts.
import { type AddressFault, type Mailbox, parseAddressList } from "./address.ts";
import { fromFieldsOf, isFromField } from "./from-fields.ts";
import { fieldBody, type HeaderField, isUnread } from "./header.ts";
import type { MessageHead } from "./message.ts";
import { maxShownDomains, shownDomains } from "./shown-domains.ts";

/** Of all From fields together: each may cost several questions to the DNS. */
const maxDomains = 2 * maxShownDomains;

/**
 * Why From must not be believed, whatever signature covers it:
 * - "no-from", "two-from-fields": not exactly one From field (RFC 5322 section 3.6); a line that some readers take
 *   for one counts;
 * - "malformed-from": readers differ on what it says, see `fault`;
 * - "two-from-domains": mailboxes of several domains (RFC 9989 section 5.3.1);
 * - "no-from-domain": no mailbox whose domain is a host name, as in "root" and "undisclosed:;";
 * - "header-too-large": the header was not read to its end;
 * - "no-field-name": a line is no field, and some readers end the header there.
 */
export const authorDoubts = [
  "header-too-large",
  "no-from",
  "two-from-fields",
  "malformed-from",
  "two-from-domains",
  "no-from-domain",
  "no-field-name",
] as const;

export type AuthorDoubt = (typeof authorDoubts)[number];

export interface Authors {
  /** Of the first From field. */
  readonly mailboxes: readonly Mailbox[];
  /**
   * Every domain that some reader may show as the author's, in A-labels, each once; no address literals. Without a
   * doubt it is exactly one. Bounded: of many fields the first and the last are looked at.
   */
  readonly domains: readonly string[];
  readonly doubt?: AuthorDoubt;
  /** What the address parser minded, for "malformed-from". */
  readonly fault?: AddressFault;
}

/** The whole header is only looked at where `fields` are not all of it. */
type ReadHead = Pick<MessageHead, "fields" | "cut"> & Partial<Pick<MessageHead, "header">>;

/** Reads the authors. Never throws; linear in the header. */
export function readAuthors({ header, fields, cut }: ReadHead): Authors {
  if (isUnread(cut)) return header === undefined ? unread(fields.filter(isFromField)) : ofLargeHeader(header);
  const from = fields.filter(isFromField);
  const [first, ...others] = from;
  if (first === undefined) return { mailboxes: [], domains: [], doubt: "no-from" };
  const { mailboxes: listed, faults } = parseAddressList(fieldBody(first.raw));
  const mailboxes = withoutBareWords(listed);
  if (others.length > 0) return { mailboxes, domains: domainsOf(from), doubt: "two-from-fields" };
  const fault = faults.find((each) => each !== "no-domain");
  if (fault !== undefined) return { mailboxes, domains: domainsOf(from), doubt: "malformed-from", fault };
  if (first.name === "") return { mailboxes, domains: domainsOf(from), doubt: "malformed-from" };

  const domains = new Set<string>();
  for (const { domain } of mailboxes) if (domain !== undefined) domains.add(domain);
  const hostNames = [...domains].filter((domain) => !domain.startsWith("["));
  if (cut === "no-field-name") return { mailboxes, domains: domainsOf(from), doubt: cut };
  if (hostNames.length === 0) return { mailboxes, domains: [], doubt: "no-from-domain" };
  if (domains.size > 1) return { mailboxes, domains: domainsOf(from), doubt: "two-from-domains" };
  return { mailboxes, domains: hostNames };
}

function unread(from: readonly HeaderField[]): Authors {
  return { mailboxes: [], domains: domainsOf(from), doubt: "header-too-large" };
}

/** Several ask of the same mail, and to look through megabytes takes as long as many a mail. */
const ofLargeHeaders = new WeakMap<Uint8Array, Authors>();

function ofLargeHeader(header: Uint8Array): Authors {
  const known = ofLargeHeaders.get(header);
  if (known !== undefined) return known;
  const authors = unread(fromFieldsOf(header));
  ofLargeHeaders.set(header, authors);
  return authors;
}

/**
 * "Smith, John <joe@example.com>": a comma that should have been quoted. A word without "@" is no address to any
 * reader, so it is no author where another one is.
 */
function withoutBareWords(mailboxes: readonly Mailbox[]): readonly Mailbox[] {
  const whole = mailboxes.filter(({ domain }) => domain !== undefined);
  return whole.length === 0 ? mailboxes : whole;
}

/** Readers that take one of several From fields take the first or the last. */
function domainsOf(from: readonly HeaderField[]): readonly string[] {
  const domains = new Set<string>();
  for (const field of new Set([from.at(0), from.at(-1), ...from])) {
    if (field === undefined) continue;
    for (const domain of domainsOfField(fieldBody(field.raw))) {
      if (domains.size === maxDomains) return [...domains];
      domains.add(domain);
    }
  }
  return [...domains];
}

function domainsOfField(body: string): readonly string[] {
  const domains = new Set<string>();
  for (const { domain } of parseAddressList(body).mailboxes) {
    if (domain !== undefined && !domain.startsWith("[")) domains.add(domain);
  }
  for (const domain of shownDomains(body)) domains.add(domain);
  return [...domains].slice(0, maxShownDomains);
}
