// `signpost sign`: the message as the signing path would send it, or why it would not be signed.

import { parseArgs } from "node:util";
import { listenAddresses } from "../daemon/part-options.ts";
import { explainOutcome } from "../flow/outcome/explain.ts";
import { signingLines } from "../flow/outcome/explain-text.ts";
import { readAuthors } from "../mail/authors.ts";
import { systemError } from "../mail/error-text.ts";
import { isLocal } from "../policy/router.ts";
import type { Settings } from "../reading/settings.ts";
import {
  arrivalOptions,
  mustHaveBank,
  namedRecipients,
  noteClosedPort,
  readArrival,
  recipient,
} from "./arrival-options.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { openInspection, type SentMail } from "./inspect.ts";
import { messageOf, readMessageFile, transactionOf, wireOctets } from "./message-file.ts";

const signingBank = "ORIGINATING";
/** Somebody elsewhere, for a message that names nobody (RFC 2606). */
const nobody = "recipient@elsewhere.invalid";

export const sign: Command = {
  name: "sign",
  summary: "print a message as the signing path would send it, or say why it would not be signed",
  usage: `[--config FILE] [--dns FILE.json] [--now EPOCH] [--client IP] [--helo NAME] [--mail-from ADDR]
       [--rcpt-to ADDR]... [--port PORT] [--bank NAME] FILE

FILE is a message, "-" standard input. Exits 1, with the reason on standard error, when it would not be signed.

  --bank NAME       the policy bank of the path; that of --port, else ORIGINATING where there is one, else the base settings
  --port PORT       the port it comes in on; that of the bank, else the first that is configured
  --client IP       the client that handed the message in; 127.0.0.1 where none is given
  --helo NAME       what it said in HELO or EHLO
  --mail-from ADDR  the envelope sender; the author where none is given
  --rcpt-to ADDR    an envelope recipient; those of To, Cc and Bcc where none is given
  --now EPOCH       the time of signing, in seconds
  --dns FILE.json   answers from a file instead of the DNS

Local recipients may get another message than others (Authentication-Results): the one for others is printed.`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...arrivalOptions, config: { type: "string", short: "c" }, dns: { type: "string" } },
    });
    const [file, another] = positionals;
    if (file === undefined || another !== undefined) throw new UsageError("one file, please");
    const said = readArrival(values);
    const inspection = await openInspection(
      {
        config: values.config,
        dns: values.dns,
        bank({ config }) {
          mustHaveBank(config, said.bank);
          const isOwn = said.bank !== undefined || said.port !== undefined;
          return isOwn || !config.policy_bank.has(signingBank) ? said.bank : signingBank;
        },
      },
      io,
    );
    if (typeof inspection === "number") return inspection;
    noteClosedPort(said, inspection.settings.config, io, "sign");
    try {
      let octets: Uint8Array;
      try {
        octets = await readMessageFile(file, io);
      } catch (error) {
        io.stderr(`signpost sign: ${file} cannot be read: ${systemError(error)}\n`);
        return exitCode.noInput;
      }
      const head = messageOf(octets);
      const sender = said.mailFrom ?? readAuthors(head).mailboxes[0]?.address ?? "";
      const named = namedRecipients(head);
      const outcome = await inspection.pass(
        transactionOf(octets, {
          listener: { address: "127.0.0.1", port: said.port ?? portOf(said.bank ?? signingBank, inspection.settings) },
          envelope: {
            sender: recipient(sender),
            recipients: said.rcptTo ?? (named.length === 0 ? [nobody] : named).map(recipient),
          },
          client: {
            ...(said.client ?? { address: "127.0.0.1" }),
            ...(said.helo === undefined ? {} : { helo: said.helo }),
          },
          receivedAtMs: said.receivedAtMs ?? io.now(),
        }),
      );
      const sent = inspection.takeSent();
      const bank = outcome.evidence.bank ?? inspection.filter.router.base;
      const forOthers = ({ recipients }: SentMail) => recipients.some((each) => !isLocal(bank, each));
      const { message } = sent.find(forOthers) ?? sent[0] ?? {};
      if (outcome.signings.some(({ result }) => result === "skipped")) {
        io.stderr(`${signingLines(explainOutcome(outcome)).join("\n")}\n`);
        return exitCode.failure;
      }
      if (message === undefined) {
        io.stderr(`not sent: ${outcome.error ?? `${outcome.reply.code} ${outcome.reply.text}`}\n`);
        return exitCode.failure;
      }
      io.stdout(wireOctets(message));
      return exitCode.ok;
    } finally {
      await inspection.close();
    }
  },
};

/** Where mail comes in that the bank is loaded for; the first port there is for a bank that no port has. */
function portOf(bank: string, { config }: Settings): number {
  const ports = listenAddresses(config).flatMap(({ port }) => port ?? []);
  return ports.find((port) => config.interface_policy[port]?.includes(bank) === true) ?? ports[0] ?? 10024;
}
