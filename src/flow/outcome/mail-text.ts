// What happened to a mail, as lines for a terminal; from its record, so that mails of the history file read the same.
import { meaningLines, wordOf } from "../words/all-words.ts";
import { deliveryLines } from "./delivery-text.ts";
import { type FindingContext, findingLines, verificationLines } from "./finding-text.ts";
import { foundLines } from "./found-text.ts";
import { visible } from "./log-line.ts";
import type { MailRecord, RecipientRecord } from "./record.ts";
import { scanLines } from "./scan-text.ts";
import type { Surroundings } from "./surroundings.ts";

/** `dmarcDestiny` is final_dmarc_destiny of the bank that the mail met, where that is still known. */
export function mailLines(record: MailRecord, surroundings: Surroundings, dmarcDestiny?: string): readonly string[] {
  const { client_addr, client_name, client_helo } = record;
  const client = [client_name, client_addr === undefined ? undefined : `[${client_addr}]`]
    .flatMap((part) => (part === undefined ? [] : visible(part)))
    .join(" ");
  const banks = record.policy_bank_path === "" ? "base" : record.policy_bank_path;
  const context: FindingContext = {
    atMs: Date.parse(record.time),
    surroundings,
    originating: record.originating,
    ...(record.change_hints === undefined ? {} : { changeHints: record.change_hints }),
    ...(dmarcDestiny === undefined ? {} : { dmarcDestiny }),
    ...(client_addr === undefined ? {} : { client: client_addr }),
  };
  return [
    `mail ${record.mail_id}, log_id ${record.log_id}, ${record.time}`,
    `  from <${visible(record.sender)}>${client === "" ? "" : ` by ${client}`}${client_helo === undefined ? "" : ` (${visible(client_helo)})`}`,
    `  at ${record.listener} (${record.protocol}), banks ${visible(banks)}${record.originating ? ", originating" : ""}`,
    ...(record.message_id === "" ? [] : [`  Message-ID ${visible(record.message_id)}`]),
    `  ${record.size} octets, ${record.elapsed_ms} ms`,
    ...record.recipients.flatMap(recipientLines),
    `  reply ${visible(record.reply)}`,
    ...scanLines(record.scan).map((line) => `  ${line}`),
    ...indented(verificationLines(record.dkim, context)),
    ...indented(findingLines(record.findings, record.dkim, context)),
    ...record.signings.flatMap((signing) =>
      signing.result === "signed"
        ? [`  signed d=${signing.domain} s=${signing.selector} a=${signing.algorithm}`]
        : [
            `  not signed: ${signing.reason}${signing.detail === undefined ? "" : ` (${visible(signing.detail)})`}`,
            ...indented(meaningLines(wordOf("skip", signing.reason))),
          ],
    ),
    ...(record.error === undefined ? [] : [`  error: ${visible(record.error)}`]),
  ];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function recipientLines(recipient: RecipientRecord): readonly string[] {
  const { address, direction } = recipient;
  const [first = "", ...meaning] = deliveryLines(recipient, "happened");
  return [
    `  to <${visible(address)}> (${direction}): ${first}`,
    ...indented(meaning),
    ...foundLines(recipient, "happened").map((line) => `    ${line}`),
  ];
}
