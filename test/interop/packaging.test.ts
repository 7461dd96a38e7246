// The files around an installed daemon, judged by the programs that read them, and held against what the daemon does.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { commandNames } from "../../src/cli/commands.ts";
import { connectionsFor } from "../../src/process/descriptors.ts";
import { globalSettings } from "../../src/settings/rows/global.ts";
import { signpost } from "../support/command.ts";
import { test } from "../support/limited.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";

const packaging = resolve(import.meta.dirname, "../../packaging");
const unitFile = join(packaging, "systemd/signpost.service");

interface Ended {
  readonly code: number | string | null;
  readonly output: string;
}

function run(program: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((settle) => {
    const child = execFile(program, [...args], (error, stdout, stderr) =>
      settle({ code: child.exitCode ?? error?.code ?? null, output: `${stdout}${stderr}` }),
    );
  });
}

/** Skips the test where the program is missing. */
async function needs(t: TestContext, program: string): Promise<boolean> {
  const missing = skipWithout(missingProgram(program));
  if (missing !== false) t.skip(missing);
  return missing === false;
}

/** The same for what only root may do. */
function needsRoot(t: TestContext, what: string): boolean {
  if (process.getuid?.() === 0) return true;
  t.skip(what);
  return false;
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-packaging-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Of a setting that is given several times, all values. */
async function unit(): Promise<(name: string) => string> {
  const lines = (await readFile(unitFile, "utf8")).split("\n");
  return (name) =>
    lines
      .filter((line) => line.startsWith(`${name}=`))
      .map((line) => line.slice(name.length + 1))
      .join(" ");
}

test("the unit takes from the service what a filter has no use for", async () => {
  const setting = await unit();
  for (const [name, value] of Object.entries({
    Type: "notify",
    WatchdogSec: "60s",
    User: "signpost",
    NoNewPrivileges: "yes",
    ProtectSystem: "strict",
    ProtectHome: "yes",
    PrivateTmp: "yes",
    PrivateDevices: "yes",
    RestrictAddressFamilies: "AF_INET AF_INET6 AF_UNIX",
    CapabilityBoundingSet: "",
    AmbientCapabilities: "",
    LimitNOFILE: "16384",
    Restart: "always",
    RestartSec: "1s",
    RestartPreventExitStatus: "78",
  })) {
    assert.equal(setting(name), value, name);
  }
  for (const name of ["MemoryMax", "TasksMax", "SystemCallFilter"]) assert.notEqual(setting(name), "", name);
});

test("the unit's limits have room for the defaults", async () => {
  const setting = await unit();
  assert.ok(Number.parseInt(setting("TimeoutStopSec"), 10) > globalSettings.drain_timeout.fallback);
  assert.ok(connectionsFor(Number(setting("LimitNOFILE"))) >= globalSettings.limits.fallback.connections);
  assert.equal(setting("MemoryMax"), "1G");
  assert.ok(globalSettings.spool.fallback.memory + globalSettings.dns.fallback.cache_size < 2 ** 30 / 4);
});

test("the unit runs commands that there are, on one configuration", async () => {
  const setting = await unit();
  for (const name of ["ExecStart", "ExecReload"]) {
    const [program, command, option, file] = setting(name).split(" ");
    assert.equal(program, "/usr/local/bin/signpost");
    assert.ok(commandNames.includes(command ?? ""), command ?? "");
    assert.deepEqual([option, file], ["--config", "/etc/signpost/signpost.yaml"]);
  }
});

test("systemd finds nothing wrong with the unit, and little that the service could do", async (t) => {
  if (!(await needs(t, "systemd-analyze"))) return;
  const folder = await folderFor(t);
  const program = join(folder, "program");
  await writeFile(program, "#!/bin/sh\n");
  await chmod(program, 0o755);
  const text = await readFile(unitFile, "utf8");
  const here = join(folder, "signpost.service");
  await writeFile(here, text.replaceAll("/usr/local/bin/signpost", program).replace(/^Documentation=.*\n/m, ""));
  assert.deepEqual(await run("systemd-analyze", "verify", here), { code: 0, output: "" });
  // 10.0 is a service that may do everything; the threshold is in tenths. Two of them are setpriority(2), by which threads that
  // take mail apart stand back.
  const { code, output } = await run("systemd-analyze", "security", "--offline=true", "--threshold=17", here);
  assert.equal(code, 0, output);
  const [, exposure] = /exposure level for signpost\.service: ([\d.]+)/.exec(output) ?? [];
  const page = await readFile(resolve(packaging, "../docs/operations.md"), "utf8");
  assert.ok(
    page.includes(`\`systemd-analyze security\` gives it ${exposure}`),
    `${exposure} is not what the page says`,
  );
});

test("systemd takes the unit that is printed for this installation", async (t) => {
  if (!(await needs(t, "systemd-analyze"))) return;
  const folder = await folderFor(t);
  const { code, stdout } = await signpost("print-unit");
  assert.equal(code, 0);
  const here = join(folder, "signpost.service");
  await writeFile(here, stdout.replace(/^Documentation=.*\n/m, ""));
  assert.deepEqual(await run("systemd-analyze", "verify", here), { code: 0, output: "" });
});

test("the user and the folders come into being as the unit wants them", async (t) => {
  if (!needsRoot(t, "only root makes users")) return;
  if (!(await needs(t, "systemd-sysusers")) || !(await needs(t, "systemd-tmpfiles"))) return;
  const folder = await folderFor(t);
  for (const name of ["etc", "etc/signpost", "var", "var/lib"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "etc/signpost/signpost.yaml"), "{}", { mode: 0o644 });
  const made = await run("systemd-sysusers", `--root=${folder}`, join(packaging, "systemd/signpost.sysusers"));
  assert.equal(made.code, 0, made.output);
  const passwd = await readFile(join(folder, "etc/passwd"), "utf8");
  const [, , uid, gid, , home, shell] = /^signpost:.*$/m.exec(passwd)?.[0].split(":") ?? [];
  assert.deepEqual([home, shell], ["/var/lib/signpost", "/usr/sbin/nologin"]);
  assert.ok(Number(uid) > 0);

  const rules = join(packaging, "systemd/signpost.tmpfiles");
  const created = await run("systemd-tmpfiles", "--create", `--root=${folder}`, rules);
  assert.equal(created.code, 0, created.output);
  for (const [name, group, mode] of [
    ["etc/signpost", Number(gid), 0o750],
    ["etc/signpost/signpost.yaml", Number(gid), 0o640],
    ["var/lib/signpost", 0, 0o755],
    ["var/lib/signpost/keys", Number(gid), 0o750],
  ] as const) {
    const found = await stat(join(folder, name));
    assert.deepEqual([found.uid, found.gid, found.mode & 0o777], [0, group, mode], name);
  }
});

test("logrotate reads its file, and signals the service afterwards", async (t) => {
  if (!(await needs(t, "logrotate"))) return;
  const folder = await folderFor(t);
  const text = await readFile(join(packaging, "logrotate/signpost"), "utf8");
  if (!needsRoot(t, "logrotate wants root for another user's files")) return;
  await writeFile(join(folder, "signpost.log"), "line\n");
  const here = join(folder, "rules");
  const script = text.replaceAll("/var/log/signpost", folder).replaceAll("signpost signpost", "root root");
  await writeFile(here, script.replace(/systemctl kill .*/, `echo rotated > ${folder}/signalled`), { mode: 0o644 });
  const { code, output } = await run("logrotate", "--force", `--state=${join(folder, "state")}`, here);
  assert.equal(code, 0, output);
  assert.equal(await readFile(join(folder, "signpost.log.1"), "utf8"), "line\n");
  assert.equal((await stat(join(folder, "signpost.log"))).mode & 0o777, 0o640);
  assert.equal(await readFile(join(folder, "signalled"), "utf8"), "rotated\n");
  assert.match(text, /systemctl kill -s USR1 --kill-who=main signpost\.service/);
});

test("logcheck is content with a day like any other, and shows the rest", async (t) => {
  if (!(await needs(t, "grep"))) return;
  const folder = await folderFor(t);
  const head = "Nov 29 22:28:14 mx signpost[192]: ";
  const usual = [
    "signpost 0.2.0 ready on 127.0.0.1:10024, 127.0.0.1:10026, 1 worker thread(s)",
    "metrics on http://127.0.0.1:9925/metrics",
    "(00192-01) Passed CLEAN {RelayedInbound}, [192.0.2.1]:55406 <a@example.org> -> <b@example.org>, 12 ms",
    "(00192-02) Blocked SPAM {DiscardedInbound}, [192.0.2.1]:55406 <a@example.org> -> <b@example.org>, 12 ms",
    "configuration reloaded",
    "stopped",
  ];
  const unusual = [
    "(00192-03) Blocked INFECTED (Eicar) {DiscardedInbound}, [192.0.2.1]:1 <a@example.org> -> <b@example.org>, 1 ms",
    "worker threads restarted: heap out of memory",
    "stopped; 3 session(s) cut off after 30 s",
  ];
  await writeFile(join(folder, "log"), [...usual, ...unusual].map((line) => `${head}${line}\n`).join(""));
  const { output } = await run("grep", "-v", "-E", "-f", join(packaging, "logcheck/signpost"), join(folder, "log"));
  assert.deepEqual(
    output.trimEnd().split("\n"),
    unusual.map((line) => head + line),
  );
});
