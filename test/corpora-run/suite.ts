// What running a suite of the corpora gives, and how its files are read. Judging is left to the suites.
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

/** A case that came out other than the suite says. */
export interface Difference {
  readonly name: string;
  readonly wanted: string;
  readonly got: string;
  /** The section of docs/checks.md that says why ours is right; absent = it is a fault. */
  readonly argued?: string;
}

export interface SuiteResult {
  readonly suite: string;
  readonly passed: number;
  readonly total: number;
  readonly differences: readonly Difference[];
}

/** A difference, or undefined where the case came out as it should. */
export type Judge<Case> = (name: string, value: Case) => Promise<Difference | undefined>;

export async function judgeAll<Case>(
  suite: string,
  cases: Iterable<readonly [string, Case]>,
  judge: Judge<Case>,
): Promise<SuiteResult> {
  const differences: Difference[] = [];
  let total = 0;
  for (const [name, value] of cases) {
    total += 1;
    const difference = await judge(name, value);
    if (difference !== undefined) differences.push(difference);
  }
  return { suite, passed: total - differences.length, total, differences };
}

/** The documents of a YAML file as plain data. */
export function readYaml<T>(path: string): T[] {
  return parseAllDocuments(readFileSync(path, "utf8"), { uniqueKeys: false })
    .map((document): T | null => document.toJS({ maxAliasCount: -1 }))
    .filter((document): document is T => document !== null);
}

/** Text of a YAML file as the octets of a mail: CRLF line ends. */
export function mailOctets(text: string): Buffer {
  return Buffer.from(text.replace(/\r?\n/g, "\r\n"), "utf8");
}
