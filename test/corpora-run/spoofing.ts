// Runs the messages made to fool a verifier through DKIM and all checks: none may come out as authenticated for the
// domain it pretends to be from, and what its Authentication-Results say must read back as one result per method.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAuthenticationResults } from "../../src/authres/parse.ts";
import { formatAuthenticationResults } from "../../src/authres/print.ts";
import { createChecks } from "../../src/checks/all.ts";
import { type CheckBank, runChecks } from "../../src/checks/check.ts";
import { dkimFindings } from "../../src/checks/dkim-findings.ts";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { splitHeader } from "../../src/mail/header.ts";
import { createLocalAuthenticator } from "../support/local-authenticator.ts";
import { type DnsData, readJson, splitMessage } from "./corpora.ts";
import { verifyOctets } from "./dkim-verify.ts";
import { judgeAll, type SuiteResult } from "./suite.ts";

const bank: CheckBank = {
  myhostname: "mx.victim.com",
  enable_spf_verification: true,
  enable_dmarc_verification: true,
  enable_arc_verification: true,
  dmarc_mode: "rfc9989",
  arc_trusted_sealers: [],
  arc_seal: false,
  dkim_minimum_key_bits: 1024,
  dkim_clock_drift: 300,
};

interface Cases {
  readonly client_ip: string;
  readonly cases: Readonly<Record<string, { readonly helo: string; readonly mailfrom: string }>>;
}

export async function runSpoofing(corpora: string): Promise<readonly SuiteResult[]> {
  const folder = join(corpora, "spoofing");
  const dns = readJson<DnsData>(folder, "dns.json");
  const resolve = createFixedResolver(parseFixedZone(dns));
  const checks = createChecks({ authenticator: createLocalAuthenticator(resolve) });
  const { client_ip, cases } = readJson<Cases>(folder, "cases.json");
  const suites: SuiteResult[] = [];
  for (const mode of ["rfc7489", "rfc9989"] as const) {
    suites.push(
      await judgeAll(`spoofing (${mode})`, Object.entries(cases), async (name, { helo, mailfrom }) => {
        const octets = readFileSync(join(folder, `${name}.eml`));
        const { header, body } = splitMessage(octets);
        const verifications = verifyOctets(octets, dns, 1_700_000_000);
        const head = { header, ...splitHeader(header) };
        const { findings } = await runChecks(checks, {
          resolve,
          client: { address: client_ip, helo },
          sender: mailfrom.replace(/^<|>$/g, ""),
          recipients: [],
          head,
          bank: { ...bank, dmarc_mode: mode },
          now: 1_700_000_000,
          verifications: Promise.resolve(verifications),
          message: async () => ({
            ...head,
            separator: "\r\n",
            body: { kind: "memory", sizeBytes: body.length, chunks: [body] },
          }),
          body: async () => ({ chunks: [body] }),
        });
        const all = [...dkimFindings(verifications), ...findings];
        const field = formatAuthenticationResults("mx.victim.com", all);
        const read = parseAuthenticationResults(field.slice(field.indexOf(":") + 1))?.results.map(
          ({ method, result }) => `${method}=${result}`,
        );
        const said = all.map(({ method, result }) => `${method}=${result}`);
        const isFooled = all.some(
          ({ method, result, properties }) =>
            result === "pass" &&
            (method === "dmarc" || properties.some(({ value }) => /(^|@)legitimate\.com$/.test(value))),
        );
        if (!isFooled && read?.join() === said.join()) return undefined;
        return { name, wanted: "not authenticated", got: field };
      }),
    );
  }
  return suites;
}
