// A signpost daemon as a process of its own, on a configuration that is given; ended by its process id. What it is
// measured with is set up in filter.ts and in bench/growth.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface DaemonOptions {
  /** The configuration. */
  readonly file: string;
  /** It is up when all of them are listened on. */
  readonly ports: readonly number[];
  /** Flags for node. */
  readonly nodeFlags?: readonly string[];
  /** The checkout whose daemon is started, for before and after; this one unless it is told. */
  readonly root?: string;
  /** The program, where it is not the checkout's. It is started without the probe, so there is no `delay` to ask for. */
  readonly program?: string;
  /** What comes before the program: ["taskset", "-c", "0"]. It must become the program itself. */
  readonly prefix?: readonly string[];
}

export interface MeasuredDaemon {
  readonly pid: number;
  /** From the start of the process until it listens everywhere, as a client sees it. */
  readonly startMs: number;
  /** Event-loop delay of its main thread since the last call, milliseconds. */
  delay(): Promise<{ readonly p99: number; readonly max: number }>;
  stop(): Promise<void>;
}

const ownRoot = fileURLToPath(new URL("../..", import.meta.url));
const probe = new URL("./probe.ts", import.meta.url).href;

/** Resolves when it listens; rejects when it ends before that. */
export async function startMeasured(options: DaemonOptions): Promise<MeasuredDaemon> {
  const { file, ports, nodeFlags = [], root = ownRoot, prefix = [] } = options;
  const main = options.program === undefined ? ["--import", probe, join(root, "src/cli/main.ts")] : [options.program];
  const startedAt = performance.now();
  // Files of a bench are of who runs it; release 0.1.0 beside this one has no such option and stays who it is.
  const knowsUser = existsSync(join(root, "src/process/unix-user.ts"));
  const user = process.getuid?.() === 0 && knowsUser ? ["--user", "root"] : [];
  const start = [...main, "start", "--config", file, ...user];
  const [command = "", ...args] = [...prefix, process.execPath, ...nodeFlags, ...start];
  const child = spawn(command, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: {
      ...process.env,
      // What is installed has this from its unit, packaging/systemd.
      ...(options.program === undefined ? {} : { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "65536" }),
      // Its control socket is its own.
      RUNTIME_DIRECTORY: dirname(file),
    },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the daemon did not start");
  for (const port of ports) await listening(child, port);
  return {
    pid,
    startMs: performance.now() - startedAt,
    async delay() {
      if (options.program !== undefined) throw new Error("nothing measures the event loop of this daemon");
      const answer = once(child, "message");
      child.send("delay");
      const [values]: { p99: number; max: number }[] = await answer;
      return values ?? { p99: 0, max: 0 };
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** Asks until somebody listens; the daemon says so in its log, which a file keeps from us. */
async function listening(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`);
    const socket = connect({ host: "127.0.0.1", port });
    const up = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (up === true) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
