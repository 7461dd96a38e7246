// author_must_sign_maps: mail of an author whose domain always signs, and that nobody who may has signed, is taken for
// forged. The howto's "discard fake mail of domains that always sign".
import type { Verification } from "../dkim/engine.ts";
import { emptyMap } from "../lookup/map.ts";
import type { Authors } from "../mail/authors.ts";
import { toAscii } from "../mail/domain.ts";
import type { PolicyBank } from "./bank.ts";
import { noObjection, type Rule } from "./objection.ts";
import { countedSignatures } from "./signature-standing.ts";

type MustSignSettings = Pick<
  PolicyBank,
  "author_must_sign_maps" | "final_must_sign_destiny" | "originating" | "dk_counts" | "dkim_minimum_key_bits"
>;

/** `authors` is asked only where a map could speak. Never for mail of our own users, which is signed by us. */
export function mustSignRule(
  bank: MustSignSettings,
  authors: () => Authors,
  verifications: readonly Verification[],
): Rule {
  const destiny = bank.final_must_sign_destiny;
  if (destiny === "D_PASS" || bank.originating || bank.author_must_sign_maps === emptyMap) return noObjection;
  const { mailboxes, domains, doubt } = authors();
  const signed = countedSignatures(bank, verifications).map(({ domain }) => domain);
  // Of more than dkim_max_keys some are not judged: they may hold.
  const undecided = verifications
    .filter(({ result, reason }) => result === "temperror" || reason === "too-many-signatures")
    .map(({ domain }) => domain);
  // Of a From that readers understand differently every domain counts, and no signature vouches for it.
  const asked = [
    ...mailboxes.map(({ address, domain }) => ({ address, domain })),
    ...(doubt === undefined ? [] : domains.map((domain) => ({ address: `@${domain}`, domain }))),
  ];
  for (const { address, domain } of asked) {
    const value = bank.author_must_sign_maps.first(address)?.value ?? false;
    if (value === false) continue;
    const signers = value === true ? [domain ?? ""] : value;
    const mayBe = (list: readonly string[]) => list.some((signer) => signers.some((each) => isOf(signer, each)));
    if (doubt === undefined && mayBe(signed)) continue;
    // RFC 7372 section 3.1: no passing DKIM signature found.
    const text = `mail of ${toAscii(domain ?? "") ?? "this domain"} must be signed`;
    const isUndecided = doubt === undefined && mayBe(undecided);
    return () => ({ rule: "must-sign", destiny: isUndecided ? "D_TEMPFAIL" : destiny, status: "7.20", text });
  }
  return noObjection;
}

/** ".example.com" stands for the domain and those below. */
function isOf(signer: string, named: string): boolean {
  return named.startsWith(".") ? signer === named.slice(1) || signer.endsWith(named) : signer === named;
}
