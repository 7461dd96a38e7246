// The container without an engine (container-engine.test.ts has one): its files read as an engine reads them, and its entry run as process 1, without root, on
// a root that cannot be written to.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { parse } from "yaml";
import { signpost } from "../support/command.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { missingProgram, namespacesDenied, skipWithout } from "../support/peers.ts";
import { postfixMissing } from "../support/postfix.ts";

const run = promisify(execFile);
const top = resolve(import.meta.dirname, "../..");
const container = join(top, "packaging/container");
const isRoot = process.getuid?.() === 0;
/** The image's user. */
const own = 991;

/** Instructions with their lines joined. */
async function instructions(file: string): Promise<readonly { readonly name: string; readonly rest: string }[]> {
  const text = (await readFile(join(container, file), "utf8")).replaceAll(/^#.*\n/gm, "").replaceAll("\\\n", " ");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", ...rest] = line.trim().split(/\s+/);
      return { name, rest: rest.join(" ") };
    });
}

const known = new Set(
  "FROM ARG WORKDIR COPY RUN ENV USER VOLUME EXPOSE HEALTHCHECK STOPSIGNAL ENTRYPOINT CMD".split(" "),
);

for (const file of ["Containerfile", "postfix/Containerfile"]) {
  test(`${file} is written as engines and linters want it`, async () => {
    const lines = await instructions(file);
    assert.equal(lines[0]?.name, "FROM");
    for (const { name, rest } of lines) {
      assert.ok(known.has(name), name);
      if (name === "FROM") assert.match(rest, /^[\w./-]+:[\w.-]+(?: AS \w+)?$/, "an image with a tag");
      if (name === "RUN" && rest.includes("apt-get")) {
        assert.match(
          rest,
          /apt-get update .*apt-get install --yes --no-install-recommends .*rm -rf \/var\/lib\/apt\/lists/,
        );
      }
      // In the form of a list: a shell between would keep signals from the program.
      if (["CMD", "ENTRYPOINT"].includes(name)) assert.ok(Array.isArray(JSON.parse(rest)), rest);
      if (name === "HEALTHCHECK") assert.ok(Array.isArray(JSON.parse(rest.slice(rest.indexOf("[")))), rest);
    }
  });
}

test("the image runs a program that there is, and not as root", async () => {
  const lines = await instructions("Containerfile");
  const last = (name: string) => lines.findLast((line) => line.name === name)?.rest ?? "";
  assert.equal(last("USER"), "signpost");
  assert.deepEqual(JSON.parse(last("ENTRYPOINT")), ["/usr/bin/signpost"]);
  assert.deepEqual(JSON.parse(last("CMD")), ["start", "--config", "/etc/signpost/signpost.yaml"]);
  assert.match(lines.find(({ rest }) => rest.includes("useradd"))?.rest ?? "", new RegExp(`--uid ${own} `));
});

test("compose.yaml names files, folders, networks and volumes that there are", async () => {
  const { services, volumes, networks } = parse(await readFile(join(container, "compose.yaml"), "utf8"));
  const madeByHand = ["./config", "./data"];
  for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
    assert.ok(service.image !== undefined || service.build !== undefined, name);
    const { context, dockerfile } = (service.build ?? {}) as { context?: string; dockerfile?: string };
    if (context !== undefined) await stat(join(container, context, String(dockerfile)));
    for (const volume of (service.volumes ?? []) as readonly string[]) {
      const [source = ""] = volume.split(":");
      if (!source.startsWith(".")) assert.ok(Object.hasOwn(volumes, source), `${name}: ${source}`);
      else if (!madeByHand.includes(source)) await stat(join(container, source));
    }
    for (const other of (service.depends_on ?? []) as readonly string[])
      assert.ok(Object.hasOwn(services, other), other);
    for (const network of (service.networks ?? []) as readonly string[]) assert.ok(Object.hasOwn(networks, network));
    if (service.build === undefined) assert.match(String(service.image), /^docker\.io\/[\w/-]+:[\w.-]+$/, name);
  }
  const { signpost: ours } = services;
  assert.deepEqual([ours.user, ours.read_only, ours.cap_drop], [`${own}:${own}`, true, ["ALL"]]);
});

