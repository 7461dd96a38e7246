// signpost(8), made from the commands themselves: the page says what --help prints.
import { roff, roffParagraph } from "../config/manual-roff.ts";
import { type Command, exitCode, synopsis } from "./command.ts";

const exitWords: Readonly<Record<keyof typeof exitCode, string>> = {
  ok: "Done.",
  failure: "The answer is no: a key that does not pass, a mail that would not be signed.",
  usage: "The command line makes no sense.",
  data: "What was to be read is no mail, no key, no table.",
  noInput: "A file that was named cannot be read.",
  unavailable: "A port cannot be had, or the daemon does not run.",
  software: "A fault of signpost itself.",
  cantCreate: "A file cannot be written.",
  temporary: "A temporary failure; the same again may work.",
  permission: "Not allowed.",
  config: "The configuration has errors.",
};

const environment = {
  RUNTIME_DIRECTORY: "The folder of the control socket, as systemd sets it for the service.",
  NOTIFY_SOCKET: "Where the daemon says that it is ready, as systemd sets it.",
  JOURNAL_STREAM: "Set by systemd: log lines on standard error carry a priority and no date.",
  NO_COLOR: "Not empty: status draws without colours.",
  TERM: '"dumb": status is printed once, without escape sequences.',
} as const;

const files = {
  "/etc/signpost/signpost.yaml": "The configuration, signpost.yaml(5).",
  "/run/signpost/control.sock": "The control socket of the service, where control.socket does not name another.",
} as const;

const examples = {
  "signpost check-config --strict": "Is the configuration good, warnings included?",
  "signpost genrsa /var/lib/signpost/keys/example.com/s1.pem": "A new signing key.",
  "signpost showkeys example.com": "The DNS record to publish for it.",
  "signpost testkeys": "Is every key published as it is?",
  "signpost sign --mail-from alice@example.com mail.eml": "The mail as it would leave, or why it would not be signed.",
  "signpost check --client 203.0.113.9 --mail-from bob@elsewhere.example --rcpt-to alice@example.com mail.eml":
    "What would be found out about an incoming mail, and why.",
  "signpost check --expect dkim=pass mail.eml": "Exits 0 if a signature holds.",
  "signpost why UCtEH5c6lsJ1": "What happened to a mail, and why.",
  "signpost log --since 2h Blocked": "Mail that was refused in the last two hours.",
  "signpost explain body-hash-mismatch": "What a word of the log means, and what to do next.",
} as const;

function definitions(entries: Readonly<Record<string, string>>): string[] {
  return Object.entries(entries).flatMap(([name, words]) => [".TP", `.B ${roff(name)}`, roff(words)]);
}

export function commandPage(commands: readonly Command[]): string {
  const lines = [
    '.\\" Made from the commands in src/cli.',
    '.TH SIGNPOST 8 "" signpost "System administration"',
    ".SH NAME",
    "signpost \\- mail content filter that signs and verifies DKIM",
    ".SH SYNOPSIS",
    ".B signpost",
    ".I COMMAND",
    "[\\fIARGUMENT\\fR ...]",
    ".SH DESCRIPTION",
    roff(
      "signpost stands between two services of Postfix: it takes mail over SMTP, verifies the signatures of what comes in, signs what our own users send, and hands all mail to the next hop. It keeps none: its reply follows the next hop's.",
    ),
    ".SH COMMANDS",
  ];
  for (const command of commands) {
    const [head = "", ...blocks] = synopsis(command).split(/\n{2,}/);
    const line = head.replace(/\s*\n\s*/g, " ");
    const { summary } = command;
    lines.push(`.SS ${roff(line)}`, ".PP", roff(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`));
    for (const block of blocks.filter((text) => text.trim() !== "")) lines.push(...usageBlock(block));
  }
  lines.push(".SH EXIT STATUS");
  for (const [name, words] of Object.entries(exitWords)) {
    lines.push(".TP", `.B ${codeOf(name)}`, roff(words));
  }
  lines.push(
    ".SH SIGNALS",
    roff(
      "SIGTERM and SIGINT end the daemon when mail under way is done, a second one ends it at once; SIGHUP opens the log file anew and reloads the configuration; SIGUSR1 opens the log file anew and does nothing else.",
    ),
    ".SH ENVIRONMENT",
    ...definitions(environment),
    ".SH FILES",
    ...definitions(files),
    ".SH EXAMPLES",
    ...definitions(examples),
    ".SH SEE ALSO",
    "signpost.yaml(5), postfix(1), amavisd(8)",
  );
  return `${lines.join("\n")}\n`;
}

/** A list of options is kept as it stands; running text is filled anew. */
function usageBlock(block: string): string[] {
  if (!/^\n* /.test(block)) return roffParagraph(block.trim().replaceAll("\n", " "));
  return roffParagraph(block.replace(/^\n+/, "").replace(/^ {0,2}/gm, "    "));
}

function codeOf(name: string): number {
  const codes: Readonly<Record<string, number>> = exitCode;
  return codes[name] ?? 0;
}
