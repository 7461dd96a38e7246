// An Outcome as a log line in amavisd's words, or as a JSON record with the same facts.
import type { Log } from "./log/log.ts";
import { logLines } from "./outcome/log-line.ts";
import type { Outcome } from "./outcome/outcome.ts";
import { formatReply } from "./smtp/reply.ts";

/** @param log of the configuration in force: a reload changes it between mails */
export function report(outcome: Outcome, log: Log): void {
  const severity = outcome.error === undefined ? "info" : "err";
  const record = outcomeRecord(outcome);
  for (const line of logLines(outcome)) log.write(severity, line, record);
}

/** The Outcome in plain keys that stay the same from release to release. */
export function outcomeRecord(outcome: Outcome): Readonly<Record<string, unknown>> {
  const { session } = outcome;
  return {
    log_id: session.id,
    mail_id: outcome.mailId,
    policy_bank_path: outcome.bankPath,
    policy_banks: outcome.loaded,
    originating: outcome.originating,
    client_addr: session.client.address,
    client_port: session.client.port,
    client_name: session.client.name,
    client_helo: session.client.helo,
    listener: session.listener.path ?? `${session.listener.address}:${session.listener.port}`,
    protocol: session.protocol,
    oldest_public_addr: outcome.oldestPublicAddress,
    sender: outcome.sender,
    recipients: outcome.recipients.map(({ address, local, action, reply, remote, dsn }) => ({
      address,
      local,
      action,
      reply: formatReply(reply),
      remote,
      dsn,
    })),
    message_id: outcome.messageId,
    size: outcome.sizeBytes,
    findings: outcome.findings,
    dkim: outcome.verifications,
    signings: outcome.signings,
    reply: formatReply(outcome.reply),
    queued_as: outcome.queuedAs,
    elapsed_ms: outcome.elapsedMs,
    error: outcome.error,
  };
}
