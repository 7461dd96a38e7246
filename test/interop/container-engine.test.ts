// The container with an engine: both images built by their Containerfiles, and run as compose.yaml and docs/install.md say.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { bareRoot } from "../support/bare-root.ts";
import { pageBlocks } from "../support/document-blocks.ts";
import { test } from "../support/limited.ts";
import { missingProgram, namespacesDenied, skipWithout } from "../support/peers.ts";

const run = promisify(execFile);
const top = join(import.meta.dirname, "../..");
const missing = ["podman", "runc", "mmdebstrap", "smtp-sink", "perl"]
  .map((program) => missingProgram(program, program === "smtp-sink" ? "postfix" : program))
  .find((each) => each !== undefined);
const skip =
  skipWithout(process.getuid?.() === 0 ? missing : "an engine's storage of its own needs root") ||
  (namespacesDenied() ?? false);

type Service = Readonly<Record<string, unknown>>;
const all = (value: unknown) => value as readonly string[];

/** What compose.yaml says of a service, as options of `podman run`. */
const options: Readonly<Record<string, (value: unknown) => readonly string[]>> = {
  user: (user) => [`--user=${user}`],
  read_only: (value) => [`--read-only=${value}`, "--read-only-tmpfs=false"],
  cap_drop: (names) => all(names).map((name) => `--cap-drop=${name}`),
  security_opt: (names) => all(names).map((name) => `--security-opt=${name}`),
  tmpfs: (places) => all(places).map((place) => `--tmpfs=${place}`),
  volumes: (places) => all(places).map((place) => `--volume=${place}`),
  environment: (values) => Object.entries(values as object).map(([name, value]) => `--env=${name}=${value}`),
  mem_limit: (size) => [`--memory=${size}`],
  pids_limit: (count) => [`--pids-limit=${count}`],
  stop_grace_period: (time) => [`--stop-timeout=${String(time).replace(/s$/, "")}`],
};
/** The image has its own health check; the network is the stage's; nothing is started twice there. */
const otherwise = new Set([
  "build",
  "image",
  "ports",
  "networks",
  "network_mode",
  "restart",
  "depends_on",
  "healthcheck",
]);

function optionsOf(service: Service): string {
  const lines = Object.entries(service)
    .filter(([name]) => !otherwise.has(name))
    .flatMap(([name, value]) => {
      const option = options[name];
      assert.ok(option, `compose.yaml's ${name} is nothing that this test knows`);
      return option(value);
    });
  return lines.map((line) => `${line}\n`).join("");
}

test("an engine builds the image and runs it as compose.yaml says: signs, verifies, reloads, ends", {
  skip,
  timeout: 900_000,
}, async (t) => {
  const root = await bareRoot("trixie").catch((error: Error) => {
    if (process.env.CI === "true") throw error;
    t.skip(error.message);
    return null;
  });
  if (root === null) return;
  const folder = await mkdtemp(join(tmpdir(), "signpost-engine-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const { services } = parse(await readFile(join(top, "packaging/container/compose.yaml"), "utf8"));
  for (const name of ["signpost", "postfix"])
    await writeFile(join(folder, `${name}.options`), optionsOf(services[name]));

  const [block] = pageBlocks("docs/install.md").filter(({ text }) => text.startsWith("cd packaging/container\n"));
  assert.ok(block);
  // The mailboxes are on this machine.
  const commands = block.text.replace("[mailbox.example.org]:24", "[127.0.0.1]:24").trimEnd().split("\n");
  const up = commands.indexOf("podman compose up --detach");
  assert.ok(up > 0);
  const written = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  await writeFile(join(folder, "before"), written(commands.slice(0, up)));
  await writeFile(join(folder, "after"), written(commands.slice(up)));

  const npm = await realpath(execFileSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).trim());
  const env = {
    ...process.env,
    NODE: process.execPath,
    NPM: dirname(dirname(npm)),
    NPM_CACHE: execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim(),
  };
  const stage = ["sh", join(top, "test/support/container-stage.sh"), folder, top, root];
  const { stdout } = await run("unshare", ["--mount", "--uts", "--pid", "--fork", "--kill-child", ...stage], {
    env,
    maxBuffer: 64 * 1024 ** 2,
  }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    ...commands.map((command) => `== ${command}`),
    "== healthy",
    "inside: /usr/bin/../lib/signpost/bin/node /usr/bin/../lib/signpost/dist/src/cli/main.js start --config /etc/signpost/signpost.yaml ",
    "inside: user 991 991",
    "inside: CapEff:\t0000000000000000",
    "inside: CapBnd:\t0000000000000000",
    "inside: NoNewPrivs:\t1",
    "verified: dkim=pass",
    "== the engine has the log",
    "== reloaded",
    "== ended with 0",
    "== Postfix ended with 0",
    "== done",
  ]);
});
