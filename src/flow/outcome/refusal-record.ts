// What is kept and logged of a refusal: one line for the log, a record for the history, sentences for `why`.
import { decodeUtf8, encodeUtf8 } from "../../mail/domain.ts";
import { type Refusal, refusalCauses } from "../../smtp/refusal.ts";
import { formatReply } from "../../smtp/reply.ts";
import { meaningLines, wordOf } from "../words/all-words.ts";
import { visible } from "./log-line.ts";
import { comparable } from "./names.ts";

export type RefusalRecord = ReturnType<typeof refusalRecord>;

const maxChars = 300;
const maxRecipients = 10;

/** In plain keys, those of a mail's record where they are the same; bounded. */
export function refusalRecord(refusal: Refusal, atMs: number) {
  const { listener, sender, recipients, command, reply, sizeBytes } = refusal;
  return {
    time: new Date(atMs).toISOString(),
    log_id: refusal.logId,
    /** No mail, no id: the time distinguishes refusals of one session. */
    mail_id: "",
    refused: refusal.cause,
    setting: refusalCauses[refusal.cause] || undefined,
    listener: listener.path ?? `${listener.address}:${listener.port}`,
    peer_addr: refusal.peer,
    client_addr: cut(refusal.client),
    sender: cut(sender),
    recipients:
      recipients === undefined || recipients.length === 0
        ? undefined
        : recipients.slice(0, maxRecipients).map((each) => cut(each) ?? ""),
    command: cut(command),
    size: sizeBytes,
    reply: reply === undefined ? undefined : formatReply(reply),
  };
}

function cut(octets: string | undefined): string | undefined {
  return octets === undefined ? undefined : (decodeUtf8(octets) ?? octets).slice(0, maxChars);
}

/** "(31337-04) Refused (size, smtpd_message_size_limit) at 127.0.0.1:10024, [203.0.113.9], <a@b>, MAIL ..., reply: 552 ...". */
export function refusalLine(record: RefusalRecord): string {
  const { sender, recipients, client_addr, peer_addr, command, size, setting, reply } = record;
  const parts = [
    `(${record.log_id}) Refused (${record.refused}${setting === undefined ? "" : `, ${setting}`}) at ${record.listener}`,
    ...(peer_addr === "" ? [] : [`peer [${visible(peer_addr)}]`]),
    ...(client_addr === undefined ? [] : [`client [${visible(client_addr)}]`]),
    ...(sender === undefined
      ? []
      : [
          `<${visible(sender)}>${recipients === undefined ? "" : ` -> ${recipients.map((each) => `<${visible(each)}>`).join(",")}`}`,
        ]),
    ...(command === undefined ? [] : [`command: ${visible(command)}`]),
    ...(size === undefined ? [] : [`size: ${size}`]),
    reply === undefined ? "closed without a reply" : `reply: ${visible(reply)}`,
  ];
  return parts.join(", ");
}

export function refusalLines(record: RefusalRecord): readonly string[] {
  const { sender, recipients = [], client_addr, peer_addr, command, size, reply } = record;
  return [
    `refused, log_id ${record.log_id}, ${record.time}`,
    `  at ${record.listener}${peer_addr === "" ? "" : ` by peer [${visible(peer_addr)}]`}${client_addr === undefined ? "" : `, client [${visible(client_addr)}]`}`,
    ...(sender === undefined ? [] : [`  from <${visible(sender)}>`]),
    ...recipients.map((each) => `  to <${visible(each)}>`),
    ...(command === undefined ? [] : [`  command ${visible(command)}`]),
    ...(size === undefined ? [] : [`  ${size} octets`]),
    `  ${record.refused}: ${reply === undefined ? "closed without a reply" : visible(reply)}`,
    ...meaningLines(wordOf("refusal", record.refused)).map((line) => `  ${line}`),
  ];
}

/** By what it is asked for: log_id, client, addresses of the envelope and of the command. */
export function refusalNames({
  log_id,
  client_addr,
  peer_addr,
  sender,
  recipients = [],
  command,
}: RefusalRecord): readonly string[] {
  const inCommand = /<([^<>]+)>/.exec(command ?? "")?.[1];
  const names = [log_id, client_addr, peer_addr, sender, ...recipients, inCommand];
  return [...new Set(names.flatMap((name) => (name === undefined || name === "" ? [] : comparable(encodeUtf8(name)))))];
}
