// In which order the signatures of a mail are judged where there are more than are judged at all: foreign ones that stand
// above must not keep the author's from being looked at (RFC 6376 section 6.1 leaves the order to the verifier).
import { readAuthors } from "../mail/authors.ts";
import type { HeaderField } from "../mail/header.ts";

interface Signed {
  readonly kind: "dkim" | "domainkeys";
  readonly parsed: { readonly signature?: { readonly domain: string } | undefined };
}

/**
 * Those that could align with a domain of From first, the nearest before others, else from top to bottom. Names alone are
 * compared, no list of public suffixes: a domain that shares more labels is nearer.
 */
export function authorsFirst<Candidate extends Signed>(
  candidates: readonly Candidate[],
  fields: readonly HeaderField[],
): readonly Candidate[] {
  const { domains } = readAuthors({ fields });
  const authors = domains.map((domain) => domain.split("."));
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate, authors) }));
  return ranked.sort((a, b) => b.rank - a.rank).map(({ candidate }) => candidate);
}

function rankOf({ kind, parsed }: Signed, authors: readonly (readonly string[])[]): number {
  // DomainKeys never aligns.
  if (kind !== "dkim" || parsed.signature === undefined) return 0;
  const signer = parsed.signature.domain.split(".");
  return Math.max(0, ...authors.map((author) => nearness(author, signer)));
}

/** Labels in common from the right, and a half more where that is all; a top level alone is nothing in common. */
function nearness(author: readonly string[], signer: readonly string[]): number {
  let shared = 0;
  while (shared < signer.length && shared < author.length && signer.at(-1 - shared) === author.at(-1 - shared))
    shared += 1;
  if (shared === author.length && shared === signer.length) return shared + 0.5;
  return shared < 2 ? 0 : shared;
}
