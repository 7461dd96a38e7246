// A client, command or message that was refused before there was a mail to decide on: what the log, `why` and the metrics
// get of it.

import type { ListenerName } from "../mail/transaction.ts";
import type { Reply } from "./reply.ts";

/** Log words, metric labels and words of `explain`, each with the setting that may be behind it. */
export const refusalCauses = {
  access: "inet_acl",
  connections: "limits.connections",
  stopping: "",
  busy: "pool.queue",
  storage: "spool.free_space, spool.memory",
  size: "smtpd_message_size_limit",
  "header-size": "limits.header_refused",
  recipients: "smtpd_recipient_limit",
  envelope: "",
  syntax: "",
  login: "",
  "bare-newline": "bare_newline",
  timeout: "smtpd_timeout",
  trouble: "",
} as const satisfies Readonly<Record<string, string>>;

export type RefusalCause = keyof typeof refusalCauses;

export interface Refusal {
  readonly cause: RefusalCause;
  readonly listener: ListenerName;
  readonly logId: string;
  /** Who connected; "" at a unix socket. */
  readonly peer: string;
  /** The client that XFORWARD named. */
  readonly client?: string;
  /** Of the envelope, as far as it was taken. */
  readonly sender?: string;
  readonly recipients?: readonly string[];
  /** The command that was refused: whole for MAIL and RCPT, of others the verb alone, which holds no secret. */
  readonly command?: string;
  readonly sizeBytes?: number;
  /** Absent where the connection was closed without a word. */
  readonly reply?: Reply;
}

/** The cause of a reply to a command. */
export function refusalCause({ code, enhanced }: Reply, verb: string): RefusalCause {
  if (code === 552 || enhanced.endsWith(".3.4")) return "size";
  if (enhanced === "4.3.1") return "storage";
  if (enhanced === "4.5.3") return "recipients";
  if (enhanced === "4.3.2") return "busy";
  if (code === 535 || code === 538 || code === 454 || (code === 451 && enhanced === "4.7.0") || verb === "AUTH")
    return "login";
  return verb === "MAIL" || verb === "RCPT" ? "envelope" : "syntax";
}
