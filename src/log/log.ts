// Where log lines go: amavisd's text lines or JSON records, written in the background. A consumer that stalls costs
// lines, which are counted, and never holds up mail.
import { hostname } from "node:os";
import { pino } from "pino";

/** RFC 5424 section 6.2.1: syslog's severities, as far as we use them. */
export type Severity = "err" | "warning" | "notice" | "info" | "debug";

export interface LogOptions {
  readonly format: "text" | "json";
  /** "stderr" or the name of a file. */
  readonly to: string;
  /** amavisd's $log_level: 0 is the line per mail, 5 is everything. */
  readonly level: number;
  /** Standard error is read by journald: lines carry its priority and no date of ours. */
  readonly journal: boolean;
}

export interface Log {
  /** `record` holds the same facts for the JSON form. */
  write(severity: Severity, text: string, record?: Readonly<Record<string, unknown>>): void;
  readonly level: number;
  /** Lines given up because nobody took them. */
  readonly dropped: number;
  /** Opens the file anew (after it was rotated). */
  reopen(): void;
  /** Resolves when what was written so far is out, or cannot get out. */
  close(): Promise<void>;
}

const priority: Readonly<Record<Severity, number>> = { err: 3, warning: 4, notice: 5, info: 6, debug: 7 };
const pinoLevel = { err: "error", warning: "warn", notice: "info", info: "info", debug: "debug" } as const;

/** Octets that may wait for a slow consumer; beyond it lines are dropped. */
const maxWaitingBytes = 1024 * 1024;

export function createLog(options: LogOptions): Log {
  const destination = pino.destination({
    dest: options.to === "stderr" ? 2 : options.to,
    sync: false,
    minLength: 0,
    maxLength: maxWaitingBytes,
    append: true,
  });
  let dropped = 0;
  destination.on("drop", () => {
    dropped += 1;
  });
  // EPIPE, EAGAIN, a full disk: the log suffers, mail does not.
  destination.on("error", () => {
    dropped += 1;
  });
  const json =
    options.format === "json" ? pino({ level: "trace", base: { pid: process.pid } }, destination) : undefined;
  const head = `${hostname()} signpost[${process.pid}]: `;

  return {
    level: options.level,
    write(severity, text, record) {
      if (json !== undefined) json[pinoLevel[severity]]({ ...record }, text);
      else if (options.journal) destination.write(`<${priority[severity]}>${text}\n`);
      else destination.write(`${syslogDate(new Date())} ${head}${text}\n`);
    },
    get dropped() {
      return dropped;
    },
    reopen() {
      if (options.to !== "stderr") destination.reopen();
    },
    close() {
      return new Promise((resolve) => {
        // A consumer that never reads must not keep us from ending.
        const patience = setTimeout(resolve, 1000);
        destination.flush(() => {
          clearTimeout(patience);
          resolve();
        });
      });
    },
  };
}

/** "Nov 22 09:38:31", local time (RFC 3164 section 4.1.2). */
function syslogDate(date: Date): string {
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  return `${months[date.getMonth()]} ${String(date.getDate()).padStart(2, " ")} ${time}`;
}
