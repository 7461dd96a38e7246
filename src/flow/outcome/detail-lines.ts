// amavisd's lines on signatures that a mail brought along (log level 2): "dkim: VALID Author signature by d=...".
import type { Verification } from "../../dkim/engine.ts";
import { parseAddressList, splitAddress } from "../../mail/address.ts";
import { readAuthors } from "../../mail/authors.ts";
import { fieldBody } from "../../mail/header.ts";
import type { Transaction } from "../../mail/transaction.ts";
import type { LoadedBank, PolicyBank } from "../../policy/bank.ts";

export interface Verified {
  readonly transaction: Transaction;
  readonly bank: Pick<PolicyBank, "loaded"> | undefined;
  readonly facts: { readonly verifications: readonly Verification[] };
}

/** Of signatures, and of authors in each line. */
const maxLines = 20;
const maxAuthors = 10;

/** One line per signature, then one per bank that a valid one loaded. What is of mail's making is not made safe here. */
export function verificationLogLines({ transaction, bank, facts }: Verified): readonly string[] {
  const { verifications } = facts;
  if (verifications.length === 0) return [];
  const { message, envelope } = transaction;
  const authors = readAuthors(message).mailboxes.map(({ address }) => address);
  const senderField = message.fields.find(({ name }) => name === "sender");
  const [sender] = senderField === undefined ? authors : addresses(fieldBody(senderField.raw));
  const parties = [
    { word: "Author", domain: authors.length === 1 ? domainOf(authors[0]) : undefined },
    { word: "Sender", domain: domainOf(sender) },
    { word: "MailFrom", domain: domainOf(envelope.sender.address) },
  ];
  const named = authors.slice(0, maxAuthors).map((address) => `<${address}>`);
  const from = named.length === 0 ? "" : `, From: ${named.join(", ")}${more(authors.length - named.length)}`;
  return [
    ...verifications.slice(0, maxLines).map((verification) => {
      const { result, reason, domain, algorithm, selector, identity } = verification;
      const words = parties.filter((party) => party.domain === domain).map(({ word }) => word);
      const kind = words.length === 0 ? "third-party" : words.join("+");
      const outcome = result === "pass" ? "" : `, ${result} (${reason ?? ""})`;
      const tags = `d=${domain}${from}, a=${algorithm}, s=${selector}, i=${identity}`;
      return `dkim: ${result === "pass" ? "VALID" : "FAILED"} ${kind} signature by ${tags}${outcome}`;
    }),
    ...(verifications.length > maxLines ? [`dkim: ${verifications.length - maxLines} more signatures`] : []),
    ...(bank?.loaded ?? []).filter(({ why }) => why === "author").map(bankLine),
  ];
}

function more(count: number): string {
  return count > 0 ? `,... (${count} more)` : "";
}

function bankLine({ bank, key }: LoadedBank): string {
  return `dkim: policy bank ${bank} by ${key ?? ""}`;
}

function addresses(text: string): readonly string[] {
  return parseAddressList(text).mailboxes.map(({ address }) => address);
}

function domainOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : splitAddress(address).domain?.toLowerCase();
}
