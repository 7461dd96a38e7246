// A start that fails ends: with a line that says why, an exit code, and nothing left that holds the process.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSignpost } from "../support/command.ts";
import { threadsThatDoNotLoad } from "../support/dying-threads.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";

let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signpost-failed-start-"));
});

after(() => rm(folder, { recursive: true, force: true }));

/** All that takes threads. */
async function configured(listeners: number, more = ""): Promise<string> {
  const file = join(folder, `signpost-${listeners}.yaml`);
  const lines = [
    "myhostname: mail.example.com",
    `inet_socket_port: ${await freePort()}`,
    'forward_method: "smtp:[127.0.0.1]:9"',
    `listeners: ${listeners}`,
    "pool: { threads: 2 }",
    "enable_dkim_verification: true",
    "enable_spf_verification: true",
    `QUARANTINEDIR: "${join(folder, "kept")}"`,
    `history: { file: "${join(folder, "history.sqlite")}" }`,
    `sent_mail: { file: "${join(folder, "sent.sqlite")}" }`,
    "penpals_bonus_score: 3",
    `spool: { dir: "${folder}", free_space: 1M }`,
    `control: { socket: "${join(folder, "control.sock")}" }`,
    more,
  ];
  await writeFile(file, lines.join("\n"), { mode: 0o600 });
  return file;
}

for (const how of ["throw", "exit"] as const) {
  for (const listeners of [1, 2]) {
    test(`threads that do not load (${how}) end a start, with listeners: ${listeners}`, async () => {
      const file = await configured(listeners);
      const { ended } = startSignpost(["start", "--config", file, "--user", "root"], threadsThatDoNotLoad(how));
      const { code, stderr } = await ended;
      assert.equal(code, 69, stderr);
      assert.match(stderr, /^signpost: not started: worker threads: \S/m);
    });
  }

  test(`threads that do not load (${how}) end the demo`, async () => {
    const { code, stderr } = await startSignpost(["demo"], threadsThatDoNotLoad(how)).ended;
    assert.notEqual(code, 0);
    assert.match(stderr, /worker threads: a job failed on two workers: \S/);
  });
}

for (const listeners of [1, 2]) {
  test(`SIGTERM ends a start whose threads hang, with listeners: ${listeners}`, async (t) => {
    const file = await configured(listeners, "log_level: 0");
    const child = startSignpost(["start", "--config", file, "--user", "root"], threadsThatDoNotLoad("hang"));
    t.after(() => child.process.kill("SIGKILL"));
    // The line comes when the log is open, just before there are threads.
    await new Promise<void>((resolve) => child.process.stderr?.on("data", () => resolve()));
    child.process.kill("SIGTERM");
    const { code, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^signpost: not started: told to end$/m);
  });
}
