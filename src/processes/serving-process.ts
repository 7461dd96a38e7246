// A process that serves mail, as the one that supervises it sees it: started, asked, gone.

import { type ChildProcess, fork } from "node:child_process";
import type { Family } from "../metrics/exposition.ts";
import { moduleUrl } from "../process/module-url.ts";
import type { Order, ProcessAnswer, ToProcess } from "./messages.ts";

export interface ServingProcess {
  readonly pid: number;
  /** Rejects when it says no, ends, or says nothing for too long. */
  ask(order: Order, patienceMs: number): Promise<ProcessAnswer>;
  /** Resolves to how, when it is gone and all it wrote was passed on: "signal SIGKILL", "exit code 1". */
  readonly ended: Promise<string>;
  /** At once: its clients get no reply and come again. */
  kill(): void;
}

export interface ServingNeeds {
  /** What it has counted so far. */
  onCounts(families: readonly Family[]): void;
  /** Whole lines that it wrote on standard error. */
  onLines(lines: readonly string[]): void;
}

/** The file's own kind: TypeScript in a checkout, JavaScript in a published package. */
const program = moduleUrl("./serve", import.meta.url);

/** @param sockets listening sockets that all processes share, of which they are 3 and what follows */
export function startServingProcess(
  { onCounts, onLines }: ServingNeeds,
  sockets: readonly number[] = [],
): ServingProcess {
  // Standard error comes by us, or lines of several processes would mix in one pipe.
  const child = fork(program, {
    stdio: ["ignore", "ignore", "pipe", ...sockets, "ipc"],
    serialization: "advanced",
    env: { ...process.env, LISTEN_FDS: String(sockets.length) },
  });
  const asked = new Map<number, PromiseWithResolvers<ProcessAnswer>>();
  let sequence = 0;
  let over: string | undefined;

  child.on("message", (message: ProcessAnswer) => {
    const { id, error, families } = message;
    if (id === undefined) {
      if (families !== undefined) onCounts(families);
      return;
    }
    const waiting = asked.get(id);
    asked.delete(id);
    if (error === undefined) waiting?.resolve(message);
    else waiting?.reject(new Error(error));
  });
  const ended = new Promise<string>((resolve) => {
    // "error": it could not even be started.
    child.on("error", (error) => end(error.message));
    child.on("exit", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
    function end(how: string): void {
      if (over !== undefined) return;
      over = how;
      for (const { reject } of asked.values()) reject(new Error(`it ended: ${how}`));
      asked.clear();
      resolve(how);
    }
  });
  const written = passLines(child, onLines);

  async function ask(order: Order, patienceMs: number): Promise<ProcessAnswer> {
    if (over !== undefined) throw new Error(`it ended: ${over}`);
    sequence += 1;
    const id = sequence;
    const waiting = Promise.withResolvers<ProcessAnswer>();
    asked.set(id, waiting);
    const message: ToProcess = { id, order };
    child.send(message, (error) => {
      if (error !== null) waiting.reject(error);
    });
    const patience = setTimeout(() => waiting.reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(patience);
      asked.delete(id);
    }
  }

  return {
    pid: child.pid ?? 0,
    ended: Promise.all([ended, written]).then(([how]) => how),
    ask,
    kill: () => void child.kill("SIGKILL"),
  };
}

/** A line that is longer is passed on in pieces. */
const maxLineChars = 64 * 1024;

/** Resolves when there is nothing left to come. */
function passLines({ stderr }: ChildProcess, onLines: (lines: readonly string[]) => void): Promise<void> {
  if (stderr === null) return Promise.resolve();
  let rest = "";
  stderr.setEncoding("utf8");
  stderr.on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLineChars) lines.push(rest);
    if (rest.length > maxLineChars) rest = "";
    if (lines.length > 0) onLines(lines.map((line) => `${line}\n`));
  });
  return new Promise((resolve) => {
    stderr.on("error", () => undefined);
    stderr.on("close", () => {
      if (rest !== "") onLines([`${rest}\n`]);
      resolve();
    });
  });
}
