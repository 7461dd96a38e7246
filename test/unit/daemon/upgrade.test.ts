import assert from "node:assert/strict";
import { test } from "node:test";
import { createUpgrade } from "../../../src/daemon/upgrade.ts";
import type { Log } from "../../../src/log/log.ts";

const silent: Log = {
  format: "text",
  write: () => undefined,
  pass: () => undefined,
  dropped: 0,
  reopen: () => undefined,
  close: async () => undefined,
};

/** The new process is this test's own program, started anew: it ends at once, saying nothing. */
function setUp(env: Record<string, string> = {}) {
  const events: string[] = [];
  const note = (what: string) => async () => void events.push(what);
  const daemon = {
    log: silent,
    descriptors: () => [],
    leaveNames: note("leave"),
    resumeNames: note("resume"),
    retire: note("retire"),
  };
  const control = { leave: () => void events.push("leave control"), resume: note("resume control") };
  const signal = new AbortController().signal;
  return { events, ...createUpgrade({ daemon, control, env: { ...env, NODE_OPTIONS: "--no-such-option" }, signal }) };
}

test("a new process that does not come up changes nothing, and another may be tried", async () => {
  const { upgrade, events } = setUp();
  await assert.rejects(upgrade(), /the new process is of no use: it ended with exit code 9/);
  await assert.rejects(upgrade(), /exit code 9/);
  assert.deepEqual(events, []);
});

test("one at a time", async () => {
  const { upgrade } = setUp();
  const first = upgrade();
  await assert.rejects(upgrade(), /already/);
  await assert.rejects(first, /exit code 9/);
});

test("systemd that is not to be told who its service is would end all processes with the first", async () => {
  const { upgrade } = setUp({ SYSTEMD_EXEC_PID: String(process.pid) });
  await assert.rejects(upgrade(), /Type=notify/);
});
