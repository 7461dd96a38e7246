// DMARC of a mail: its author's domain against what SPF and DKIM found, and what the domain asks for on failure.
import type { AuthResult, Finding } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";
import { splitAddress } from "../mail/address.ts";
import { readAuthors } from "../mail/authors.ts";
import { domainOfOctets } from "../mail/domain.ts";
import { trustedSealer } from "./arc-check.ts";
import type { Check, CheckFacts, CheckInput } from "./check.ts";
import { type DmarcEvaluation, evaluateDmarc, type Identifier, type Identifiers } from "./dmarc.ts";

/** `random` gives 0 up to, not with, 1: whether a mail is in the sample of pct= (RFC 7489 section 6.6.4). */
export function createDmarcCheck(random: () => number = Math.random): Check {
  return {
    name: "dmarc",
    isWanted: (bank) => bank.enable_dmarc_verification,
    async run(input, factsOf) {
      const { domains, doubt } = readAuthors(input.head);
      const [domain] = domains;
      if (doubt !== undefined || domain === undefined) {
        return {
          findings: [{ method: "dmarc", result: "permerror", reason: doubt ?? "no-from-domain", properties: [] }],
        };
      }
      const identifiers = identifiersOf(input, factsOf("spf"));
      const evaluations = await evaluateDmarc(
        { authorDomain: domain, identifiers, sample: random() * 100 },
        input.resolve,
      );
      return { findings: [dmarcFinding(evaluations[input.bank.dmarc_mode], domain)] };
    },
  };
}

/** DMARC looks at the MAIL FROM identity, or at HELO where there is no MAIL FROM (RFC 7489 section 4.1). */
async function identifiersOf(
  { sender, client, verifications }: CheckInput,
  spfFacts: Promise<CheckFacts>,
): Promise<Identifiers> {
  const [
    {
      findings: [spf],
    },
    signatures,
  ] = await Promise.all([spfFacts, verifications]);
  const spfDomain = sender === "" ? domainOfOctets(client.helo ?? "") : splitAddress(sender).domain;
  return {
    spf: spf === undefined || spfDomain === undefined ? undefined : { result: spf.result, domain: spfDomain },
    dkim: signatures.filter(({ kind }) => kind === "dkim").map(identifierOf),
  };
}

function identifierOf({ result, domain }: Verification): Identifier {
  return { result, domain };
}

function dmarcFinding({ result, reason, disposition }: DmarcEvaluation, domain: string): Finding {
  return {
    method: "dmarc",
    result,
    ...(reason === undefined ? {} : { reason }),
    properties: [
      { type: "header", name: "from", value: domain },
      // RFC 9989 section 9.1: the policy after its options were applied.
      ...(disposition === undefined ? [] : [{ type: "policy", name: "dmarc", value: disposition } as const]),
    ],
  };
}

/**
 * What the author's domain asks for this mail: "none" unless DMARC failed, and for a mail whose ARC chain comes from
 * trusted sealers. The word a `final_dmarc_destiny` is applied to.
 */
export function dmarcDisposition(findings: readonly Finding[]): "none" | "quarantine" | "reject" {
  const dmarc = findings.find(({ method }) => method === "dmarc");
  if (dmarc?.result !== ("fail" satisfies AuthResult)) return "none";
  if (
    findings.some(({ method, result, reason }) => method === "arc" && result === "pass" && reason === trustedSealer)
  ) {
    return "none";
  }
  const asked = dmarc.properties.find(({ type, name }) => type === "policy" && name === "dmarc")?.value;
  return asked === "reject" || asked === "quarantine" ? asked : "none";
}
