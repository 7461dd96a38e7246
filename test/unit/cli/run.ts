// Runs a command in a folder of its own, with a line of input, and keeps what it said.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Command } from "../../../src/cli/command.ts";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that goes away with the test. */
export function folderFor(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "signpost-test-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function run(command: Command, args: readonly string[], cwd: string, line = ""): Promise<Said> {
  let stdout = "";
  let stderr = "";
  const code = await command.run(args, {
    stdout: (text) => {
      stdout += typeof text === "string" ? text : Buffer.from(text).toString("utf8");
    },
    stderr: (text) => {
      stderr += text;
    },
    stdin: async () => new Uint8Array(),
    readLine: async () => line,
    env: {},
    cwd,
    terminal: false,
    now: () => 0,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}
