// An Outcome as log lines in amavisd's words, or as a JSON record with the same facts.
import type { Log } from "../log/log.ts";
import { recordWithin } from "./outcome/kept.ts";
import { logLines } from "./outcome/log-line.ts";
import type { Outcome } from "./outcome/outcome.ts";
import { mailRecord } from "./outcome/record.ts";

/** The line per mail is level 0; the lines of level 2 are there where the bank had them made. */
export function report(outcome: Outcome, log: Log): void {
  for (const line of outcome.detailLines) log.write("debug", `(${outcome.session.id}) ${line}`);
  if (outcome.logLevel < 0 && outcome.error === undefined) return;
  const severity = outcome.error === undefined ? "info" : "err";
  const lines = logLines(outcome);
  if (log.format === "text") for (const line of lines) log.write(severity, line);
  else log.write(severity, lines.join("; "), mailRecord(outcome), (octets) => recordWithin(outcome, octets));
}
