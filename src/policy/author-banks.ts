// Banks by verified author (amavisd: @author_to_policy_bank_maps): the only way in which a message's content loads a
// bank, and only over a valid signature.
import type { Verification } from "../dkim/engine.ts";
import type { Match } from "../lookup/table.ts";
import type { Mailbox } from "../mail/address.ts";
import type { Authors } from "../mail/authors.ts";
import type { PolicyBank } from "./bank.ts";
import type { Router } from "./router.ts";
import { countedSignatures } from "./signature-standing.ts";

/** What banks by author are chosen from. */
export interface AuthorFacts {
  readonly verifications: readonly Verification[];
  readonly authors: Authors;
}

export interface AuthorBank {
  readonly bank: string;
  readonly match: Match<readonly string[]>;
}

/**
 * Loads the banks that the author's signatures earn. For each signature that counts: the author address, if the
 * signature is an author signature (d= is exactly the domain of From), and the author address with "/@signer" appended
 * to every key. A From that readers may understand differently earns nothing; of several authors each has to earn a
 * bank alone. A bank that has such banks already stays as it is, so that refining may be done again when more is known.
 */
export function refine(router: Pick<Router, "load">, bank: PolicyBank, facts: AuthorFacts): PolicyBank {
  if (bank.loaded.some(({ why }) => why === "author")) return bank;
  let refined = bank;
  for (const { bank: name, match } of authorBanks(bank, facts)) {
    refined = router.load(refined, [name], "author", match);
  }
  return refined;
}

/** The banks earned, in the order in which they are loaded, each once. */
function authorBanks(bank: PolicyBank, { verifications, authors }: AuthorFacts): readonly AuthorBank[] {
  const [first, ...others] = authors.mailboxes;
  if (first === undefined || authors.doubt !== undefined) return [];
  const signatures = countedSignatures(bank, verifications);
  if (signatures.length === 0) return [];
  const earned = banksOf(bank, first, signatures);
  // Readers show any one of several authors: what one earns must not go to mail of another.
  const ofOthers = others.map((author) => new Set(banksOf(bank, author, signatures).map(({ bank: name }) => name)));
  return earned.filter(({ bank: name }) => ofOthers.every((names) => names.has(name)));
}

function banksOf(bank: PolicyBank, author: Mailbox, signatures: readonly Verification[]): readonly AuthorBank[] {
  const { address, localPart } = author;
  // "x@other.example/"@signer.example would be its own key with a signer.
  const plain = !localPart.endsWith("/");
  const found = new Map<string, AuthorBank>();
  const add = (match: Match<readonly string[]> | undefined) => {
    for (const name of match?.value ?? [])
      if (match !== undefined && !found.has(name)) found.set(name, { bank: name, match });
  };
  for (const { domain } of signatures) {
    if (plain && domain === author.domain) add(bank.author_to_policy_bank_maps.first(address));
    add(bank.author_to_policy_bank_maps.first(address, `/@${domain}`));
  }
  return [...found.values()];
}
