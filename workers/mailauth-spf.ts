// SPF (RFC 7208) by mailauth's evaluation in its strict mode, with our limits, our resolver and our words for the outcome.
// The function around it takes domains of letters, digits and hyphens alone; others send mail too, and macros see them.
import { type SpfFound, spfVerify } from "mailauth/lib/spf/spf-verify.js";
import { isValidTargetName, parseIp } from "mailauth/lib/spf/syntax.js";
import type { SpfJob, SpfReason, SpfReport } from "../src/authres/authenticator.ts";
import { splitAddress } from "../src/mail/address.ts";
import { decodeUtf8, domainOfOctets } from "../src/mail/domain.ts";
import type { Resolve } from "../src/rr/answer.ts";
import { resolveKnown } from "../src/rr/known-answers.ts";
import { createMailauthResolver } from "./mailauth-resolver.ts";
import { createSpfLookups, type SpfCounts, spfResultOf } from "./spf-lookups.ts";

/** RFC 7208 section 4.6.4. */
const limits = { lookups: 10, emptyAnswers: 2 };
/** RFC 7208 section 4.6.4 asks for at least 20 s. */
const maxElapsedMs = 20_000;
/** A longer name is none (RFC 5321 section 4.5.3.1): it is not even looked at. */
const maxPathChars = 512;
/** Of a term that is told. */
const maxTermChars = 100;

/** Evaluates SPF for a client. Never rejects. */
export async function evaluateSpf(job: SpfJob, resolve: Resolve): Promise<SpfReport> {
  const identity = job.sender === "" ? "helo" : "mailfrom";
  const domain = identity === "helo" ? (domainOfOctets(job.helo) ?? "") : (splitAddress(job.sender).domain ?? "");
  const base = { identity, domain: domain.startsWith("[") ? "" : domain } as const;
  // Nothing that could have a record (RFC 7208 section 4.3).
  if (!isValidTargetName(base.domain) || job.sender.length > maxPathChars) return { ...base, result: "none" };
  const dns = createMailauthResolver(resolveKnown(job.known ?? [], resolve));
  const lookups = createSpfLookups(dns.resolver, limits);
  try {
    const ip = unmapped(job.address);
    if (ip === undefined) return { ...base, result: "temperror", reason: "internal-error" };
    const evaluation = spfVerify(domain, {
      sender: identity === "helo" ? `postmaster@${domain}` : `${localPartOf(job.sender) || "postmaster"}@${domain}`,
      // A name may end in a dot; names in the DNS are asked for without it.
      helo: identity === "helo" ? domain : (decodeUtf8(job.helo) ?? "").replace(/\.$/, ""),
      ip,
      mta: job.receiver,
      strict: true,
      resolver: lookups.ask,
      createSubResolver: lookups.createSub,
      // The sender's explanation is never used.
      expResolver: async () => [],
    });
    const found = await inTime(evaluation);
    return found === "late" ? { ...base, result: "temperror", reason: "time-limit" } : { ...base, ...reported(found) };
  } catch (error) {
    return { ...base, ...reported(spfResultOf(error) ?? { error: "temperror" }) };
  }

  function reported(found: SpfFound): Pick<SpfReport, "result" | "reason" | "matched"> {
    const result = wordOf(found);
    const reason = reasonFor(result, lookups.counts(), dns.trouble !== undefined);
    const matched = matchedTerm(found);
    return { result, ...(reason === undefined ? {} : { reason }), ...(matched === "" ? {} : { matched }) };
  }
}

/** An IPv4 client stays one in its IPv6 form (RFC 7208 section 5); undefined where it is no address. */
function unmapped(address: string): string | undefined {
  const parsed = parseIp(address);
  if (parsed === null) return undefined;
  return parsed.kind() === "ipv6" && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : address.trim();
}

async function inTime<T>(work: Promise<T>): Promise<T | "late"> {
  const late = Promise.withResolvers<"late">();
  const timer = setTimeout(() => late.resolve("late"), maxElapsedMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

/** The local part as it stood, quotes and all: macros see it (RFC 7208 section 7.2). */
function localPartOf(path: string): string {
  const local = path.slice(0, path.lastIndexOf("@"));
  return decodeUtf8(local) ?? local;
}

const qualifiers = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" } as const;

/** Nothing that matched, and no redirect, is neutral (RFC 7208 section 4.7). */
function wordOf(found: SpfFound): SpfReport["result"] {
  if (found === false) return "neutral";
  if (found.qualifier !== undefined) return qualifiers[found.qualifier];
  return found.error === "none" || found.error === "permerror" ? found.error : "temperror";
}

/** As it stands in a record, shortened: "include:_spf.example.net, there ip4:192.0.2.0/24". "" where nothing matched. */
function matchedTerm(found: SpfFound): string {
  if (found === false || found.type === undefined) return "";
  const sign = found.qualifier === undefined || found.qualifier === "+" ? "" : found.qualifier;
  const value = found.val === undefined || found.val === "" ? "" : `:${found.val}`;
  const term = `${sign}${found.type}${value}`.slice(0, maxTermChars);
  const inner = found.include === undefined ? "" : matchedTerm(found.include);
  return inner === "" ? term : `${term}, there ${inner}`;
}

function reasonFor(
  result: SpfReport["result"],
  { asked, empty }: SpfCounts,
  hadTrouble: boolean,
): SpfReason | undefined {
  if (result === "temperror") return hadTrouble ? "dns-error" : "time-limit";
  if (result !== "permerror") return undefined;
  if (asked > limits.lookups) return "too-many-lookups";
  return empty > limits.emptyAnswers ? "too-many-void-lookups" : "record-error";
}
