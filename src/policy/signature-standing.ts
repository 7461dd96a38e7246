// Which signatures count when trust follows from them: for banks by author, reputation and white lists.
import type { Verification } from "../dkim/engine.ts";
import type { PolicyBank } from "./bank.ts";

/**
 * Whether a signature counts, and if not why:
 * - "not-pass": it did not verify, or the verifier would not accept it (weak, l=, expired, …);
 * - "domainkeys": RFC 4870, and dk_counts is off;
 * - "weak-algorithm": rsa-sha1, even where dkim_rsa_sha1 lets it pass;
 * - "short-key": an RSA key below dkim_minimum_key_bits;
 * - "testing": t=y in the key record, the domain does not stand by it yet;
 * - "unsigned-instances": fields were added that the signature says nothing about.
 */
export type SignatureStanding =
  | "counts"
  | "not-pass"
  | "domainkeys"
  | "weak-algorithm"
  | "short-key"
  | "testing"
  | "unsigned-instances";

type StandingSettings = Pick<PolicyBank, "dk_counts" | "dkim_minimum_key_bits">;

export function signatureStanding(bank: StandingSettings, verification: Verification): SignatureStanding {
  const { kind, result, algorithm, keyBits, testing, unsignedInstances } = verification;
  if (result !== "pass") return "not-pass";
  if (kind === "domainkeys" && !bank.dk_counts) return "domainkeys";
  // DomainKeys knows no other algorithm; who lets it count knows that.
  if (kind === "dkim" && algorithm === "rsa-sha1") return "weak-algorithm";
  if (algorithm.startsWith("rsa") && (keyBits ?? 0) < bank.dkim_minimum_key_bits) return "short-key";
  if (testing === true) return "testing";
  return unsignedInstances !== undefined && unsignedInstances.length > 0 ? "unsigned-instances" : "counts";
}

/** The signatures that count, in the order of the header. */
export function countedSignatures(
  bank: StandingSettings,
  verifications: readonly Verification[],
): readonly Verification[] {
  return verifications.filter((verification) => signatureStanding(bank, verification) === "counts");
}
