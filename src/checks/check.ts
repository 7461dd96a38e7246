// What a check is: it looks at a mail and changes nothing. All checks of a mail start when its header is in and wait
// for what they need; what follows from their findings is decided by others.
import type { Finding } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";
import type { BodyDigestSpec, BodySource } from "../mail/digest.ts";
import type { MessageHead } from "../mail/message.ts";
import type { ClientFacts } from "../mail/transaction.ts";
import type { Resolve } from "../rr/answer.ts";

/** What checks want to know of a policy bank. */
export interface CheckBank {
  readonly myhostname: string;
  readonly enable_spf_verification: boolean;
  readonly enable_dmarc_verification: boolean;
  readonly enable_arc_verification: boolean;
  readonly dmarc_mode: "rfc7489" | "rfc9989";
  /** Domains in lower case; ".example.com" with those below. */
  readonly arc_trusted_sealers: readonly string[];
  readonly arc_seal: boolean;
  readonly dkim_minimum_key_bits: number;
}

/** A mail as checks see it. */
export interface CheckInput {
  /** Who gave the mail to our MTA, as XFORWARD tells. */
  readonly client: ClientFacts;
  /** The reverse-path, verbatim; "" for the null one. */
  readonly sender: string;
  readonly head: MessageHead;
  readonly bank: CheckBank;
  /** The DNS, as far as this mail may ask it. */
  readonly resolve: Resolve;
  /** Epoch seconds. */
  readonly now: number;
  /** The DKIM signatures once they are judged; empty where none were. */
  readonly verifications: Promise<readonly Verification[]>;
  /** The body, or the digests that `digests` asked for, once it is in. */
  readonly body: Promise<BodySource>;
}

export interface Check {
  readonly name: string;
  isWanted(bank: CheckBank): boolean;
  /** Body digests that the check will need for this header. */
  digests?(head: MessageHead): readonly BodyDigestSpec[];
  /** Never rejects unless one of the input's promises does. `findingsOf` gives another check's findings, [] if off. */
  run(input: CheckInput, findingsOf: (name: string) => Promise<readonly Finding[]>): Promise<readonly Finding[]>;
}

/** The body digests that the wanted checks need. */
export function digestsForChecks(
  checks: readonly Check[],
  head: MessageHead,
  bank: CheckBank,
): readonly BodyDigestSpec[] {
  return checks.flatMap((check) => (check.isWanted(bank) ? (check.digests?.(head) ?? []) : []));
}

/** Runs the wanted checks at once; their findings come in the order of the list. */
export async function runChecks(checks: readonly Check[], input: CheckInput): Promise<readonly Finding[]> {
  const running = new Map<string, Promise<readonly Finding[]>>();
  // Lazily, so that a check may wait for one that stands after it in the list.
  const findingsOf = (name: string): Promise<readonly Finding[]> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const check = checks.find((other) => other.name === name);
    const findings = check?.isWanted(input.bank) ? check.run(input, findingsOf) : Promise.resolve([]);
    running.set(name, findings);
    return findings;
  };
  return (await Promise.all(checks.map(({ name }) => findingsOf(name)))).flat();
}
