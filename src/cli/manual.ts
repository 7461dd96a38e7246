// signpost(8), made from the commands themselves: what --help tells is what the page tells.
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
    const [line = "", ...rest] = synopsis(command).split("\n");
    const { summary } = command;
    lines.push(`.SS ${roff(line)}`, ".PP", roff(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`));
    const blocks = rest.join("\n").split(/\n{2,}/);
    for (const block of blocks.filter((text) => text.trim() !== "")) lines.push(...usageBlock(block));
  }
  lines.push(".SH EXIT STATUS");
  for (const [name, words] of Object.entries(exitWords)) {
    lines.push(".TP", `.B ${codeOf(name)}`, roff(words));
  }
  lines.push(
    ".SH SIGNALS",
    roff(
      "SIGTERM and SIGINT end the daemon when mail under way is done, a second one ends it at once; SIGHUP opens the log file anew and reloads the configuration.",
    ),
    ".SH FILES",
    ".TP",
    ".I /etc/signpost/signpost.yaml",
    "the configuration",
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
