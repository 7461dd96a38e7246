// An Outcome in plain keys that stay the same from release to release: the JSON log, `why`, `log` and the history.
import type { Finding } from "../../authres/finding.ts";
import { decodeUtf8 } from "../../mail/domain.ts";
import type { ScoreFound } from "../../policy/decision.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import { formatReply } from "../../smtp/reply.ts";
import type { Outcome, RecipientOutcome } from "./outcome.ts";

export type MailRecord = ReturnType<typeof mailRecord>;

export function mailRecord(outcome: Outcome) {
  const { session } = outcome;
  const { client } = session;
  return {
    time: new Date(outcome.receivedAtMs).toISOString(),
    log_id: session.id,
    mail_id: outcome.mailId,
    policy_bank_path: outcome.bankPath,
    policy_banks: outcome.loaded,
    originating: outcome.originating,
    client_addr: client.address,
    client_port: client.port,
    client_name: client.name,
    client_helo: client.helo,
    listener: session.listener.path ?? `${session.listener.address}:${session.listener.port}`,
    protocol: session.protocol,
    oldest_public_addr: outcome.oldestPublicAddress,
    sender: octetsAsText(outcome.sender),
    recipients: outcome.recipients.map(recipientRecord),
    message_id: octetsAsText(outcome.messageId),
    size: outcome.sizeBytes,
    findings: outcome.findings.map(toldFinding),
    scan: outcome.scan,
    dkim: outcome.verifications,
    change_hints: someOf(outcome.evidence.changeHints?.map(octetsAsText)),
    signings: outcome.signings,
    signing_candidates: outcome.evidence.candidates.map(toldCandidate),
    arc_seal: outcome.seal,
    survival: outcome.survival,
    reply: formatReply(outcome.reply),
    queued_as: outcome.queuedAs,
    elapsed_ms: Math.round(outcome.elapsedMs),
    error: outcome.error,
    left_out: leftOut(outcome),
  };
}

export type RecipientRecord = ReturnType<typeof recipientRecord>;

/** What became of one recipient, in plain keys; those that say nothing are undefined. */
export function recipientRecord(recipient: RecipientOutcome) {
  const { content, owed, quarantine, notices } = recipient;
  return {
    address: octetsAsText(recipient.address),
    local: recipient.local,
    direction: recipient.direction,
    category: recipient.category,
    minor: recipient.minor,
    contents: content?.all.slice(0, maxTold),
    quarantine: someOf(quarantine)?.map(octetsAsText),
    copies_owed:
      quarantine.length === 0
        ? someOf(owed.copies)?.map((each) => ({ ...each, to: octetsAsText(each.to) }))
        : undefined,
    no_dsn: owed.noDsn,
    score: content?.score?.score,
    tests: content?.score?.tests,
    levels: levelsOf(content?.score),
    listed: content?.score?.listed,
    viruses: someOf(content?.viruses),
    banned: content?.banned,
    header_faults: someOf(content?.headerFaults),
    rule: recipient.rule,
    action: recipient.action,
    reply: formatReply(recipient.reply),
    remote: recipient.remote,
    reply_of: recipient.fromNextHop === true ? ("next-hop" as const) : undefined,
    dsn: dsnOf(recipient),
    notices: notices.length === 0 ? undefined : notices,
    notices_owed: someOf(owed.notices)?.map((each) => ({ ...each, to: octetsAsText(each.to) })),
  };
}

/** Levels of spam that apply to the recipient. */
function levelsOf(score: ScoreFound | undefined): Pick<ScoreFound, "tag" | "tag2" | "kill"> | undefined {
  if (score === undefined) return undefined;
  const { tag, tag2, kill } = score;
  return {
    ...(tag === undefined ? {} : { tag }),
    ...(tag2 === undefined ? {} : { tag2 }),
    ...(kill === undefined ? {} : { kill }),
  };
}

/** How many more there were, by the key of the list; keys of lists that are whole are missing. */
function leftOut({ leftOut }: Outcome): Readonly<Record<string, number>> | undefined {
  if (leftOut === undefined) return undefined;
  const { passed, blocked, verifications, findings, signings, candidates, queuedAs } = leftOut;
  const counts = {
    recipients: passed + blocked,
    dkim: verifications,
    findings,
    signings,
    signing_candidates: candidates,
    queued_as: queuedAs,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Lists that are empty say nothing. */
function someOf<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list.slice(0, maxTold);
}

const maxTold = 10;

/** What became of the status notification that was owed for a recipient. */
export function dsnOf({ notices }: Pick<RecipientOutcome, "notices">): "sent" | "suppressed" | undefined {
  return notices.find(({ kind }) => kind === "dsn")?.result;
}

/** Why status notifications were withheld. */
export function withheldDsns({ notices }: Pick<RecipientOutcome, "notices">): readonly string[] {
  return notices.flatMap(({ kind, reason }) => ((kind === "dsn" || kind === "success-dsn") && reason) || []);
}

/** Octets of mail as the text they are; what is not UTF-8 stays one character per octet. */
export function octetsAsText(octets: string): string {
  return decodeUtf8(octets) ?? octets;
}

export function toldCandidate(candidate: CandidateFact): CandidateFact {
  return { ...candidate, address: octetsAsText(candidate.address) };
}

export function toldFinding(finding: Finding): Finding {
  return { ...finding, properties: finding.properties.map((each) => ({ ...each, value: octetsAsText(each.value) })) };
}