test("Prometheus and Grafana find in compose.yaml what their files name", {
  skip: skipWithout(missingProgram("promtool", "prometheus")),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-container-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { services } = parse(await readFile(join(container, "compose.yaml"), "utf8"));
  /** Mounted files by their place in the container. */
  const placed = (service: string): ReadonlyMap<string, string> =>
    new Map(
      services[service].volumes
        .map((volume: string) => volume.split(":"))
        .map(([source = "", place = ""]: readonly string[]) => [place, join(container, source)]),
    );
  for (const [place, source] of placed("prometheus"))
    if (place.startsWith("/etc/")) await copyFile(source, join(folder, place.replace("/etc/prometheus/", "")));
  const { stdout } = await run("promtool", ["check", "config", join(folder, "prometheus.yml")]);
  assert.match(stdout, /SUCCESS: .* is valid[\s\S]*SUCCESS: [1-9]\d* rules found/);

  const grafana = placed("grafana");
  const file = async (place: string) => parse(await readFile(grafana.get(place) ?? "", "utf8"));
  const { datasources } = await file("/etc/grafana/provisioning/datasources/signpost.yaml");
  assert.deepEqual(
    datasources.map(({ url }: { url: string }) => [new URL(url).hostname in services, new URL(url).port]),
    [[true, "9090"]],
  );
  const provisioning = grafana.get("/etc/grafana/provisioning/dashboards") ?? "";
  for (const name of await readdir(provisioning)) {
    const { providers } = parse(await readFile(join(provisioning, name), "utf8"));
    for (const { options } of providers) assert.ok(grafana.has(options.path), options.path);
  }
});

test("the configuration of compose.yaml has nothing against it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-container-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const file = join(folder, "signpost.yaml");
  await signpost("init", "--config", file, "--hostname", "mail.example.org", "example.org");
  const more = await readFile(join(container, "signpost-more.yaml"), "utf8");
  await writeFile(file, `${(await readFile(file, "utf8")).replace(/^metrics: .*$/m, "")}${more}`);
  const { code, stderr } = await signpost("check-config", "--config", file);
  assert.equal(code, 0, stderr);
});

test("Postfix in compose.yaml has what `signpost postfix --print` says", {
  skip: skipWithout(await postfixMissing()),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-container-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await copyFile("/usr/share/postfix/main.cf.debian", join(folder, "main.cf"));
  await copyFile("/usr/share/postfix/master.cf.dist", join(folder, "master.cf"));
  const example = join(top, "examples/signpost.yaml");
  const { stdout } = await signpost("postfix", "--print", "--config", example, "--postfix-config", folder);
  const lines = stdout.replaceAll(folder, "/etc/postfix").replace(/^postfix .*\n/m, "");
  const setUp = await readFile(join(container, "postfix/set-up.sh"), "utf8");
  assert.equal(setUp.replace(/^(?:#.*|set -eu)\n/gm, ""), lines);
  await run("sh", ["-n", join(container, "postfix/start.sh")]);
});

test("as process 1 it is healthy, keeps to its folders, and ends by SIGTERM", {
  skip:
    skipWithout(
      isRoot ? (missingProgram("unshare", "util-linux") ?? missingProgram("setpriv", "util-linux")) : "root",
    ) ||
    (namespacesDenied() ?? false),
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signpost-container-"));
  const hop = await startFakeNextHop();
  t.after(async () => {
    await hop.close();
    await rm(folder, { recursive: true, force: true });
  });
  await chmod(folder, 0o755);
  const [state, sockets] = [join(folder, "state"), join(folder, "run")];
  for (const each of [state, sockets]) {
    await mkdir(each);
    await chown(each, own, own);
  }
  const file = join(folder, "signpost.yaml");
  const nextHop = `smtp:[127.0.0.1]:${hop.port}`;
  await writeFile(
    file,
    `inet_socket_port: ${await freePort()}\nforward_method: "${nextHop}"\nnotify_method: "${nextHop}"\n`,
    { mode: 0o644 },
  );
  const main = join(top, "src/cli/main.ts");
  const env = { PATH: process.env.PATH, RUNTIME_DIRECTORY: sockets, TMPDIR: state, NODE_COMPILE_CACHE: "" };
  const setting = [
    `mount --make-rprivate /`,
    ...[state, sockets].map((each) => `mount --bind ${each} ${each}`),
    `mount -o remount,bind,ro /`,
    `exec setpriv --reuid ${own} --regid ${own} --clear-groups --bounding-set -all "$@"`,
  ].join(" && ");
  const program = ["sh", "-c", setting, "sh", process.execPath, main, "start", "--config", file];
  const child: ChildProcess = spawn("unshare", ["--pid", "--fork", "--mount", "--mount-proc", ...program], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  assert.ok(child.stderr);
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  const exited = once(child, "exit");
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    if (line.includes(" ready on ")) ready.resolve();
  });
  void exited.then(() => ready.reject(new Error(lines.join("\n"))));
  await ready.promise;

  const status = await run(process.execPath, [main, "status", "--once", "--interval", "0.1", "--config", file], {
    env,
    uid: own,
    gid: own,
  });
  assert.match(status.stdout, /pid 1\b/);

  const { stdout } = await run("ps", ["-o", "pid=", "--ppid", String(child.pid)]);
  process.kill(Number(stdout.trim()), "SIGTERM");
  const [code] = await exited;
  assert.equal(code, 0, lines.join("\n"));
});
