// DMARC: which policy a domain asks for, and whether an aligned identifier passed. Evaluated by RFC 7489 (public
// suffix list) or by RFC 9989 (tree walk), as a setting says.
import type { AuthResult } from "../authres/finding.ts";
import type { Resolve } from "../rr/answer.ts";
import type { DmarcMode, DmarcPolicy, DmarcRecord } from "./dmarc-record.ts";
import { createRecordLookup, type LookUpRecord, organizationalDomainOf, type Walk, walkTree } from "./dmarc-walk.ts";
import { organizationalDomain } from "./organizational-domain.ts";

/** An authenticated identifier: SPF's MAIL FROM (or HELO) domain, or a signature's d=. A-labels in lower case. */
export interface Identifier {
  /** "unjudged": there are more signatures than are looked at. */
  readonly result: AuthResult | "unjudged";
  readonly domain: string;
}

export interface Identifiers {
  readonly spf: Identifier | undefined;
  readonly dkim: readonly Identifier[];
}

export interface DmarcInput {
  /** A domain that From shows; of a clear From the one there is. */
  readonly authorDomain: string;
  /** What SPF and DKIM found; the policy is looked up while these checks still run. */
  readonly identifiers: Promise<Identifiers>;
  /** 0 up to, not with, 100: whether this mail is among the pct= percent. */
  readonly sample: number;
}

/** Why DMARC came to no pass and no fail. */
export type DmarcReason =
  | "no-policy"
  | "several-records"
  | "dns-error"
  | "identifier-temperror"
  /** A signature that would align is among those that nobody looked at. */
  | "too-many-signatures";

export interface DmarcEvaluation {
  readonly mode: DmarcMode;
  readonly result: "none" | "pass" | "fail" | "temperror";
  readonly reason?: DmarcReason;
  /** Where the applied record stands; absent when there is none. */
  readonly policyDomain?: string;
  /** What the record says for the author domain: its p, sp or np. */
  readonly policy?: DmarcPolicy;
  /** What that comes to for this mail if it fails: `policy`, or one step less under t=y or pct=. */
  readonly disposition?: DmarcPolicy;
  readonly spfAligned: boolean;
  readonly dkimAligned: boolean;
}

/** One author can make this many identifiers walk the tree; those beyond do not align. */
const maxAlignmentWalks = 10;

/**
 * Evaluates one author domain by one of the two RFCs. Never rejects. Evaluations of one mail share their questions by
 * sharing `lookUpRecord`, which must be of the same mode.
 */
export function evaluateDmarc(
  mode: DmarcMode,
  input: DmarcInput,
  resolve: Resolve,
  lookUpRecord = createRecordLookup(mode, resolve),
): Promise<DmarcEvaluation> {
  return mode === "rfc7489" ? evaluateByList(input, lookUpRecord) : evaluateByWalk(input, lookUpRecord, resolve);
}

/** A policy record in force for the author domain, and how identifiers are compared with it. */
interface Applied {
  readonly mode: DmarcMode;
  readonly record: DmarcRecord;
  readonly policyDomain: string;
  readonly policy: DmarcPolicy;
  /** Relaxed alignment; undefined when the DNS did not answer. */
  aligns(domain: string): Promise<boolean | undefined>;
}

async function evaluateByList(input: DmarcInput, lookUpRecord: LookUpRecord): Promise<DmarcEvaluation> {
  const { authorDomain } = input;
  const authorOrganization = organizationalDomain(authorDomain);
  let policyDomain = authorDomain;
  let answer = await lookUpRecord(authorDomain);
  // RFC 7489 section 6.6.3: only a domain without any record has its organizational domain asked.
  if (answer.status === "none" && authorOrganization !== authorDomain) {
    policyDomain = authorOrganization;
    answer = await lookUpRecord(authorOrganization);
  }
  if (answer.status === "trouble") return unevaluated("rfc7489", "temperror", "dns-error");
  if (answer.status === "several") return unevaluated("rfc7489", "none", "several-records");
  if (answer.status !== "found") return unevaluated("rfc7489", "none", "no-policy");
  const { record } = answer;
  return conclude(input, {
    mode: "rfc7489",
    record,
    policyDomain,
    policy: policyDomain === authorDomain ? record.p : (record.sp ?? record.p),
    aligns: async (domain) => organizationalDomain(domain) === authorOrganization,
  });
}

async function evaluateByWalk(
  input: DmarcInput,
  lookUpRecord: LookUpRecord,
  resolve: Resolve,
): Promise<DmarcEvaluation> {
  const { authorDomain } = input;
  const walk = await walkTree(authorDomain, lookUpRecord);
  const organization = walk.trouble === undefined ? organizationalDomainOf(authorDomain, walk) : undefined;
  const applied = appliedStep(authorDomain, organization, walk);
  if (applied === undefined) {
    if (walk.trouble !== undefined) return unevaluated("rfc9989", "temperror", "dns-error");
    return unevaluated("rfc9989", "none", "no-policy");
  }
  const policy =
    applied.domain === authorDomain ? applied.record.p : await subdomainPolicy(authorDomain, applied.record, resolve);
  if (policy === undefined) return unevaluated("rfc9989", "temperror", "dns-error");
  return conclude(input, {
    mode: "rfc9989",
    record: applied.record,
    policyDomain: applied.domain,
    policy,
    aligns: alignmentByWalk(authorDomain, organization, lookUpRecord),
  });
}

