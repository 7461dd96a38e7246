// What checks found, as lines for a terminal: which name was asked for, by how much a time is off, what DMARC compared.
import type { Finding } from "../../authres/finding.ts";
import type { Verification } from "../../dkim/engine.ts";
import { meaningLines, type WordKind, wordOf } from "../words/all-words.ts";
import { visible } from "./log-line.ts";
import { askedOf, type Surroundings } from "./surroundings.ts";

export interface FindingContext {
  /** When the mail was received: epoch, milliseconds. */
  readonly atMs: number;
  readonly surroundings: Surroundings;
  /** What shows who may have changed the mail (`signsOfChange`). */
  readonly changeHints?: readonly string[];
  /** final_dmarc_destiny of the bank in force, where it is still known. */
  readonly dmarcDestiny?: string;
  /** Mail of ours: nothing follows from DMARC. */
  readonly originating?: boolean;
  /** For whom SPF was asked. */
  readonly client?: string;
}

type Told = readonly Verification[];

/** Signatures from top to bottom, each with what its reason means. */
export function verificationLines(verifications: Told, context: FindingContext): readonly string[] {
  const lines: string[] = [];
  let hintsAreTold = false;
  for (const verification of verifications) {
    const { kind, result, reason, domain, selector, algorithm, keyBits } = verification;
    const key = keyBits === undefined ? "" : `, ${keyBits}-bit key`;
    const why = reason === undefined ? "" : `: ${reason}`;
    lines.push(`${kind}=${result} d=${visible(domain)} s=${visible(selector)} (${visible(algorithm)}${key})${why}`);
    if (reason !== undefined) {
      const detail = detailOf(verification, context);
      if (detail !== "") lines.push(`  ${detail}`);
      lines.push(...meaningLines(wordOf("failure", reason)));
    }
    for (const name of verification.unsignedInstances ?? [])
      lines.push(`  a field is there that is not signed: ${visible(name)}`);
    const { changeHints = [] } = context;
    if ((reason === "body-hash-mismatch" || reason === "signature-mismatch") && changeHints.length > 0) {
      if (!hintsAreTold)
        lines.push("  Signs of a change on the way:", ...changeHints.map((hint) => `    ${visible(hint)}`));
      hintsAreTold = true;
    }
  }
  return lines;
}

const aboutKey = /^(?:no-key|key-(?!to)|too-many-key-records|weak-key)/;

function detailOf(
  {
    reason = "not-judged",
    domain,
    selector,
    expiresAt,
    signedAt,
    keyBits,
    missingTag,
  }: Omit<Verification, "reason"> & { readonly reason?: string },
  { atMs, surroundings }: FindingContext,
): string {
  if (reason === "expired" && expiresAt !== undefined) {
    return `x= is ${moment(expiresAt)}, the mail came at ${moment(atMs / 1000)}: ${span(atMs / 1000 - expiresAt)} too late`;
  }
  if (reason === "signed-in-the-future" && signedAt !== undefined) {
    return `t= is ${moment(signedAt)}, the clock here said ${moment(atMs / 1000)}: ${span(signedAt - atMs / 1000)} ahead`;
  }
  if (reason === "weak-key" && keyBits !== undefined) return `the key has ${keyBits} bits`;
  if (missingTag !== undefined) return `${missingTag}= is missing`;
  if (!aboutKey.test(reason) || selector === "") return "";
  return `TXT ${visible(selector)}._domainkey.${visible(domain)}${askedOf(surroundings)}`;
}

/** What is said without a signature of its own: SPF, DMARC, ARC, and DKIM where nothing was judged. */
export function findingLines(
  findings: readonly Finding[],
  verifications: Told,
  context: FindingContext,
): readonly string[] {
  return findings.flatMap((finding) => {
    const { method } = finding;
    if (method === "dkim" || method === "domainkeys") return [];
    if (method === "dmarc") return dmarcLines(finding, findings, verifications, context);
    if (method === "spf") return spfLines(finding, context);
    return plainLines(finding, method === "arc" ? "arc" : "result");
  });
}

function plainLines({ method, result, reason }: Finding, kind: WordKind): readonly string[] {
  const head = `${method}=${result}${reason === undefined ? "" : ` (${reason})`}`;
  return [head, ...(reason === undefined ? [] : meaningLines(wordOf(kind, reason)))];
}

function spfLines(finding: Finding, { client }: FindingContext): readonly string[] {
  const { result, reason, matched } = finding;
  const identity = finding.properties.find(({ name }) => name === "mailfrom" || name === "helo");
  const who = identity === undefined ? "" : ` ${identity.type}.${identity.name}=${visible(identity.value)}`;
  const by = client === undefined ? "" : ` client ${visible(client)}`;
  const word = reason === undefined ? undefined : wordOf("spf", reason);
  const isPlain = result === "pass" || result === "none";
  return [
    `spf=${result}${reason === undefined ? "" : ` (${reason})`}${who}${by}`,
    ...(matched === undefined ? [] : [`  The record's term that matched: ${visible(matched)}`]),
    ...meaningLines(word ?? (isPlain ? undefined : wordOf("spfResult", result))),
  ];
}

