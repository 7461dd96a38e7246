// Runs the SPF suites (RFC 7208, RFC 4408, pyspf's own) through the worker's evaluation.
import { join } from "node:path";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import type { Resolve } from "../../src/rr/answer.ts";
import { evaluateSpf } from "../../workers/mailauth-spf.ts";
import { type Difference, judgeAll, readYaml, type SuiteResult } from "./suite.ts";

interface SpfCase {
  readonly host: string;
  readonly helo: string;
  readonly mailfrom: string;
  readonly result: string | readonly string[];
}
type ZoneRecord = "TIMEOUT" | Readonly<Record<string, string | readonly (string | number)[]>>;
interface SpfScenario {
  readonly tests: Readonly<Record<string, SpfCase>>;
  readonly zonedata?: Readonly<Record<string, readonly ZoneRecord[]>>;
}

const files = ["rfc7208-tests.yml", "rfc7208-tests-mailauth.yml", "rfc4408-tests.yml", "pyspf-extra.yml"];

/** Where the suite wants what RFC 7208 does not. */
const argued: Readonly<Record<string, string>> = {
  "pyspf-extra.yml/default-modifier": "spf-differences",
  "pyspf-extra.yml/default-modifier-harsh": "spf-differences",
};

export async function runSpf(corpora: string): Promise<readonly SuiteResult[]> {
  const results: SuiteResult[] = [];
  for (const file of files) {
    const scenarios = readYaml<SpfScenario>(join(corpora, "spf", file));
    const cases = scenarios.flatMap(({ tests, zonedata = {} }) => {
      const resolve = createZoneResolve(zonedata);
      return Object.entries(tests).map(([name, test]) => [name, { test, resolve }] as const);
    });
    results.push(
      await judgeAll(`spf/${file}`, cases, async (name, { test, resolve }): Promise<Difference | undefined> => {
        const { host, helo, mailfrom: sender, result } = test;
        const report = await evaluateSpf(
          { address: host, helo, sender: Buffer.from(sender, "utf8").toString("latin1"), receiver: "mx.example.org" },
          resolve,
        );
        const wanted = [result].flat();
        if (wanted.includes(report.result)) return undefined;
        const reason = argued[`${file}/${name}`];
        const got = `${report.result} ${report.reason ?? ""}`;
        return { name, wanted: wanted.join("|"), got, ...(reason === undefined ? {} : { argued: reason }) };
      }),
    );
  }
  return results;
}

/** The zone of a scenario: where a name has no TXT record, its SPF one stands for it. */
function createZoneResolve(zonedata: Readonly<Record<string, readonly ZoneRecord[]>>): Resolve {
  const zone: Record<string, Record<string, unknown>> = {};
  for (const [name, entries] of Object.entries(zonedata)) {
    const records: Record<string, unknown> = {};
    const values = (type: string) =>
      entries.flatMap((entry) => (entry === "TIMEOUT" || entry[type] === undefined ? [] : [entry[type]]));
    for (const type of ["A", "AAAA", "CNAME", "PTR", "MX"]) {
      if (values(type).length > 0) records[type] = values(type);
    }
    const texts = values("TXT").length > 0 ? values("TXT") : values("SPF");
    const readable = texts.filter((text) => text !== "NONE" && text !== "TIMEOUT");
    if (readable.length > 0) records["TXT"] = readable.map((text) => [text].flat());
    if (entries.includes("TIMEOUT") || texts.includes("TIMEOUT")) records["rcode"] = "TIMEOUT";
    zone[name] = records;
  }
  return createFixedResolver(parseFixedZone(zone));
}
