// What a command is and what it may touch: text out, text in, the environment. `main.ts` picks one and gives it these;
// a test gives it others.

/** Exit codes of sysexits.h. */
export const exitCode = {
  ok: 0,
  /** The command worked and the answer is no: a key that does not pass, a mail that would not be signed. */
  failure: 1,
  usage: 64,
  data: 65,
  noInput: 66,
  unavailable: 69,
  software: 70,
  cantCreate: 73,
  temporary: 75,
  permission: 77,
  config: 78,
} as const;

export interface Io {
  /** Results. Text is written as it is: the caller ends its lines. */
  stdout(text: string | Uint8Array): void;
  /** Diagnostics. */
  stderr(text: string): void;
  /** Everything on standard input, for commands that take "-". */
  stdin(): Promise<Uint8Array>;
  /** The next line of standard input without its end; "" where there is none. */
  readLine(): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file names start here. */
  readonly cwd: string;
  /** Standard output is a terminal: colour is welcome. */
  readonly terminal: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Aborted by SIGTERM or SIGINT: a command that runs on (`start`, `status`) ends then. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** As typed; with "_" where amavisd has one ("convert_keysfile"), "-" is taken as well. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What follows "signpost NAME " in the usage line, and below it what the command does and a line per option. */
  readonly usage: string;
  /** @returns the exit code */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** The usage with the command's name in front. */
export function synopsis({ name, usage }: Pick<Command, "name" | "usage">): string {
  const text = usage.trim();
  if (text === "") return name;
  return text === name || text.startsWith(`${name} `) ? text : `${name} ${text}`;
}

/** Thrown by a command whose arguments make no sense: `main.ts` prints the message and exits 64. */
export class UsageError extends Error {
  override name = "UsageError";
}