/** Policy discovery, RFC 9989 section 4.10.1: the author domain's record, its organization's, the suffix's. */
function appliedStep(authorDomain: string, organization: string | undefined, { found }: Walk) {
  const own = found.find(({ domain }) => domain === authorDomain);
  if (own !== undefined || organization === undefined) return own;
  return found.find(({ domain }) => domain === organization) ?? found.find(({ record }) => record.psd === "y");
}

/** np for a subdomain that does not exist, else sp, else p; undefined when the DNS did not answer. */
async function subdomainPolicy(
  domain: string,
  { p, sp = p, np = sp }: DmarcRecord,
  resolve: Resolve,
): Promise<DmarcPolicy | undefined> {
  if (np === sp) return sp;
  const exists = await doesExist(domain, resolve);
  return exists === undefined ? undefined : exists ? sp : np;
}

/** RFC 9989 section 3.2.6 by RFC 8020: only NXDOMAIN says that a name does not exist. */
async function doesExist(domain: string, resolve: Resolve): Promise<boolean | undefined> {
  const address = await resolve(domain, "A");
  if (address.status === "trouble") return undefined;
  if (address.status !== "nxdomain") return true;
  // An alias to nowhere gives NXDOMAIN too (RFC 6604 section 3), yet the alias itself exists.
  const alias = await resolve(domain, "CNAME");
  return alias.status === "trouble" ? undefined : alias.status === "found";
}

/** Relaxed alignment by RFC 9989 section 4.10.2: the same organizational domain, found by a walk from each. */
function alignmentByWalk(
  authorDomain: string,
  organization: string | undefined,
  lookUpRecord: LookUpRecord,
): Applied["aligns"] {
  const organizations = new Map<string, Promise<string | undefined>>();
  return async (domain) => {
    if (domain === authorDomain) return true;
    if (organization === undefined) return shareTopLabel(domain, authorDomain) ? undefined : false;
    // An organizational domain is the name itself or above it, so others need no walk.
    if (domain !== organization && !domain.endsWith(`.${organization}`)) return false;
    let found = organizations.get(domain);
    if (found === undefined) {
      if (organizations.size === maxAlignmentWalks) return false;
      found = walkTree(domain, lookUpRecord).then((walk) =>
        walk.trouble === undefined ? organizationalDomainOf(domain, walk) : undefined,
      );
      organizations.set(domain, found);
    }
    const other = await found;
    return other === undefined ? undefined : other === organization;
  };
}

function shareTopLabel(a: string, b: string): boolean {
  return a.slice(a.lastIndexOf(".") + 1) === b.slice(b.lastIndexOf(".") + 1);
}

async function conclude(input: DmarcInput, applied: Applied): Promise<DmarcEvaluation> {
  const { mode, record, policyDomain, policy } = applied;
  const { spf: spfIdentifier, dkim: dkimIdentifiers } = await input.identifiers;
  const spfIdentifiers = spfIdentifier === undefined ? [] : [spfIdentifier];
  const spf = await alignmentOf(spfIdentifiers, record.aspf, input.authorDomain, applied);
  const dkim = await alignmentOf(dkimIdentifiers, record.adkim, input.authorDomain, applied);
  const common = {
    mode,
    policyDomain,
    policy,
    disposition: dispositionOf(applied, input.sample),
    spfAligned: spf === "pass",
    dkimAligned: dkim === "pass",
  };
  if (common.spfAligned || common.dkimAligned) return { ...common, result: "pass" };
  if (spf === "dns-error" || dkim === "dns-error") return { ...common, result: "temperror", reason: "dns-error" };
  if (dkim === "unjudged") return { ...common, result: "temperror", reason: "too-many-signatures" };
  if (spf === "temperror" || dkim === "temperror") {
    // What could have passed was not evaluated: refusing the mail now would punish the DNS's trouble.
    return { ...common, result: "temperror", reason: "identifier-temperror" };
  }
  return { ...common, result: "fail" };
}

/** What the identifiers of one method come to: an aligned pass, an aligned one that nobody knows of, or nothing. */
async function alignmentOf(
  identifiers: readonly Identifier[],
  mode: DmarcRecord["adkim"],
  authorDomain: string,
  { aligns }: Applied,
): Promise<"pass" | Unknown | "none"> {
  let outcome: Unknown | "none" = "none";
  // In this order: walks are few, and what passed must not go without because of what did not.
  for (const kind of ["pass", "temperror", "unjudged"] as const) {
    for (const { result, domain } of identifiers) {
      if (result !== kind || domain === "") continue;
      const aligned = mode === "strict" ? domain === authorDomain : await aligns(domain);
      if (aligned === true && kind === "pass") return "pass";
      if (aligned === undefined && kind === "pass") outcome = "dns-error";
      if (aligned !== false && kind !== "pass" && outcome === "none") outcome = kind;
    }
  }
  return outcome;
}

type Unknown = "temperror" | "dns-error" | "unjudged";

const oneStepLess = { reject: "quarantine", quarantine: "none", none: "none" } as const;

function dispositionOf({ mode, record, policy }: Applied, sample: number): DmarcPolicy {
  // RFC 9989 section 4.7 "t"; RFC 7489 section 6.6.4: mail outside the sample gets the next lower policy.
  const lowered = mode === "rfc9989" ? record.testing : sample >= record.pct;
  return lowered ? oneStepLess[policy] : policy;
}

function unevaluated(mode: DmarcMode, result: "none" | "temperror", reason: DmarcReason): DmarcEvaluation {
  return { mode, result, reason, spfAligned: false, dkimAligned: false };
}