function dmarcLines(
  finding: Finding,
  findings: readonly Finding[],
  verifications: Told,
  context: FindingContext,
): readonly string[] {
  const { result, reason, evaluation } = finding;
  const author = propertyOf(finding, "header", "from");
  const lines = [
    `dmarc=${result}${reason === undefined ? "" : ` (${reason})`}${author === undefined ? "" : ` header.from=${author}`}`,
  ];
  const word = reason === undefined ? undefined : wordOf("dmarc", reason);
  if (evaluation !== undefined) {
    // Without a policy nobody looked whether anything is aligned.
    if (evaluation.policyDomain !== undefined)
      lines.push(
        `  ${spfAlignment(findings, author, evaluation.spfAligned)}; ${dkimAlignment(verifications, author, evaluation.dkimAligned)}.`,
      );
    lines.push(...policyLines(finding, evaluation, context));
  }
  if (context.originating === true) lines.push("  The mail is ours (originating): nothing follows from this result.");
  else if (word !== undefined) lines.push(...meaningLines(word));
  else if (result === "fail")
    lines.push(
      "  Next: if the mail is genuine, its domain has to let SPF pass for this client or sign with DKIM; a forwarder or list may have broken both.",
    );
  return lines;
}

function spfAlignment(findings: readonly Finding[], author: string | undefined, isAligned: boolean): string {
  const spf = findings.find(({ method }) => method === "spf");
  if (spf === undefined) return "SPF was not asked";
  const identity = propertyOf(spf, "smtp", "mailfrom") ?? propertyOf(spf, "smtp", "helo") ?? "the sender";
  const domain = identity.slice(identity.lastIndexOf("@") + 1);
  if (isAligned) return `SPF passed for ${domain}, which is aligned`;
  if (spf.result !== "pass") return `SPF did not pass (${spf.result} for ${domain})`;
  return `SPF passed for ${domain}, which is not aligned with ${author ?? "the author"}`;
}

function dkimAlignment(verifications: Told, author: string | undefined, isAligned: boolean): string {
  const passed = [
    ...new Set(
      verifications.flatMap(({ kind, result, domain }) =>
        kind === "dkim" && result === "pass" ? visible(domain) : [],
      ),
    ),
  ];
  const who = author ?? "the author";
  if (isAligned) return `DKIM passed for ${passed.join(", ")}, aligned with ${who}`;
  if (passed.length > 0) return `DKIM passed for ${passed.join(", ")}, not aligned with ${who}`;
  return verifications.length === 0 ? "there is no DKIM signature" : `no DKIM signature of ${who} passed`;
}

function policyLines(
  finding: Finding,
  { policyDomain, policy }: NonNullable<Finding["evaluation"]>,
  { dmarcDestiny, surroundings }: FindingContext,
): readonly string[] {
  if (policyDomain === undefined || policy === undefined) return [];
  const asked = propertyOf(finding, "policy", "dmarc") ?? policy;
  const softer = asked === policy ? "" : `, ${asked} for this mail (pct= or t=y)`;
  const record = `TXT _dmarc.${visible(policyDomain)}${askedOf(surroundings)}`;
  const lines = [`  The domain's policy is ${policy}${softer} (${record}).`];
  if (finding.result !== "fail" || dmarcDestiny === undefined) return lines;
  const acts = asked === "reject" && dmarcDestiny !== "D_PASS";
  lines.push(
    acts
      ? `  final_dmarc_destiny is ${dmarcDestiny}, which refuses such mail unless it is ours or a trusted ARC sealer vouches for it.`
      : `  final_dmarc_destiny is ${dmarcDestiny}${asked === "reject" ? "" : ", which acts on the policy reject alone"}: the mail was not refused for it.`,
  );
  return lines;
}

function propertyOf({ properties }: Finding, type: string, name: string): string | undefined {
  const value = properties.find((each) => each.type === type && each.name === name)?.value;
  return value === undefined ? undefined : visible(value);
}

/** Epoch seconds as "2026-11-29 09:15:00 UTC"; a number that is no date stays one. */
function moment(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

const units = [
  ["days", 86_400],
  ["hours", 3600],
  ["minutes", 60],
] as const;

/** "2.5 hours", "40 seconds". */
function span(seconds: number): string {
  for (const [name, size] of units) if (seconds >= 2 * size) return `${Number((seconds / size).toFixed(1))} ${name}`;
  return `${Math.round(seconds)} seconds`;
}
