// The process that takes a daemon's place: started by it, with its listening sockets, from the program that is on disk by
// now. What the two say to each other goes over the channel that Node gives a child.
import { type ChildProcess, spawn } from "node:child_process";

/** From the new process: its ports are open; it has all that only one process may have, and takes mail. */
type FromSuccessor = "open" | "serving";
/** To the new process: what only one may have is free. */
const yours = "yours";

export interface Successor {
  readonly pid: number;
  /** Resolves when its ports are open; rejects when it ended instead. */
  readonly open: Promise<void>;
  /** Tells it that pid file, control socket and metrics endpoint are free; resolves when it takes mail. */
  handOver(): Promise<void>;
  /** Lets the new process run on when this one ends. */
  release(): void;
  kill(): void;
}

export interface SuccessorNeeds {
  /** Arguments of the program: its own file first. */
  readonly args: readonly string[];
  readonly descriptors: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long each of its two steps may take, milliseconds. */
  readonly patienceMs: number;
}

export function startSuccessor({ args, descriptors, env, patienceMs }: SuccessorNeeds): Successor {
  // They become 3 and what follows, where inherited-sockets.ts looks for them.
  const stdio = ["ignore", "inherit", "inherit", ...descriptors, "ipc"] as const;
  // The service manager meant these for this process, not for the new one.
  const { LISTEN_PID: _pid, LISTEN_FDNAMES: _names, WATCHDOG_PID: _dog, SYSTEMD_EXEC_PID: _exec, ...rest } = env;
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    stdio: [...stdio],
    env: { ...rest, LISTEN_FDS: String(descriptors.length) },
  });
  return {
    pid: child.pid ?? 0,
    open: said(child, "open", patienceMs),
    async handOver() {
      const serving = said(child, "serving", patienceMs);
      child.send(yours);
      await serving;
    },
    release() {
      if (child.connected) child.disconnect();
      child.unref();
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function said(child: ChildProcess, wanted: FromSuccessor, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(`no answer within ${patienceMs / 1000} s`), patienceMs);
    const onMessage = (message: unknown) => {
      if (message === wanted) settle(undefined);
    };
    const onExit = (code: number | null, signal: string | null) =>
      settle(signal === null ? `it ended with exit code ${code}` : `it ended: signal ${signal}`);
    const onError = (error: Error) => settle(error.message);
    function settle(trouble: string | undefined): void {
      clearTimeout(timer);
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
      if (trouble === undefined) resolve();
      else reject(new Error(`the new process is of no use: ${trouble}`));
    }
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
  });
}

/** The new process's end. */
export interface Predecessor {
  /** Says that our ports are open; resolves when what only one process may have is free. Rejects when the other is gone. */
  takeOver(): Promise<void>;
  /** Says that we take mail. */
  serving(): void;
}

/** Undefined when this process was not started to take another one's place. */
export function predecessor(channel: NodeJS.Process = process): Predecessor | undefined {
  if (channel.send === undefined) return undefined;
  return {
    takeOver: () =>
      new Promise((resolve, reject) => {
        const onGone = () => reject(new Error("the process whose place is to be taken is gone"));
        channel.once("disconnect", onGone);
        channel.on("message", (message: unknown) => {
          if (message !== yours) return;
          channel.off("disconnect", onGone);
          resolve();
        });
        tell("open");
      }),
    serving() {
      tell("serving", () => {
        channel.removeAllListeners("message");
        channel.channel?.unref();
      });
    },
  };

  function tell(text: FromSuccessor, sent: () => void = () => undefined): void {
    channel.send?.(text, undefined, undefined, () => sent());
  }
}
