// `signpost sign`: the message as the signing path would send it, or why it would not be signed.

import { parseArgs } from "node:util";
import { explainOutcome } from "../flow/outcome/explain.ts";
import { signingLines } from "../flow/outcome/explain-text.ts";
import { splitAddress } from "../mail/address.ts";
import { readAuthors } from "../mail/authors.ts";
import { encodeUtf8 } from "../mail/domain.ts";
import { errorText } from "../mail/error-text.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { openInspection } from "./inspect.ts";
import { messageOf, readMessageFile, transactionOf, wireOctets } from "./message-file.ts";

const signingBank = "ORIGINATING";

export const sign: Command = {
  name: "sign",
  summary: "print a message as the signing path would send it, or say why it would not be signed",
  usage: `[--config FILE] [--bank NAME] [--mail-from ADDR] [--now EPOCH] [--dns FILE.json] FILE

FILE is a message, "-" standard input. Exits 1, with the reason on standard error, when it would not be signed.

  --bank NAME       the policy bank of the path; ORIGINATING where there is one, else the base settings
  --mail-from ADDR  the envelope sender; the author where none is given
  --now EPOCH       the time of signing, in seconds
  --dns FILE.json   answers from a file instead of the DNS`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c" },
        bank: { type: "string" },
        "mail-from": { type: "string" },
        now: { type: "string" },
        dns: { type: "string" },
      },
    });
    const [file, another] = positionals;
    if (file === undefined || another !== undefined) throw new UsageError("one file, please");
    if (values.now !== undefined && !/^\d{1,12}$/.test(values.now))
      throw new UsageError("--now takes seconds since 1970");
    const inspection = await openInspection(
      {
        config: values.config,
        dns: values.dns,
        bank({ config }) {
          if (values.bank === undefined) return config.policy_bank.has(signingBank) ? signingBank : undefined;
          if (!config.policy_bank.has(values.bank)) throw new UsageError(`there is no policy bank "${values.bank}"`);
          return values.bank;
        },
      },
      io,
    );
    if (typeof inspection === "number") return inspection;
    try {
      let octets: Uint8Array;
      try {
        octets = await readMessageFile(file, io);
      } catch (error) {
        io.stderr(`signpost sign: ${errorText(error)}\n`);
        return exitCode.noInput;
      }
      const author = readAuthors(messageOf(octets)).mailboxes[0]?.address ?? "";
      const sender = values["mail-from"] === undefined ? author : encodeUtf8(values["mail-from"]);
      const outcome = await inspection.filter(
        transactionOf(octets, {
          listener: { address: "127.0.0.1", port: 0 },
          envelope: {
            sender: { address: sender, parameters: "" },
            recipients: [{ address: `postmaster@${splitAddress(sender).domain ?? "localhost"}`, parameters: "" }],
          },
          client: {},
          receivedAtMs: values.now === undefined ? io.now() : Number(values.now) * 1000,
        }),
      );
      const [message] = inspection.takeSent();
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
