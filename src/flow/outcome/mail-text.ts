// What happened to a mail, as lines for a terminal; from its record, so that mails of the history file read the same.
import type { Notice } from "../../policy/decision.ts";
import { visible } from "./log-line.ts";
import type { MailRecord } from "./record.ts";

const noticeNames: Readonly<Record<Notice["kind"], string>> = {
  dsn: "notification",
  "success-dsn": "notification of success",
  "warn-sender": "warning of the sender",
  admin: "notice to an administrator",
  "new-virus-admin": "notice of a new virus to an administrator",
  recipient: "notice to the recipient",
};

function noticeText({ kind, result, reason }: Notice): string {
  return `; ${noticeNames[kind]} ${result}${reason === undefined ? "" : `: ${reason}`}`;
}

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
    ...record.recipients.map(
      ({ address, direction, rule, action, reply, remote, notices }) =>
        `  to <${visible(address)}> (${direction}): ${action}${rule === undefined ? "" : ` by rule ${rule}`}${remote === undefined ? "" : ` by ${visible(remote)}`}, ${visible(reply)}${(notices ?? []).map(noticeText).join("")}`,
    ),
    `  reply ${visible(record.reply)}`,
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
