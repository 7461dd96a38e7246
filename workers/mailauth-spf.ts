// SPF (RFC 7208) by mailauth in its strict mode, with our limits, our resolver and our words for the outcome.
import { spf } from "mailauth/lib/spf/index.js";
import type { SpfJob, SpfReason, SpfReport } from "../src/authres/authenticator.ts";
import { splitAddress } from "../src/mail/address.ts";
import { decodeUtf8, domainOfOctets } from "../src/mail/domain.ts";
import type { Resolve } from "../src/rr/answer.ts";
import { resolveKnown } from "../src/rr/known-answers.ts";
import { createMailauthResolver } from "./mailauth-resolver.ts";

/** RFC 7208 section 4.6.4. */
const maxLookups = 10;
const maxVoidLookups = 2;
/** RFC 7208 section 4.6.4 asks for at least 20 s. */
const maxElapsedMs = 20_000;
/** A longer name is none (RFC 5321 section 4.5.3.1): it is not even looked at. */
const maxPathChars = 512;

/** Evaluates SPF for a client. Never rejects. */
export async function evaluateSpf(job: SpfJob, resolve: Resolve): Promise<SpfReport> {
  const identity = job.sender === "" ? "helo" : "mailfrom";
  const domain = identity === "helo" ? (domainOfOctets(job.helo) ?? "") : (splitAddress(job.sender).domain ?? "");
  const base = { identity, domain: domain.startsWith("[") ? "" : domain } as const;
  // Nothing that could have a record (RFC 7208 section 4.3).
  if (base.domain === "" || job.sender.length > maxPathChars) return { ...base, result: "none" };
  const dns = createMailauthResolver(resolveKnown(job.known ?? [], resolve));
  const standIn = standInFor(domain);
  try {
    const { status, lookups } = await spf({
      sender: identity === "helo" ? "" : `${localPartOf(job.sender)}@${standIn.name}`,
      // A name may end in a dot; names in the DNS are asked for without it.
      helo: identity === "helo" ? standIn.name : (decodeUtf8(job.helo) ?? "").replace(/\.$/, ""),
      ip: job.address,
      mta: job.receiver,
      resolver: (name, type) => dns.resolver(standIn.undo(name), type),
      maxResolveCount: maxLookups,
      maxVoidCount: maxVoidLookups,
      maxElapsedTime: maxElapsedMs,
      strict: true,
    });
    const result = wordOf(status.result);
    const reason = reasonFor(result, lookups, dns.trouble !== undefined);
    return { ...base, result, ...(reason === undefined ? {} : { reason }) };
  } catch {
    return { ...base, result: "permerror", reason: "internal-error" };
  }
}

/**
 * mailauth evaluates domains of letters, digits and hyphens alone, yet domains with an underscore send mail and publish
 * SPF. Such a label has another stand for it, which is undone in every name that is asked for.
 */
function standInFor(domain: string) {
  const labels = domain.split(".");
  const replaced = new Map<string, string>();
  const name = labels
    .map((label, index) => {
      if (label === "" || index === labels.length - 1 || /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(label)) return label;
      const other = `q7x${index}z${label.length}`;
      replaced.set(other, label);
      return other;
    })
    .join(".");
  const undo = (asked: string) =>
    replaced.size === 0
      ? asked
      : asked
          .split(".")
          .map((label) => replaced.get(label.toLowerCase()) ?? label)
          .join(".");
  return { name, undo };
}

/** The local part as it stood, quotes and all: macros see it (RFC 7208 section 7.2). */
function localPartOf(path: string): string {
  const local = path.slice(0, path.lastIndexOf("@"));
  return decodeUtf8(local) ?? local;
}

function wordOf(result: string): SpfReport["result"] {
  switch (result) {
    case "none":
    case "neutral":
    case "pass":
    case "fail":
    case "softfail":
    case "permerror":
      return result;
    default:
      return "temperror";
  }
}

function reasonFor(
  result: SpfReport["result"],
  lookups: { readonly count?: number; readonly void?: number } | undefined,
  hadTrouble: boolean,
): SpfReason | undefined {
  if (result === "temperror") return hadTrouble ? "dns-error" : "time-limit";
  if (result !== "permerror") return undefined;
  if ((lookups?.count ?? 0) > maxLookups) return "too-many-lookups";
  return (lookups?.void ?? 0) > maxVoidLookups ? "too-many-void-lookups" : "record-error";
}
