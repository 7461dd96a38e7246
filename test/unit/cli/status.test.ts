// How status draws: colours on a terminal, none where NO_COLOR asks for that, once and plain where nothing can be drawn.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { status } from "../../../src/cli/status.ts";
import { openControlSocket } from "../../../src/control/server.ts";
import { folderFor } from "./run.ts";

const answer = { version: "1.2.3", pid: 7, startedAtMs: 0, troubles: [], text: "", processes: [] };
/** What moves the cursor or clears; what changes how letters look (ECMA-48 section 8.3). */
const drawing = "\x1b[H";
const bold = "\x1b[1m";

const cases = [
  { name: "a terminal", env: {}, terminal: true, drawn: true, coloured: true },
  { name: "a terminal, NO_COLOR set", env: { NO_COLOR: "1" }, terminal: true, drawn: true, coloured: false },
  { name: "a terminal, NO_COLOR empty", env: { NO_COLOR: "" }, terminal: true, drawn: true, coloured: true },
  { name: "a terminal that can do nothing", env: { TERM: "dumb" }, terminal: true, drawn: false, coloured: false },
  { name: "a pipe", env: {}, terminal: false, drawn: false, coloured: false },
] as const;

for (const { name, env, terminal, drawn, coloured } of cases) {
  test(`status to ${name}: ${drawn ? "drawn" : "printed once"}, ${coloured ? "in colours" : "plain"}`, async (t) => {
    const path = join(folderFor(t), "control.sock");
    const daemon = await openControlSocket(path, async () => answer);
    t.after(() => daemon.close());
    const interrupt = new AbortController();
    let stdout = "";
    const code = await status.run(["--socket", path, "--interval", "0.1"], {
      stdout: (text) => {
        stdout += String(text);
        // The first view is all there is to see.
        if (stdout.includes("1.2.3")) interrupt.abort();
      },
      stderr: (text) => assert.fail(text),
      stdin: async () => new Uint8Array(),
      readLine: async () => "",
      env,
      cwd: "/",
      terminal,
      now: () => 0,
      signal: interrupt.signal,
    });
    assert.equal(code, 0);
    assert.ok(stdout.includes("1.2.3"), stdout);
    assert.equal(stdout.includes(drawing), drawn);
    assert.equal(stdout.includes(bold), coloured);
    if (!drawn) assert.ok(!stdout.includes("\x1b"), "no escape sequences");
  });
}
