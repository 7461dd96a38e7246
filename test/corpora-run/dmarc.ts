// Runs the DMARC suites: evaluations under both RFCs, records, and the public suffix list's own tests.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateDmarc, type Identifier } from "../../src/checks/dmarc.ts";
import { type DmarcMode, parseDmarcRecord } from "../../src/checks/dmarc-record.ts";
import { registrableDomain } from "../../src/checks/organizational-domain.ts";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { readJson } from "./corpora.ts";
import { judgeAll, type SuiteResult } from "./suite.ts";

interface Evaluation {
  readonly name: string;
  readonly from: string;
  readonly spf: { readonly result: Identifier["result"]; readonly domain: string | null };
  readonly dkim: readonly Identifier[];
  readonly dns: unknown;
  readonly expected: {
    readonly result: string;
    readonly policy?: string;
    readonly policy_domain?: string;
    readonly spf_aligned?: boolean;
    readonly dkim_aligned?: boolean;
  };
  readonly accept?: readonly string[];
  readonly spec: "both" | DmarcMode;
}
interface Records {
  readonly good: readonly {
    readonly record: string;
    readonly expected: { readonly p: string; readonly pct?: number };
  }[];
  readonly bad: readonly string[];
}

const argued: Readonly<Record<string, string>> = {
  "rspamd/dkim-relaxed-pass/rfc9989": "dmarc-differences",
  "rspamd/spf-relaxed-pass/rfc9989": "dmarc-differences",
};

export async function runDmarc(corpora: string): Promise<readonly SuiteResult[]> {
  const folder = join(corpora, "dmarc");
  return [await runEvaluations(folder), await runRecords(folder), await runSuffixes(folder)];
}

async function runEvaluations(folder: string): Promise<SuiteResult> {
  const modes: readonly DmarcMode[] = ["rfc7489", "rfc9989"];
  const cases = readJson<readonly Evaluation[]>(join(folder, "cases.json")).flatMap((value) =>
    modes
      .filter((mode) => value.spec === "both" || value.spec === mode)
      .map((mode) => [`${value.name}/${mode}`, { value, mode }] as const),
  );
  return judgeAll("dmarc/cases.json", cases, async (name, { value, mode }) => {
    const { from, spf, dkim, dns, expected, accept = [expected.result] } = value;
    const input = {
      authorDomain: from,
      identifiers: Promise.resolve({
        spf: spf.domain === null ? undefined : { result: spf.result, domain: spf.domain },
        dkim,
      }),
      sample: 0,
    };
    const got = await evaluateDmarc(mode, input, createFixedResolver(parseFixedZone(dns)));
    const equal =
      accept.includes(got.result) &&
      fits(expected.policy, got.policy) &&
      fits(expected.policy_domain, got.policyDomain) &&
      fits(expected.spf_aligned, got.spfAligned) &&
      fits(expected.dkim_aligned, got.dkimAligned);
    if (equal) return undefined;
    const reason = argued[name];
    return {
      name,
      wanted: JSON.stringify(expected),
      got: JSON.stringify(got),
      ...(reason === undefined ? {} : { argued: reason }),
    };
  });
}

function fits<V>(wanted: V | undefined, got: V): boolean {
  return wanted === undefined || wanted === got;
}

async function runRecords(folder: string): Promise<SuiteResult> {
  const { good, bad } = readJson<Records>(join(folder, "records.json"));
  const cases = [
    ...good.map(({ record, expected }) => [record, `${expected.p} ${expected.pct ?? 100}`] as const),
    ...bad.map((record) => [record, "unusable"] as const),
  ];
  return judgeAll("dmarc/records.json", cases, async (record, wanted) => {
    const parsed = parseDmarcRecord("rfc7489", record);
    const got = parsed === "unusable" ? parsed : `${parsed.p} ${parsed.pct}`;
    return got === wanted ? undefined : { name: record, wanted, got };
  });
}

async function runSuffixes(folder: string): Promise<SuiteResult> {
  const text = readFileSync(join(folder, "psl-test_psl.txt"), "utf8");
  const lines = [...text.matchAll(/^checkPublicSuffix\((null|'[^']*'), (null|'[^']*')\)/gm)];
  const cases = lines.map(([, name = "", wanted = ""]) => [unquote(name), unquote(wanted)] as const);
  return judgeAll("dmarc/psl-test_psl.txt", cases, async (name, wanted) => {
    const got = name === "" ? "" : (registrableDomain(name.toLowerCase()) ?? "");
    return got === wanted ? undefined : { name, wanted, got };
  });
}

function unquote(text: string): string {
  return text === "null" ? "" : text.slice(1, -1);
}
