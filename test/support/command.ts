// One command line of ours, run to its end.
import { type ChildProcess, execFile } from "node:child_process";
import { join } from "node:path";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function signpost(...args: readonly string[]): Promise<Ended> {
  return startSignpost(args).ended;
}

/** One that is looked at, or signalled, while it runs. */
export function startSignpost(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly process: ChildProcess; readonly ended: Promise<Ended> } {
  const ended = Promise.withResolvers<Ended>();
  const options = { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, ...env } };
  const child = execFile(process.execPath, [main, ...args], options, (_, stdout, stderr) =>
    ended.resolve({ code: child.exitCode, stdout, stderr }),
  );
  return { process: child, ended: ended.promise };
}
