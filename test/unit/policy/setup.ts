// A router for a test, from a few settings laid over the base; problems are collected.
import type { Origin, TableProblem } from "../../../src/lookup/table.ts";
import type { ClientFacts, ListenerName } from "../../../src/mail/transaction.ts";
import type { BannedSource } from "../../../src/policy/banned-table.ts";
import { createRouter, type Router } from "../../../src/policy/router.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import { baseSettings } from "./base-settings.ts";

export interface Setup {
  readonly base?: BankOverlay;
  readonly banks?: Readonly<Record<string, BankOverlay>>;
  readonly rules?: BannedSource;
  readonly interfaces?: Readonly<Record<string, readonly string[]>>;
}

export function setUp({
  base = {},
  banks = {},
  interfaces = {},
  rules = {},
}: Setup): Router & { readonly problems: readonly TableProblem[] } {
  const problems: TableProblem[] = [];
  const router = createRouter(
    {
      base: { ...baseSettings, ...base },
      policy_bank: new Map(Object.entries(banks)),
      interface_policy: interfaces,
      ...rules,
    },
    {
      problem: (problem) => problems.push(problem),
      origin: (path): Origin => path.join("."),
      readFile: () => {
        throw new Error("no such file");
      },
    },
  );
  return { ...router, problems };
}

export function port(number: number, address = "127.0.0.1"): ListenerName {
  return { address, port: number };
}

export function socket(path: string): ListenerName {
  return { address: "", port: 0, path };
}

export function client(address?: string): { readonly client: ClientFacts } {
  return { client: address === undefined ? { standing: "unavailable" } : { address } };
}
