// The delivery status notification of one mail, from what is known of it.
import { buildDsn } from "../../notices/build-dsn.ts";
import { fillNotice } from "../../notices/notice-template.ts";
import type { OwnMessage } from "../../notices/own-message.ts";
import type { DsnRecipient } from "../../notices/status-fields.ts";
import type { Templates } from "../../notices/templates.ts";
import { type Category, categories } from "../../policy/decision.ts";
import type { JudgedMail, Settled } from "../mail.ts";
import { noticeFacts } from "./notice-facts.ts";
import type { DsnOwed } from "./owed-dsn.ts";
import { noticeFrom, templateSettingFor, templateSourceFor } from "./templates-by-category.ts";

/** One notification speaks of all recipients of whom the sender is told. `nowMs`: epoch, milliseconds. */
export function writeDsn(
  mail: JudgedMail,
  settled: readonly Settled[],
  owed: readonly DsnOwed[],
  nowMs: number,
  templates: Templates,
): OwnMessage {
  const { transaction, bank, mailId } = mail;
  const { session, envelope, message, receivedAtMs } = transaction;
  const { client } = session;
  const envelopeId = parameter(envelope.sender.parameters, "ENVID");
  const failed = owed.flatMap(({ recipient, action }) => (action === "failed" ? (settled[recipient] ?? []) : []));
  const category = mostImportant(failed);
  const setting = templateSettingFor("sender", category);
  const about = {
    recipients: owed.map(({ recipient }) => recipient),
    nowMs,
    ...(category === undefined ? {} : { category }),
  };
  return buildDsn({
    mail: {
      reportingMta: bank.myhostname,
      ...(client.name === undefined && client.address === undefined
        ? {}
        : { receivedFromMta: client.name ?? `[${client.address}]` }),
      ...(envelopeId === undefined ? {} : { envelopeId }),
      receivedAtMs,
      nowMs,
      logId: session.id,
      mailId,
    },
    recipients: owed.flatMap(({ recipient, action }): DsnRecipient[] => {
      const [path, each] = [envelope.recipients[recipient], settled[recipient]];
      if (path === undefined || each === undefined) return [];
      const originalRecipient = parameter(path.parameters, "ORCPT");
      return [
        {
          address: path.address,
          ...(originalRecipient === undefined ? {} : { originalRecipient }),
          action,
          reply: each.reply,
          ...(each.remote === undefined ? {} : { remote: each.remote }),
        },
      ];
    }),
    sender: envelope.sender,
    header: message.header,
    from: noticeFrom("sender", category, bank),
    ...fillNotice(templates(setting, templateSourceFor("sender", category, bank)), noticeFacts(mail, settled, about)),
  });
}

const order = Object.keys(categories);

function mostImportant(settled: readonly Settled[]): Category | undefined {
  let most: Category | undefined;
  for (const { category } of settled) {
    if (most === undefined || order.indexOf(category) > order.indexOf(most)) most = category;
  }
  return most;
}

/** The value of one parameter of MAIL or RCPT, still in xtext. */
function parameter(parameters: string, name: string): string | undefined {
  const found = parameters.split(" ").find((each) => each.toUpperCase().startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
