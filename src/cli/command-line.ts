// The command line: picks a command, gives it the world, turns what it threw into a message and an exit code.

import { writeSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { errorCode, errorStack, errorText } from "../mail/error-text.ts";
import { version } from "../process/version.ts";
import { nearest } from "../settings/nearest.ts";
import { argumentFault } from "./argument-fault.ts";
import { type Command, exitCode, type Io, synopsis, UsageError } from "./command.ts";
import { commandNames, loadCommand, loadCommands } from "./commands.ts";

async function usage(): Promise<string> {
  const commands = await loadCommands();
  const width = Math.max(...commands.map((command) => command.name.length));
  const list = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`).join("\n");
  return `usage: signpost COMMAND [ARGUMENT...]\n\n${list}\n\nsignpost COMMAND --help tells more; signpost --version the version.\n`;
}

/** Runs one command line and gives its exit code. */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  const { word, args } = takeCommand(argv);
  if (word === undefined) {
    io.stderr(await usage());
    return exitCode.usage;
  }
  if (word === "help" && args[0] !== undefined) return runCommandLine([args[0], "--help"], io);
  if (word === "--help" || word === "-h" || word === "help") {
    io.stdout(await usage());
    return exitCode.ok;
  }
  if (word === "--version" || word === "-V" || word === "-v" || word === "version") {
    io.stdout(`signpost ${version}\n`);
    return exitCode.ok;
  }
  const command = await commandNamed(word);
  if (command === undefined) {
    io.stderr(`signpost: unknown command "${word}"${hintFor(word)}\nTry "signpost --help".\n`);
    return exitCode.usage;
  }
  if (asksForHelp(args)) {
    io.stdout(commandUsage(command));
    return exitCode.ok;
  }
  try {
    return await command.run(args, io);
  } catch (error) {
    const message = error instanceof UsageError ? error.message : argumentFault(error, command.usage);
    if (message !== undefined) {
      io.stderr(`signpost ${command.name}: ${message}\nTry "signpost ${command.name} --help".\n`);
      return exitCode.usage;
    }
    io.stderr(`signpost ${command.name}: ${errorStack(error)}\n`);
    return exitCode.software;
  }
}

/** amavisd takes its options before the command: "-c FILE showkeys" is "showkeys --config FILE". */
function takeCommand(argv: readonly string[]): { readonly word: string | undefined; readonly args: readonly string[] } {
  const [first, second, word, ...rest] = argv;
  if ((first !== "-c" && first !== "--config") || second === undefined) return { word: first, args: argv.slice(1) };
  return { word, args: [`--config=${second}`, ...rest] };
}

/** Commands of amavisd that go by another name here. */
const otherNames: Readonly<Record<string, string>> = {
  showkey: "showkeys",
  testkey: "testkeys",
  foreground: "start",
  test_config: "check_config",
};

function commandNamed(word: string): Promise<Command> | undefined {
  const typed = word.replaceAll("-", "_");
  const wanted = Object.hasOwn(otherNames, typed) ? otherNames[typed] : typed;
  const name = commandNames.find((candidate) => candidate.replaceAll("-", "_") === wanted);
  return name === undefined ? undefined : loadCommand(name);
}

function hintFor(word: string): string {
  if (word === "stop") return ": SIGTERM ends the daemon when mail under way is done";
  if (word === "restart") return ': "reload" puts a changed configuration in force, the service manager restarts';
  const meant = nearest(word, commandNames);
  return meant === undefined ? "" : `, did you mean ${meant}?`;
}

/** What stands behind "--" is a file's name, whatever it looks like. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end === -1 ? args : args.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

function commandUsage(command: Command): string {
  return `usage: signpost ${synopsis(command)}\n`;
}

const sameSignalMs = 300;

/** The world of a real process. */
export function processIo(): Io {
  const abort = new AbortController();
  const signals = ["SIGTERM", "SIGINT"] as const;
  const end = (signal: NodeJS.Signals) => {
    abort.abort(signal);
    // An operator who signals again does not want to wait: the next signal has its usual effect. A terminal and npm both pass on the same
    // Ctrl-C, so what comes along with the first counts as one.
    setTimeout(() => {
      for (const each of signals) {
        process.off(each, end);
        // For process 1, as in a container, a signal has no usual effect.
        if (process.pid === 1) process.on(each, () => process.exit(128 + constants.signals[each]));
      }
    }, sameSignalMs).unref();
  };
  for (const signal of signals) process.on(signal, end);
  return {
    stdout: (text) => writeWhole(1, text),
    stderr: (text) => writeWhole(2, text),
    stdin: () => buffer(process.stdin),
    readLine: () => firstLine(abort.signal),
    env: process.env,
    cwd: process.cwd(),
    terminal: process.stdout.isTTY === true,
    now: Date.now,
    signal: abort.signal,
  };
}

async function firstLine(signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, signal });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
  }
}

/** At the end, how long to wait for output that nobody reads. */
const patienceMs = 1000;

/**
 * Synchronous, so that nothing is cut off by the exit; a reader of results that went away ends the command quietly.
 * Results that cannot be written, as on a full disk, end it with a word; diagnostics that cannot be written, or that
 * nobody reads, keep nobody from work.
 */
function writeWhole(descriptor: number, text: string | Uint8Array): void {
  const startedAt = performance.now();
  let octets = typeof text === "string" ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.length);
  while (octets.length > 0) {
    try {
      octets = octets.subarray(writeSync(descriptor, octets));
    } catch (error) {
      const code = errorCode(error);
      if (code === "EAGAIN" && (descriptor !== 2 || performance.now() - startedAt < patienceMs)) continue;
      if (code === "EAGAIN" || code === "EBADF") return;
      if (descriptor === 2) return;
      if (code === "EPIPE") process.exit(exitCode.ok);
      writeWhole(2, `signpost: cannot write the output: ${errorText(error)}\n`);
      process.exit(exitCode.cantCreate);
    }
  }
}
