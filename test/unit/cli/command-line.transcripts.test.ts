// What the commands say, word by word: each file of test/corpora/cli is a folder of files and a session in it.
// UPDATE_EXPECTED=1 writes what is said now into the files, where it is not what stands there.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { runCommandLine } from "../../../src/cli/command-line.ts";
import { type Exchange, matches, readTranscript, writeTranscript } from "./transcript.ts";

const corpus = join(import.meta.dirname, "../../corpora/cli");

async function say(command: string, cwd: string): Promise<Omit<Exchange, "before">> {
  const [, ...argv] = [...` ${command}`.matchAll(/ (?:"([^"]*)"|(\S*))/g)].map(([, quoted, word]) => quoted ?? word);
  const said = { stdout: "", stderr: "" };
  const code = await runCommandLine(argv.map(String), {
    stdout: (text) => {
      said.stdout += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
    },
    stderr: (text) => {
      said.stderr += text;
    },
    stdin: async () => new Uint8Array(),
    readLine: async () => "",
    env: { RUNTIME_DIRECTORY: cwd },
    cwd,
    terminal: false,
    now: () => 1_795_000_000_000,
    signal: new AbortController().signal,
  });
  const lines = (text: string) => (text === "" ? [] : text.replaceAll(cwd, "FOLDER").replace(/\n$/, "").split("\n"));
  return { command, stdout: lines(said.stdout), stderr: lines(said.stderr), code };
}

/** The usage that follows a complaint is the commands' own and changes with them. */
function shortened(lines: readonly string[]): readonly string[] {
  const usage = lines.findIndex((line) => line.startsWith("usage: "));
  return usage === -1 ? lines : [...lines.slice(0, usage + 1), "…"];
}

for (const name of readdirSync(corpus)
  .filter((file) => file.endsWith(".session"))
  .sort()) {
  test(name.replaceAll("-", " ").replace(".session", ""), async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "signpost-test-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { files, exchanges } = readTranscript(readFileSync(join(corpus, name), "utf8"));
    for (const file of files) {
      const path = join(folder, file.name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file.text);
      chmodSync(path, file.mode);
    }
    const spoken: Exchange[] = [];
    for (const { before, ...wanted } of exchanges) {
      const got = await say(wanted.command, folder);
      const same = matches(wanted.stdout, got.stdout) && matches(wanted.stderr, got.stderr) && wanted.code === got.code;
      spoken.push({ ...(same ? wanted : { ...got, stderr: shortened(got.stderr) }), before });
      if (!same && process.env["UPDATE_EXPECTED"] === undefined) assert.deepEqual(got, wanted);
    }
    if (process.env["UPDATE_EXPECTED"] !== undefined) writeFileSync(join(corpus, name), writeTranscript(spoken));
  });
}
