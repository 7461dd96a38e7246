// The names under which results of ours are believed.
import type { BankOverlay } from "../settings/bank-settings.ts";

interface NamedBanks {
  readonly base: Pick<Required<BankOverlay>, "myhostname" | "myauthservid">;
  readonly policy_bank: ReadonlyMap<string, BankOverlay>;
}

/**
 * Every authserv-id that some bank may write, whichever is in force: mail that comes in by one listener is read beside mail of
 * the others, so all of them are of one domain (RFC 8601 section 5).
 */
export function authservIds({ base, policy_bank }: NamedBanks): readonly string[] {
  const ids = new Set<string>();
  for (const { myauthservid, myhostname } of [base, ...policy_bank.values()]) {
    if (myauthservid !== undefined && myauthservid !== null) ids.add(myauthservid);
    if (myhostname !== undefined) ids.add(myhostname);
  }
  return [...ids];
}
