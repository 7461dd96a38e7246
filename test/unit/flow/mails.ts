// Mails for tests of the flow, with as little said as possible.
import { noFacts } from "../../../src/checks/check.ts";
import type { Arrival, JudgedMail, Settled } from "../../../src/flow/mail.ts";
import type { Session, Transaction } from "../../../src/mail/transaction.ts";
import type { PolicyBank } from "../../../src/policy/bank.ts";
import { nothingOwed } from "../../../src/policy/decision.ts";
import type { Delivery } from "../../../src/relay/delivery.ts";
import type { BankOverlay } from "../../../src/settings/bank-settings.ts";
import type { NextHop } from "../../../src/smtp/next-hop.ts";
import type { Reply } from "../../../src/smtp/reply.ts";
import { envelopeFrom, messageFrom } from "../../support/relay-mail.ts";
import { setUp } from "../policy/setup.ts";

export const ok: Reply = { code: 250, enhanced: "2.0.0", text: "Ok: queued as 4F1" };
export const later: Reply = { code: 450, enhanced: "4.2.0", text: "Mailbox busy" };
export const no: Reply = { code: 550, enhanced: "5.1.1", text: "No such user" };

export const hop: NextHop = { protocol: "smtp", host: "127.0.0.1", port: 10025 };
export const otherHop: NextHop = { protocol: "smtp", host: "127.0.0.1", port: 10035 };

/** A bank by itself, from a few settings laid over those of a filter that has no file. */
export function bankWith(settings: BankOverlay = {}): PolicyBank {
  return setUp({
    base: {
      local_domains_maps: [[".here.example"]],
      allowed_added_header_fields: { received: true, "authentication-results": true, "dkim-signature": true },
      dkim_max_signatures: 10,
      dkim_max_keys: 10,
      ...settings,
    },
  }).base;
}

export interface MailText {
  /** "a@b NOTIFY=NEVER": an address with its parameters. */
  readonly sender?: string;
  readonly recipients?: readonly string[];
  readonly text?: string;
  readonly protocol?: Session["protocol"];
  readonly client?: Session["client"];
}

export function transactionOf({
  sender = "joe@there.example",
  recipients = ["ann@here.example"],
  text = "From: joe@there.example\r\nSubject: x\r\n\r\nhello\r\n",
  protocol = "ESMTP",
  client = { address: "192.0.2.3" },
}: MailText = {}): Transaction {
  return {
    session: {
      id: "4711-01",
      listener: { address: "127.0.0.1", port: 10024 },
      peer: { address: "127.0.0.1", port: 40_000 },
      helo: "mta.here.example",
      protocol,
      client,
    },
    envelope: envelopeFrom(sender, ...recipients),
    message: messageFrom(text),
    receivedAtMs: 1_700_000_000_250,
    arrivedMs: 1000,
  };
}

/** An arrival of which nothing is asked but its bank. */
export function arrivalUnder(bank: PolicyBank, more: Partial<Arrival> = {}): Arrival {
  return {
    bank,
    digestSpecs: () => [],
    judge: async () => noFacts,
    signerUnder: () => ({ skip: "not-originating", candidates: [] }),
    ...more,
  };
}

export function judged(text: MailText = {}, more: Partial<JudgedMail> = {}): JudgedMail {
  const bank = more.bank ?? bankWith();
  const transaction = transactionOf(text);
  return { transaction, mailId: "UCtEH5c6lsJ1", bank, facts: noFacts, arrival: arrivalUnder(bank), ...more };
}

/** What the next hop said of one recipient. */
export function said(reply: Reply): Settled {
  return {
    category: reply === ok ? "CC_CLEAN" : "CC_MTA",
    minor: 0,
    action: "accept",
    reply,
    fromNextHop: true,
    remote: "smtp:[127.0.0.1]:10025",
    owed: nothingOwed,
    quarantine: [],
    notices: [],
  };
}

export function delivery(...replies: readonly Reply[]): Delivery {
  return {
    replies,
    fromNextHop: replies.map(() => true),
    remote: "smtp:[127.0.0.1]:10025",
    reusedConnection: false,
  };
}
