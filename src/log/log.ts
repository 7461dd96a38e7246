// The log: amavisd's text lines or JSON records, each safe to be one line. A sink writes them.
import { hostname } from "node:os";
import { pino } from "pino";
import { escapeUnsafe, withoutControls } from "../mail/json-text.ts";
import { fileSink } from "./file-sink.ts";
import type { Sink } from "./sink.ts";
import { standardErrorSink } from "./standard-error.ts";
import { openSyslog, syslogAddress } from "./syslog.ts";

/** RFC 5424 section 6.2.1: syslog's severities, as far as we use them. */
export type Severity = "err" | "warning" | "notice" | "info" | "debug";

export interface LogOptions {
  readonly format: "text" | "json";
  /** "stderr", "syslog", "syslog:/path", "syslog:host:port" or the name of a file. */
  readonly to: string;
  /** The name that lines in syslog begin with. */
  readonly ident: string;
  /** Of syslog: "mail", "daemon", "local0" or amavisd's "LOG_MAIL". */
  readonly facility: string;
  /** Standard error is read by journald: lines carry its priority and no date of ours. */
  readonly journal: boolean;
}

export type LogRecord = Readonly<Record<string, unknown>>;

export interface Log {
  readonly format: "text" | "json";
  /** `record` holds the same facts for the JSON form; `within` gives as much of it as so many octets hold. */
  write(severity: Severity, text: string, record?: LogRecord, within?: (maxOctets: number) => LogRecord): void;
  /** Lines of another process of ours, each with its end, as they are. */
  pass(lines: readonly string[]): void;
  /** Lines given up because nobody took them. */
  readonly dropped: number;
  /** Opens the file anew (after it was rotated). */
  reopen(): void;
  /** Resolves when what was written so far is out, or cannot get out. */
  close(): Promise<void>;
}

const priority: Readonly<Record<Severity, number>> = { err: 3, warning: 4, notice: 5, info: 6, debug: 7 };
const pinoLevel = { err: "error", warning: "warn", notice: "info", info: "info", debug: "debug" } as const;
/** RFC 5424 section 6.2.1, numbered from 0; local0 is 16. */
const facilities = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp".split(" ");

/** Makes a line of a text. */
type Form = (severity: Severity, text: string) => string;

/** Never rejects for a place that is not there: lines are lost then, and counted. */
export async function createLog(options: LogOptions): Promise<Log> {
  const { format, to } = options;
  const { sink, form } = await open(options);
  return {
    format,
    write: format === "text" ? (severity, text) => sink.write(form(severity, text)) : jsonWriter(sink, to, form),
    pass(lines) {
      for (const line of lines) sink.write(line);
    },
    get dropped() {
      return sink.dropped;
    },
    reopen: () => sink.reopen(),
    close: () => sink.close(),
  };
}

/** One JSON object a line; syslog gets it as the text of its own line. */
function jsonWriter(sink: Sink, to: string, form: Form): Log["write"] {
  const wrapped = to.startsWith("syslog");
  /** What pino has printed last. */
  let printed = "";
  const write = (line: string) => {
    printed = escapeUnsafe(line);
  };
  let isTimed = false;
  // A mail's record has the time it came: "time" twice in one object is refused by strict readers.
  const timestamp = () => (isTimed ? "" : `,"time":"${new Date().toISOString()}"`);
  const formatters = { level: (label: string) => ({ level: label }) };
  const json = pino({ level: "trace", base: { pid: process.pid }, timestamp, formatters }, { write });
  function print(given: Severity, text: string, record: LogRecord | undefined): string {
    isTimed = record !== undefined && "time" in record;
    if (record === undefined) json[pinoLevel[given]](text);
    else json[pinoLevel[given]](record, text);
    return printed;
  }
  return (severity, text, record, within) => {
    let line = print(severity, text, record);
    if (isTooLong(line)) {
      // Cut in its middle it would be no JSON.
      const shown = text.length > maxLongTextChars ? `${withoutControls(text.slice(0, maxLongTextChars))}...` : text;
      const left = maxLogLineOctets - Buffer.byteLength(JSON.stringify(shown)) - frameOctets;
      line = print(severity, shown, within?.(left));
    }
    sink.write(wrapped ? form(severity, line.trimEnd()) : line);
  };
}

/** A JSON line of more octets is made anew of less. */
export const maxLogLineOctets = 8192;
/** Then so much of its text stays, and so much is taken by what pino puts in beside record and text. */
const maxLongTextChars = 1500;
const frameOctets = 100;

function isTooLong(line: string): boolean {
  // No character takes more than three octets.
  return line.length > maxLogLineOctets / 3 && Buffer.byteLength(line) > maxLogLineOctets;
}

async function open({
  to,
  journal,
  ident,
  facility,
}: LogOptions): Promise<{ readonly sink: Sink; readonly form: Form }> {
  const host = hostname();
  if (to === "syslog" || to.startsWith("syslog:")) {
    const sink = await openSyslog(syslogAddress(to), `${ident}[${process.pid}]`);
    const first = 8 * facilityNumber(facility);
    const tail = `${host} ${ident} ${process.pid} - -`;
    const form: Form =
      sink.form === "prefix"
        ? (severity, text) => `<${first + priority[severity]}>${oneLine(text)}\n`
        : (severity, text) => `<${first + priority[severity]}>1 ${new Date().toISOString()} ${tail} ${oneLine(text)}\n`;
    return { sink, form };
  }
  const sink = to === "stderr" ? standardErrorSink() : fileSink(to);
  if (to === "stderr" && journal)
    return { sink, form: (severity, text) => `<${priority[severity]}>${oneLine(text)}\n` };
  const head = `${host} signpost[${process.pid}]: `;
  const date = secondsClock();
  return { sink, form: (_severity, text) => `${date()} ${head}${oneLine(text)}\n` };
}

/** An unknown name is taken for mail: the log must not stop mail. */
function facilityNumber(name: string): number {
  const word = name.toLowerCase().replace(/^log_/, "");
  const local = /^local([0-7])$/.exec(word);
  if (local !== null) return 16 + Number(local[1]);
  const found = facilities.indexOf(word);
  return found === -1 ? facilities.indexOf("mail") : found;
}

/** A line of 8 KiB is the longest that syslog daemons are sure to take. */
const maxLineChars = 8192;

/**
 * The last gate for what came from mail, a peer or the system: one line, nothing that a terminal acts on, no end in
 * sight cut. Controls, C1, line separators and what flips the direction of text become "?".
 */
export function oneLine(text: string): string {
  return withoutControls(text.length > maxLineChars ? `${text.slice(0, maxLineChars)}...` : text);
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "Nov 22 09:38:31", local time (RFC 3164 section 4.1.2), made once a second. */
function secondsClock(): () => string {
  let second = -1;
  let text = "";
  return () => {
    const now = Math.floor(Date.now() / 1000);
    if (now === second) return text;
    second = now;
    const date = new Date(now * 1000);
    const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0"));
    text = `${months[date.getMonth()]} ${String(date.getDate()).padStart(2, " ")} ${time.join(":")}`;
    return text;
  };
}
