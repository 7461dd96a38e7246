// Who may be the signer of a mail: the addresses that claim to have written or sent it, in amavisd's order. Whether
// From is to be believed is read in mail/authors.ts; what is doubted there nobody signs.
import { parseAddressList, splitAddress } from "../mail/address.ts";
import { readAuthors } from "../mail/authors.ts";
import { fieldBody } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";
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
  /** Which limit the header is over, or what the address parser minded in From. */
  readonly detail?: string;
}

/** A header full of Sender fields must not make a header full of lookups. */
const maxPerSource = 20;

/**
 * Every From address, then per block of Resent-* fields its From and Sender, then Sender, then the envelope sender.
 *
 * @param mailFrom the reverse-path without angle brackets, "" for the null one
 */
export function findOriginators(head: Pick<MessageHead, "fields" | "cut">, mailFrom: string): Originators {
  const { mailboxes, doubt, fault } = readAuthors(head);
  const authors = mailboxes.map((mailbox): Originator => ({ source: "From", ...mailbox }));
  const resent: Originator[] = [];
  const senders: Originator[] = [];
  let block: ResentBlock | undefined;

  for (const { name, raw } of head.fields) {
    if (name === "sender") {
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

  // RFC 6376 section 5.4: From must be signed; section 8.15: two of them, and readers may show the other one. A bare
  // "root" is no riddle: it names no domain, and another one may answer for the mail.
  if (doubt === undefined || doubt === "no-from-domain") return { candidates };
  const detail = doubt === "header-too-large" ? head.cut : fault;
  return detail === undefined ? { candidates, skip: doubt } : { candidates, skip: doubt, detail };
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
