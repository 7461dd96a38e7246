// Why a mail went as it did: banks, what each map yielded and by which line, signatures and what they were worth, who
// might have signed, what reputation and lists say. Worked out from an Outcome when somebody asks, never before.
import { splitAddress } from "../../mail/address.ts";
import type { AuthorDoubt } from "../../mail/authors.ts";
import { clientAddress } from "../../mail/client.ts";
import type { SurvivalRecord } from "../../mail/survival.ts";
import type { LoadedBank, PolicyBank } from "../../policy/bank.ts";
import { explainMaps, type MapYield } from "../../policy/explain.ts";
import {
  type Listing,
  listing,
  reputationStep,
  type ScoreStep,
  scoreBeforeLists,
  senderScoreStep,
  verifiedDomains,
} from "../../policy/scores.ts";
import { type SignatureStanding, signatureStanding } from "../../policy/signature-standing.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import type { SealRecord, SigningRecord } from "../mail.ts";
import { readKeptAuthors } from "./evidence.ts";
import type { Evidence, Outcome } from "./outcome.ts";
import { octetsAsText, toldCandidate } from "./record.ts";

export interface ExplainedSignature {
  readonly domain: string;
  readonly selector: string;
  readonly result: string;
  /** Whether banks, reputation and lists go by it; else why not. */
  readonly standing: SignatureStanding;
}

/** What lists and reputation did to a recipient's spam score; what they would do to 0, where there was none. */
export interface ExplainedScore {
  readonly recipient: string;
  /** The score that was found: before lists and reputation, and after. */
  readonly found?: { readonly start: number; readonly score: number };
  readonly steps: readonly ScoreStep[];
  readonly listing?: Listing;
}

export interface Explanation {
  /** The client's address as banks see it: 0.0.0.0 for mail of the MTA's own host, "not told" without XFORWARD. */
  readonly client: string;
  readonly authors: readonly string[];
  /** Why the authors are not believed, whatever is signed. */
  readonly authorDoubt?: AuthorDoubt | Evidence["unread"];
  /** Banks in the order they were loaded. */
  readonly banks: readonly LoadedBank[];
  readonly originating: boolean;
  readonly signatures: readonly ExplainedSignature[];
  /** What the maps of the bank in force yield; those that yield nothing are left out. */
  readonly maps: readonly MapYield[];
  readonly signing: { readonly signatures: readonly SigningRecord[]; readonly candidates: readonly CandidateFact[] };
  readonly seal?: SealRecord;
  readonly survival?: SurvivalRecord;
  readonly scores: readonly ExplainedScore[];
}

/** Costs a lookup in every map per address: for a command that asks about one mail. */
export function explainOutcome(outcome: Outcome): Explanation {
  const { evidence, session, loaded, originating, signings, seal, survival, sender, verifications } = outcome;
  const { bank, unread, candidates } = evidence;
  const client = clientAddress(session.client) ?? "not told";
  const { mailboxes, doubt } = readKeptAuthors(evidence);
  const authors = unread === undefined ? mailboxes.map(({ address }) => address) : [];
  const authorDoubt = unread ?? doubt;
  const signatures = verifications.map((each) => ({
    domain: each.domain,
    selector: each.selector,
    result: each.result,
    standing: bank === undefined ? ("not-pass" as const) : signatureStanding(bank, each),
  }));
  const recipients = [...new Set(outcome.recipients.map(({ address }) => address))];
  const signers = signatures.flatMap(({ standing, domain }) => (standing === "counts" ? domain : []));
  const contents = new Map(
    outcome.recipients.flatMap(({ address, content }) =>
      content === undefined ? [] : [[address, content.all] as const],
    ),
  );
  const addresses = { recipients, sender, authors, contents, signers: [...new Set(signers)] };
  return {
    client,
    authors: authors.map(octetsAsText),
    ...(authorDoubt === undefined ? {} : { authorDoubt }),
    banks: loaded,
    originating,
    signatures,
    maps: bank === undefined ? [] : explainMaps(bank, addresses, client).map(readable),
    signing: { signatures: signings, candidates: candidates.map(toldCandidate) },
    ...(seal === undefined ? {} : { seal }),
    ...(survival === undefined ? {} : { survival }),
    scores: bank === undefined ? [] : recipients.flatMap((recipient) => scoresOf(bank, outcome, recipient, authors)),
  };
}

function readable(yielded: MapYield): MapYield {
  return { ...yielded, address: octetsAsText(yielded.address) };
}

function scoresOf(
  bank: PolicyBank,
  { sender, verifications, findings, recipients }: Outcome,
  recipient: string,
  authors: readonly string[],
): readonly ExplainedScore[] {
  const senders = [...new Set([sender, ...authors])];
  const scored = recipients.find(({ address }) => address === recipient)?.content?.score;
  const found = scored === undefined ? undefined : { start: scoreBeforeLists(scored), score: scored.score };
  const start = found?.start ?? 0;
  const steps: ScoreStep[] = [];
  const soft = senderScoreStep(bank, recipient, senders, start);
  if (soft !== undefined) steps.push(soft);
  const reputation = reputationStep(bank, verifications, soft?.score ?? start);
  if (reputation !== undefined) steps.push(reputation);
  const spfPass = findings.some(({ method, result }) => method === "spf" && result === "pass");
  const verified = verifiedDomains(bank, verifications, spfPass ? splitAddress(sender).domain : undefined);
  const listed = listing(bank, recipient, senders, verified);
  if (steps.length === 0 && listed === undefined) return [];
  return [
    {
      recipient: octetsAsText(recipient),
      ...(found === undefined ? {} : { found }),
      steps,
      ...(listed === undefined ? {} : { listing: listed }),
    },
  ];
}
