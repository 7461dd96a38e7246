// `signpost why ID`: what happened to a mail that passed, and why.

import { parseArgs } from "node:util";
import { listOf, textsOf } from "../control/answers.ts";
import { jsonText } from "../mail/json-text.ts";
import { askDaemon, controlOptions, controlUsage } from "./ask-daemon.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { answerFromFile } from "./kept-history.ts";

export const why: Command = {
  name: "why",
  summary: "tell what happened to a mail that passed the running daemon, and why",
  usage: `[--config FILE] [--socket PATH] [--json] ID

ID is what a log line calls it (log_id or mail_id), its Message-ID, the next hop's queue id, or an address of its
envelope. Tells of up to 20 mails, newest first; exits 1 when there is none. Mails still in memory (history.size) are
explained whole; of those in history.file it says what happened, also while no daemon runs. What was refused before
there was a mail is found by its log_id, the client's address or an address of the envelope.

${controlUsage}
  --json         one object a mail`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...controlOptions, json: { type: "boolean" } },
      allowPositionals: true,
    });
    const [id, another] = positionals;
    if (id === undefined || another !== undefined) throw new UsageError("one id, please");
    const asked = await askDaemon({ command: "why", id }, values, io, {
      offline: (request, config) => answerFromFile(request, config, io),
    });
    if ("exit" in asked) return asked.exit;
    const mails = listOf(asked.value);
    if (mails.length === 0) {
      io.stderr(`signpost: no mail is known by "${id}"\n`);
      return exitCode.failure;
    }
    for (const [index, mail] of mails.entries()) {
      if (values.json === true) {
        const { text: _, ...facts } = mail;
        io.stdout(`${jsonText(facts)}\n`);
      } else io.stdout(`${index === 0 ? "" : "\n"}${textsOf(mail.text).join("\n")}\n`);
    }
    return exitCode.ok;
  },
};
