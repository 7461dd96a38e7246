// Banks by the names of viruses (amavisd: @virus_name_to_policy_bank_maps); 1 stands for the bank VIRUS.
import type { PolicyBank } from "./bank.ts";
import type { Router } from "./router.ts";

/** Loads the banks that the names call for, in the order of the names. A bank that has such banks already stays as it is. */
export function refineByViruses(router: Pick<Router, "load">, bank: PolicyBank, names: readonly string[]): PolicyBank {
  if (names.length === 0 || bank.loaded.some(({ why }) => why === "virus")) return bank;
  let refined = bank;
  for (const name of names) {
    const match = bank.virus_name_to_policy_bank_maps.first(name);
    if (match !== undefined) refined = router.load(refined, match.value, "virus", match);
  }
  return refined;
}
