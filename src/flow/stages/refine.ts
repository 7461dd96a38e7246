// Banks that are loaded by what was found out about a mail: by verified author, by the names of viruses.
import type { Facts } from "../../checks/check.ts";
import { emptyMap } from "../../lookup/map.ts";
import { readAuthors } from "../../mail/authors.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { refine } from "../../policy/author-banks.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Router } from "../../policy/router.ts";
import { refineByViruses } from "../../policy/virus-banks.ts";

/** Facts that are there already load nothing a second time, so the stage is called again when there are more. */
export function createRefine(router: Pick<Router, "load">) {
  return function refineBank(bank: PolicyBank, facts: Facts, { message }: Transaction): PolicyBank {
    const { verifications, content } = facts;
    const earns = bank.author_to_policy_bank_maps !== emptyMap && verifications.some(({ result }) => result === "pass");
    const byAuthor = earns ? refine(router, bank, { verifications, authors: readAuthors(message) }) : bank;
    return content.virus === undefined ? byAuthor : refineByViruses(router, byAuthor, content.virus.names);
  };
}
