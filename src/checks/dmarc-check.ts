// DMARC of a mail: the domains that From shows against what SPF and DKIM found, and what they ask for on failure.
import type { Finding } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";
import { splitAddress } from "../mail/address.ts";
import { type AuthorDoubt, authorDoubts, readAuthors } from "../mail/authors.ts";
import { domainOfOctets } from "../mail/domain.ts";
import { trustedSealer } from "./arc-check.ts";
import type { Check, CheckFacts, CheckInput } from "./check.ts";
import { type DmarcEvaluation, type DmarcReason, evaluateDmarc, type Identifier, type Identifiers } from "./dmarc.ts";
import type { DmarcPolicy } from "./dmarc-record.ts";
import { createRecordLookup } from "./dmarc-walk.ts";

/** The reason of a result that might as well be a pass as a failure: not all signatures were judged. */
export const tooManySignatures: DmarcReason = "too-many-signatures";

interface Evaluated {
  readonly domain: string;
  readonly evaluation: DmarcEvaluation;
}

/** `random` gives 0 up to, not with, 1: whether a mail is in the sample of pct= (RFC 7489 section 6.6.4). */
export function createDmarcCheck(random: () => number = Math.random): Check {
  return {
    name: "dmarc",
    isWanted: (bank) => bank.enable_dmarc_verification,
    async run(input, factsOf) {
      const { resolve, bank } = input;
      const { domains, doubt } = shownAuthors(input);
      const identifiers = identifiersOf(input, factsOf("spf"));
      // What From shows may be in doubt before these are known, and nobody waits for them then.
      identifiers.catch(() => {});
      const sample = random() * 100;
      const lookUpRecord = createRecordLookup(bank.dmarc_mode, resolve);
      const evaluated = await Promise.all(
        domains.map(async (domain): Promise<Evaluated> => {
          const question = { authorDomain: domain, identifiers, sample };
          return { domain, evaluation: await evaluateDmarc(bank.dmarc_mode, question, resolve, lookUpRecord) };
        }),
      );
      return { findings: [doubt === undefined ? clearFinding(evaluated) : doubtfulFinding(evaluated, doubt)] };
    },
  };
}

/** Where a mail has no From field above its body, the MTA behind us may write one of the envelope sender (Postfix does). */
function shownAuthors({ head, sender }: CheckInput): {
  readonly domains: readonly string[];
  readonly doubt?: AuthorDoubt;
} {
  const authors = readAuthors(head);
  if (authors.doubt !== "no-from" && head.cut !== "no-field-name") return authors;
  const { domain } = splitAddress(sender);
  if (domain === undefined || domain.startsWith("[") || authors.domains.includes(domain)) return authors;
  return { ...authors, domains: [...authors.domains, domain] };
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

function identifierOf({ result, reason, domain }: Verification): Identifier {
  return { result: reason === "too-many-signatures" ? "unjudged" : result, domain };
}

function clearFinding([evaluated]: readonly Evaluated[]): Finding {
  return evaluated === undefined ? permerror("no-from-domain") : dmarcFinding(evaluated, evaluated.evaluation.reason);
}

/**
 * Of a From that readers understand differently every domain counts: the strictest that failed is reported (RFC 7489 section
 * 6.6.1), or what could not be found out. Nothing makes such a From a pass.
 */
function doubtfulFinding(evaluated: readonly Evaluated[], doubt: AuthorDoubt): Finding {
  const [strictest] = evaluated.toSorted((a, b) => weightOf(b.evaluation) - weightOf(a.evaluation));
  return strictest === undefined || weightOf(strictest.evaluation) === 0
    ? permerror(doubt)
    : dmarcFinding(strictest, strictest.evaluation.result === "fail" ? doubt : strictest.evaluation.reason);
}

const weights: Readonly<Record<DmarcPolicy, number>> = { reject: 4, quarantine: 3, none: 1 };

function weightOf({ result, disposition = "none" }: DmarcEvaluation): number {
  if (result === "fail") return weights[disposition];
  return result === "temperror" ? 2 : 0;
}

function permerror(reason: string): Finding {
  return { method: "dmarc", result: "permerror", reason, properties: [] };
}

function dmarcFinding({ domain, evaluation }: Evaluated, reason: string | undefined): Finding {
  const { result, disposition, policyDomain, policy, spfAligned, dkimAligned } = evaluation;
  return {
    method: "dmarc",
    result,
    ...(reason === undefined ? {} : { reason }),
    properties: [
      { type: "header", name: "from", value: domain },
      // RFC 9989 section 9.1: the policy after its options were applied.
      ...(disposition === undefined ? [] : [{ type: "policy", name: "dmarc", value: disposition } as const]),
    ],
    evaluation: {
      ...(policyDomain === undefined ? {} : { policyDomain }),
      ...(policy === undefined ? {} : { policy }),
      spfAligned,
      dkimAligned,
    },
  };
}

/**
 * What the domains of From ask for this mail: "none" unless DMARC failed, or signatures were left that nobody looked at;
 * and for a mail whose ARC chain comes from trusted sealers, as long as it is clear whom they vouch for. The word a
 * `final_dmarc_destiny` is applied to.
 */
export function dmarcDisposition(findings: readonly Finding[]): DmarcPolicy {
  const dmarc = findings.find(({ method }) => method === "dmarc");
  if (dmarc === undefined || (dmarc.result !== "fail" && dmarc.reason !== tooManySignatures)) return "none";
  if (!isDoubt(dmarc.reason) && findings.some(isTrustedChain)) return "none";
  const asked = dmarc.properties.find(({ type, name }) => type === "policy" && name === "dmarc")?.value;
  return asked === "reject" || asked === "quarantine" ? asked : "none";
}

function isTrustedChain({ method, result, reason }: Finding): boolean {
  return method === "arc" && result === "pass" && reason === trustedSealer;
}

function isDoubt(reason: string | undefined): boolean {
  return authorDoubts.some((doubt) => doubt === reason);
}
