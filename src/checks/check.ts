// What a check is: it looks at a mail and changes nothing. All checks of a mail start when its header is in and wait
// for what they need; what follows from the facts they give is decided by others.
import type { Finding } from "../authres/finding.ts";
import type { Verification } from "../dkim/engine.ts";
import type { ContentFacts } from "../mail/content.ts";
import type { BodyDigestSpec, BodySource } from "../mail/digest.ts";
import type { Message, MessageHead } from "../mail/message.ts";
import type { ClientFacts, Path } from "../mail/transaction.ts";
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
  readonly dkim_clock_drift: number;
}

/** What a check finds out. What is not a result in the sense of RFC 8601 gets a field of its own. */
export interface CheckFacts {
  readonly findings: readonly Finding[];
}

/** All that is found out about a mail. */
export interface Facts extends CheckFacts {
  /** DKIM and DomainKeys signatures, judged. */
  readonly verifications: readonly Verification[];
  /** What is in the mail: parts, viruses, spam, faults of its header section. */
  readonly content: ContentFacts;
}

export const noFacts: Facts = { findings: [], verifications: [], content: {} };

/** A mail as checks see it. */
export interface CheckInput {
  /** The client that gave the mail to our MTA, as XFORWARD names it. */
  readonly client: ClientFacts;
  /** The reverse-path, verbatim; "" for the null one. */
  readonly sender: string;
  readonly recipients: readonly Path[];
  readonly head: MessageHead;
  readonly bank: CheckBank;
  /** The DNS, as far as this mail may ask it. */
  readonly resolve: Resolve;
  /** Epoch seconds. */
  readonly now: number;
  /** The DKIM signatures once they are judged; empty where none were. */
  readonly verifications: Promise<readonly Verification[]>;
  /** The whole message, once it is in: its octets, or the spool file they lie in. */
  message(): Promise<Message>;
  /** The body of a short message, or the digests that `digests` asked for, once it is in. */
  body(): Promise<BodySource>;
}

export interface Check {
  readonly name: string;
  /** Whether a recipient is to have it; it runs, for all, when one is. */
  isWanted(bank: CheckBank, recipient: string): boolean;
  /** Body digests that the check will need for this header. */
  digests?(head: MessageHead): readonly BodyDigestSpec[];
  /** Never rejects unless one of the input's promises does. `factsOf` gives another check's facts, none if it is off. */
  run(input: CheckInput, factsOf: (name: string) => Promise<CheckFacts>): Promise<CheckFacts>;
}

/** The checks that one of the recipients is to have. */
export function wantedChecks(checks: readonly Check[], bank: CheckBank, recipients: readonly Path[]): readonly Check[] {
  const wanted: Check[] = [];
  for (const check of checks) {
    for (const { address } of recipients) {
      if (!check.isWanted(bank, address)) continue;
      wanted.push(check);
      break;
    }
  }
  return wanted;
}

/** Runs checks at once; what they find comes in the order of the list. */
export async function runChecks(checks: readonly Check[], input: CheckInput): Promise<CheckFacts> {
  const running = new Map<string, Promise<CheckFacts>>();
  // Lazily, so that a check may wait for one that stands after it in the list.
  const factsOf = (name: string): Promise<CheckFacts> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const facts = checks.find((other) => other.name === name)?.run(input, factsOf) ?? Promise.resolve(noFacts);
    running.set(name, facts);
    return facts;
  };
  const found = await Promise.all(checks.map(({ name }) => factsOf(name)));
  return { findings: found.flatMap(({ findings }) => findings) };
}
