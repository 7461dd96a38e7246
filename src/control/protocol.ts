// What goes over the control socket: one request a line, one reply a line, both JSON objects.

/** `file`: the configuration that the command was given; a daemon that runs with another one does not answer. */
export type ControlRequest = { readonly file?: string } & Question;

type Question =
  /** The daemon refuses to lose a key that works unless `force` is set. */
  | { readonly command: "reload"; readonly force?: true }
  /** Opens the log file anew. */
  | { readonly command: "reopen" }
  /** Starts a new process that takes the daemon's place. */
  | { readonly command: "upgrade" }
  | { readonly command: "status" }
  /** `id`: a log_id, mail_id, Message-ID, queue id or address. */
  | { readonly command: "why"; readonly id: string }
  | { readonly command: "log"; readonly limit: number; readonly match?: string; readonly sinceMs?: number }
  | ReleaseCommand;

/** `id`: a mail_id or the name of a file; `to`: instead of those who did not get the mail. */
export interface ReleaseCommand {
  readonly command: "release";
  readonly id: string;
  readonly secretId?: string;
  readonly to?: readonly string[];
  readonly again: boolean;
}

export type ControlReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string };

/** Octets of a request line. */
export const maxRequestBytes = 16 * 1024;

/** The request on a line, or what is wrong with it. */
export function readRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "not a line of JSON";
  }
  if (typeof value !== "object" || value === null || !("command" in value)) return "no command";
  const question = readQuestion(value.command, value);
  if (typeof question === "string" || !("file" in value) || typeof value.file !== "string") return question;
  return { ...question, file: value.file };
}

function readQuestion(command: unknown, value: object): Question | string {
  switch (command) {
    case "reload":
      return { command, ...("force" in value && value.force === true ? { force: true } : {}) };
    case "status":
    case "upgrade":
    case "reopen":
      return { command };
    case "why":
      return "id" in value && typeof value.id === "string" && value.id !== ""
        ? { command, id: value.id }
        : "why needs an id";
    case "log": {
      const limit = "limit" in value && typeof value.limit === "number" ? Math.trunc(value.limit) : 0;
      if (!(limit > 0)) return "log needs a limit";
      return {
        command,
        limit,
        ...("match" in value && typeof value.match === "string" ? { match: value.match } : {}),
        ...("sinceMs" in value && typeof value.sinceMs === "number" ? { sinceMs: value.sinceMs } : {}),
      };
    }
    case "release":
      return readRelease(value);
    default:
      return "unknown command";
  }
}

function readRelease(value: object): Question | string {
  const given = new Map<string, unknown>(Object.entries(value));
  const [id, secretId, to] = [given.get("id"), given.get("secretId"), given.get("to")];
  if (typeof id !== "string" || id === "") return "release needs an id";
  if (to !== undefined && !(Array.isArray(to) && to.length > 0 && to.every(isAddress))) return "release to addresses";
  return {
    command: "release",
    id,
    again: given.get("again") === true,
    ...(typeof secretId === "string" ? { secretId } : {}),
    ...(to === undefined ? {} : { to }),
  };
}

/** One character per octet, and nothing that could end a command of SMTP. */
function isAddress(value: unknown): value is string {
  return typeof value === "string" && value.length <= 512 && /^[^\0-\x20<>\x7f]+@[^\0-\x20<>\x7f]+$/.test(value);
}
