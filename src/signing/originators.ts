// Who may be the signer of a mail: the addresses that claim to have written or sent it, in amavisd's order, and the
// From fields for which nobody signs because readers would not agree on the author.
import { type AddressFault, parseAddressList, splitAddress } from "../mail/address.ts";
import { looksLikeFrom } from "../mail/authors.ts";
import { fieldBody, type HeaderField } from "../mail/header.ts";
import type { SkipReason } from "./skip-reason.ts";

export type OriginatorSource = "From" | "Resent-From" | "Resent-Sender" | "Sender" | "mail_from";

export interface Originator {
  readonly source: OriginatorSource;
  /** The addr-spec as it stands in the field. */
  readonly address: string;
  /** Quoting undone. */
  readonly localPart: string;
  /** A-labels in lower case, or undefined where it has none. */
  readonly domain: string | undefined;
}

export interface Originators {
  /** Each address once; authors first. */
  readonly candidates: readonly Originator[];
  /** Why nobody signs this mail, whatever keys there are. */
  readonly skip?: SkipReason;
  /** What the address parser minded in From. */
  readonly fault?: AddressFault;
}

/** A header full of Sender fields must not make a header full of lookups. */
const maxPerSource = 20;

/**
 * Every From address, then per block of Resent-* fields its From and Sender, then Sender, then the envelope sender.
 *
 * @param mailFrom the reverse-path without angle brackets, "" for the null one
 */
export function findOriginators(fields: readonly HeaderField[], mailFrom: string): Originators {
  const authors: Originator[] = [];
  const resent: Originator[] = [];
  const senders: Originator[] = [];
  let fromFields = 0;
  let fault: AddressFault | undefined;
  let block: ResentBlock | undefined;

  for (const { name, raw } of fields) {
    if (name === "" && looksLikeFrom(raw)) {
      // Readers who take it for From show its address.
      fromFields += 1;
      fault ??= "syntax";
    } else if (name === "from") {
      fromFields += 1;
      const { mailboxes, faults } = parseAddressList(fieldBody(raw));
      // A bare "root" is no riddle, it only names no domain; all else leaves open who the author is.
      fault ??= faults.find((each) => each !== "domain");
      for (const mailbox of mailboxes) authors.push({ source: "From", ...mailbox });
    } else if (name === "sender") {
      add(senders, "Sender", raw);
    } else if (name.startsWith("resent-")) {
      // RFC 5322 section 3.6.6: a field name that comes again belongs to the next block.
      if (block?.names.has(name)) {
        addBlock(resent, block);
        block = undefined;
      }
      block ??= newBlock();
      block.names.add(name);
      if (name === "resent-from") add(block.from, "Resent-From", raw);
      if (name === "resent-sender") add(block.sender, "Resent-Sender", raw);
    }
  }
  if (block !== undefined) addBlock(resent, block);

  const { localPart, domain } = splitAddress(mailFrom);
  const envelope: Originator = { source: "mail_from", address: mailFrom, localPart, domain };
  const candidates = distinct([...authors, ...resent, ...senders, envelope]);

  // RFC 6376 section 5.4: From must be signed; section 8.15: two of them, and readers may show the other one.
  if (fromFields === 0) return { candidates, skip: "no-from" };
  if (fromFields > 1) return { candidates, skip: "two-from-fields" };
  if (fault !== undefined) return { candidates, skip: "malformed-from", fault };
  const first = authors[0]?.domain;
  if (authors.some((author) => author.domain !== first)) return { candidates, skip: "two-from-domains" };
  return { candidates };
}

interface ResentBlock {
  readonly names: Set<string>;
  readonly from: Originator[];
  readonly sender: Originator[];
}

function newBlock(): ResentBlock {
  return { names: new Set(), from: [], sender: [] };
}

function addBlock(resent: Originator[], { from, sender }: ResentBlock): void {
  if (resent.length < maxPerSource) resent.push(...from, ...sender);
}

/** Each address once, the empty one not at all. */
function distinct(originators: readonly Originator[]): readonly Originator[] {
  const seen = new Set([""]);
  return originators.filter(({ address }) => {
    if (seen.has(address)) return false;
    seen.add(address);
    return true;
  });
}

function add(list: Originator[], source: OriginatorSource, raw: Uint8Array): void {
  // Outside From a field that is not understood makes no candidate, and no harm.
  const { mailboxes, faults } = parseAddressList(fieldBody(raw));
  if (faults.length > 0) return;
  for (const mailbox of mailboxes) if (list.length < maxPerSource) list.push({ source, ...mailbox });
}
