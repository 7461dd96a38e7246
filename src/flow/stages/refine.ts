// Banks that are loaded by what was found out about a mail: by verified author.
import type { Facts } from "../../checks/check.ts";
import { readAuthors } from "../../mail/authors.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { refine } from "../../policy/author-banks.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Router } from "../../policy/router.ts";

/** Facts that are there already load nothing a second time, so the stage may be called again with more. */
export function createRefine(router: Pick<Router, "load">) {
  return function refineBank(bank: PolicyBank, { verifications }: Facts, { message }: Transaction): PolicyBank {
    if (!verifications.some(({ result }) => result === "pass")) return bank;
    return refine(router, bank, { verifications, authors: readAuthors(message) });
  };
}
