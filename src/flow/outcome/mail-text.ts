// What happened to a mail, as lines for a terminal; from its record, so that mails of the history file read the same.
import { foundLines } from "./found-text.ts";
import { visible } from "./log-line.ts";
import type { MailRecord, RecipientRecord } from "./record.ts";
import { scanLines } from "./scan-text.ts";

export function mailLines(record: MailRecord): readonly string[] {
  const { client_addr, client_name, client_helo } = record;
  const client = [client_name, client_addr === undefined ? undefined : `[${client_addr}]`]
    .flatMap((part) => (part === undefined ? [] : visible(part)))
    .join(" ");
  const banks = record.policy_bank_path === "" ? "base" : record.policy_bank_path;
  return [
    `mail ${record.mail_id}, log_id ${record.log_id}, ${record.time}`,
    `  from <${visible(record.sender)}>${client === "" ? "" : ` by ${client}`}${client_helo === undefined ? "" : ` (${visible(client_helo)})`}`,
    `  at ${record.listener} (${record.protocol}), banks ${visible(banks)}${record.originating ? ", originating" : ""}`,
    ...(record.message_id === "" ? [] : [`  Message-ID ${visible(record.message_id)}`]),
    `  ${record.size} octets, ${record.elapsed_ms} ms`,
    ...record.recipients.flatMap(recipientLines),
    `  reply ${visible(record.reply)}`,
    ...scanLines(record.scan).map((line) => `  ${line}`),
    ...record.dkim.map(
      ({ kind, result, reason, domain, selector, algorithm }) =>
        `  ${kind}=${result} d=${visible(domain)} s=${visible(selector)} a=${visible(algorithm)}${reason === undefined ? "" : `: ${reason}`}`,
    ),
    ...record.findings
      .filter(({ method }) => method !== "dkim" && method !== "domainkeys")
      .map(({ method, result, reason }) => `  ${method}=${result}${reason === undefined ? "" : `: ${reason}`}`),
    ...record.signings.map((signing) =>
      signing.result === "signed"
        ? `  signed d=${signing.domain} s=${signing.selector} a=${signing.algorithm}`
        : `  not signed: ${signing.reason}${signing.detail === undefined ? "" : ` (${visible(signing.detail)})`}`,
    ),
    ...(record.error === undefined ? [] : [`  error: ${visible(record.error)}`]),
  ];
}

function recipientLines(recipient: RecipientRecord): readonly string[] {
  const { address, direction, rule, action, reply, remote } = recipient;
  const by = `${rule === undefined ? "" : ` by rule ${rule}`}${remote === undefined ? "" : ` by ${visible(remote)}`}`;
  return [
    `  to <${visible(address)}> (${direction}): ${action}${by}, ${visible(reply)}`,
    ...foundLines(recipient, "happened").map((line) => `    ${line}`),
  ];
}
