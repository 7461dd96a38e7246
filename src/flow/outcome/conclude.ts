// The end of a mail: what was settled for each recipient becomes the reply to the final dot and the Outcome.
import type { Facts } from "../../checks/check.ts";
import type { Verification } from "../../dkim/engine.ts";
import { fieldBody, unfold } from "../../mail/header.ts";
import { messageSizeBytes } from "../../mail/message.ts";
import { oldestPublicAddress } from "../../mail/received.ts";
import type { Transaction } from "../../mail/transaction.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import { directionOf, isLocal } from "../../policy/router.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import { combineReplies, queuedAs, recipientReply } from "../../smtp/final-reply.ts";
import type { Settled, Signatures } from "../mail.ts";
import { verificationLogLines } from "./detail-lines.ts";
import { keepEvidence } from "./evidence.ts";
import type { Evidence, Outcome, RecipientOutcome } from "./outcome.ts";
import { scanRecord } from "./scan-record.ts";
import { signsOfChange } from "./signs-of-change.ts";

/** What is known when a mail ends; `bank` is missing when not even that could be found out. */
export interface Ending {
  readonly transaction: Transaction;
  readonly mailId: string;
  readonly bank: PolicyBank | undefined;
  readonly facts: Facts;
}

const noLines: readonly string[] = [];

export function conclude(
  ending: Ending,
  { signings, candidates = [], seal, survival, lines = noLines }: Signatures,
  settled: readonly Settled[],
  error?: unknown,
): Outcome {
  const { transaction, mailId, bank, facts } = ending;
  const { session, envelope, message, receivedAtMs, arrivedMs } = transaction;
  const logLevel = bank?.log_level ?? 0;
  const outcome: Draft<Outcome> = {
    session,
    mailId,
    sender: envelope.sender.address,
    recipients: settled.map((each, index) => recipientOutcome(each, envelope.recipients[index]?.address ?? "", bank)),
    messageId: messageId(transaction),
    sizeBytes: messageSizeBytes(message),
    headerOctets: message.header.length,
    bankPath: bank?.path ?? "",
    loaded: bank?.loaded ?? [],
    originating: bank?.originating ?? false,
    verifications: facts.verifications,
    findings: facts.findings,
    signings,
    evidence: evidenceOf(ending, candidates),
    logLevel,
    detailLines: logLevel < 2 ? noLines : [...verificationLogLines(ending), ...lines],
    reply: combineReplies(settled, session.id),
    queuedAs: queuedAs(settled),
    receivedAtMs,
    elapsedMs: performance.now() - arrivedMs,
  };
  const oldest = oldestPublicAddress(message.fields);
  if (oldest !== undefined) outcome.oldestPublicAddress = oldest;
  const scan = scanRecord(facts.content);
  if (scan !== undefined) outcome.scan = scan;
  if (seal !== undefined) outcome.seal = seal;
  if (survival !== undefined) outcome.survival = survival;
  if (session.protocol === "LMTP") outcome.recipientReplies = settled.map((word) => recipientReply(word, session.id));
  if (error !== undefined) outcome.error = error instanceof Error ? describe(error) : String(error);
  return outcome;
}

/** Optional parts are set one by one: spread into the literal they cost ten times as much, with every mail. */
type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Where a signature says that the mail was changed, what shows by whom is kept too. */
function evidenceOf({ transaction, bank, facts }: Ending, candidates: readonly CandidateFact[]): Evidence {
  const { message } = transaction;
  const evidence = keepEvidence(message, bank, candidates);
  return facts.verifications.some(isChanged) ? { ...evidence, changeHints: signsOfChange(message) } : evidence;
}

function isChanged({ reason }: Verification): boolean {
  return reason === "body-hash-mismatch" || reason === "signature-mismatch";
}

function recipientOutcome(settled: Settled, address: string, bank: PolicyBank | undefined): RecipientOutcome {
  const local = bank !== undefined && isLocal(bank, address);
  const outcome: Draft<RecipientOutcome> = {
    address,
    local,
    direction: bank === undefined ? "OpenRelay" : directionOf(bank, local),
    category: settled.category,
    minor: settled.minor,
    action: settled.action,
    reply: settled.reply,
    owed: settled.owed,
    quarantine: settled.quarantine,
    notices: settled.notices,
  };
  if (settled.fromNextHop) outcome.fromNextHop = true;
  if (settled.rule !== undefined) outcome.rule = settled.rule;
  if (settled.content !== undefined) outcome.content = settled.content;
  if (settled.remote !== undefined) outcome.remote = settled.remote;
  return outcome;
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${error.name}: ${error.message}${cause}`;
}

/** More of the field is not looked at. */
const maxMessageIdOctets = 1000;

function messageId({ message }: Transaction): string {
  for (const { name, raw } of message.fields) {
    if (name !== "message-id") continue;
    return unfold(fieldBody(raw.length > maxMessageIdOctets ? raw.subarray(0, maxMessageIdOctets) : raw)).trim();
  }
  return "";
}
