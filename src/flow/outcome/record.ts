// An Outcome in plain keys that stay the same from release to release: the JSON log, `why`, `log` and the history.
import type { Finding } from "../../authres/finding.ts";
import { decodeUtf8 } from "../../mail/domain.ts";
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
    sender: textOf(outcome.sender),
    recipients: outcome.recipients.map((recipient) => ({
      address: textOf(recipient.address),
      local: recipient.local,
      direction: recipient.direction,
      category: recipient.category,
      minor: recipient.minor,
      quarantine: someOf(recipient.quarantine),
      no_dsn: recipient.owed.noDsn,
      score: recipient.content?.score?.score,
      tests: recipient.content?.score?.tests,
      viruses: someOf(recipient.content?.viruses),
      banned: recipient.content?.banned,
      header_faults: someOf(recipient.content?.headerFaults),
      rule: recipient.rule,
      action: recipient.action,
      reply: formatReply(recipient.reply),
      remote: recipient.remote,
      dsn: dsnOf(recipient),
      notices: recipient.notices.length === 0 ? undefined : recipient.notices,
    })),
    message_id: textOf(outcome.messageId),
    size: outcome.sizeBytes,
    findings: outcome.findings.map(toldFinding),
    dkim: outcome.verifications,
    signings: outcome.signings,
    signing_candidates: outcome.evidence.candidates.map(toldCandidate),
    arc_seal: outcome.seal,
    reply: formatReply(outcome.reply),
    queued_as: outcome.queuedAs,
    elapsed_ms: Math.round(outcome.elapsedMs),
    error: outcome.error,
    left_out: leftOut(outcome),
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
function someOf(list: readonly string[] | undefined): readonly string[] | undefined {
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
export function textOf(octets: string): string {
  return decodeUtf8(octets) ?? octets;
}

export function toldCandidate(candidate: CandidateFact): CandidateFact {
  return { ...candidate, address: textOf(candidate.address) };
}

export function toldFinding(finding: Finding): Finding {
  return { ...finding, properties: finding.properties.map((each) => ({ ...each, value: textOf(each.value) })) };
}
