// `npm start` as a newcomer has it: examples/signpost.yaml with nothing changed but the ports, and not as root.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { smtpClient } from "../support/smtp-client.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "src/cli/main.ts");
const nobody = 65534;

let folder: string;
let daemon: ChildProcess;
let hops: { readonly incoming: FakeNextHop; readonly originating: FakeNextHop };
let ports: Readonly<Record<"10024" | "10026" | "10028" | "9925", number>>;
const lines: string[] = [];

/** What is told of every example: there is no key yet, this host may have no full name, and what master.cf must have. */
const expectedAdvice = /: (?:warning: enable_dkim_signing: there is no key|warning: myhostname: |note: mynetworks: )/;

/** Whether somebody else may read what lies there: a checkout in a private home cannot be run by another user. */
function isOpen(path: string): boolean {
  const open = (statSync(path).mode & 0o001) !== 0;
  return dirname(path) === path ? open : open && isOpen(dirname(path));
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signpost-example-"));
  await chmod(folder, 0o755);
  await mkdir(join(folder, "tmp"));
  await chmod(join(folder, "tmp"), 0o1777);
  hops = { incoming: await startFakeNextHop(), originating: await startFakeNextHop() };
  ports = { "10024": await freePort(), "10026": await freePort(), "10028": await freePort(), "9925": await freePort() };
  let text = await readFile(join(root, "examples/signpost.yaml"), "utf8");
  for (const [name, port] of Object.entries({
    ...ports,
    "10025": hops.incoming.port,
    "10027": hops.originating.port,
  })) {
    assert.ok(text.includes(name), name);
    text = text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), String(port));
  }
  await writeFile(join(folder, "signpost.yaml"), text, { mode: 0o644 });
  const { start } = JSON.parse(await readFile(join(root, "package.json"), "utf8")).scripts;
  assert.match(start, /\bnode src\/cli\/main\.ts start --config examples\/signpost\.yaml$/);
  const other = process.getuid?.() === 0 && isOpen(root) && isOpen(process.execPath);
  const child = spawn(process.execPath, [main, "start", "--config", join(folder, "signpost.yaml")], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH ?? "", TMPDIR: join(folder, "tmp") },
    ...(other ? { uid: nobody, gid: nobody } : {}),
  });
  daemon = child;
  const ready = Promise.withResolvers<void>();
  child.once("exit", () => ready.reject(new Error(lines.join("\n"))));
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    if (line.includes(" ready on ")) ready.resolve();
  });
  await ready.promise;
});

after(async () => {
  if (daemon.exitCode === null) {
    daemon.kill("SIGTERM");
    await once(daemon, "exit");
  }
  await Promise.all([hops.incoming.close(), hops.originating.close()]);
  await rm(folder, { recursive: true });
});

test("it has nothing else to complain about than a key that is missing, and names its three ports", () => {
  const said = lines.filter((line) => !line.includes("running as root") && !expectedAdvice.test(line));
  assert.equal(said.length, 2, lines.join("\n"));
  assert.match(said[0] ?? "", /metrics on http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const where = ["10024", "10026", "10028"] as const;
  assert.ok(said[1]?.includes(where.map((name) => `127.0.0.1:${ports[name]}`).join(", ")), said.join("\n"));
});

test("check-config finds no fault in it", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    main,
    "check-config",
    "--config",
    join(root, "examples/signpost.yaml"),
  ]);
  assert.match(stdout, /signpost\.yaml: .*(?:warning|note)s?\n$/);
  for (const line of stderr.trimEnd().split("\n")) assert.match(line, expectedAdvice);
});

for (const [name, banner, offers8Bit, hop] of [
  ["10024", /^220 \[127\.0\.0\.1\] ESMTP signpost service ready$/, true, "incoming"],
  ["10026", /^220 \[127\.0\.0\.1\] ESMTP signpost service ready$/, false, "originating"],
  ["10028", /^220 \[127\.0\.0\.1\] ESMTP signpost NOCHECKS service ready$/, true, "incoming"],
] as const) {
  test(`port ${name} greets as its bank says and hands mail to the ${hop} side of Postfix`, async () => {
    const client = smtpClient(ports[name]);
    assert.match((await client.line()) ?? "", banner);
    client.send("EHLO client.example\r\n");
    assert.equal((await client.reply()).join().includes("8BITMIME"), offers8Bit);
    client.socket.end("QUIT\r\n");
    const sender = await connected(ports[name]);
    const before = hops[hop].mails.length;
    assert.match(await submit(sender, { data: mailText(`by ${name}`) }), /^250 2\.0\.0 from MTA/);
    sender.socket.end("QUIT\r\n");
    assert.equal(hops[hop].mails.length, before + 1);
  });
}

test("the metrics endpoint says that it is ready", async () => {
  const answer = await fetch(`http://127.0.0.1:${ports["9925"]}/readyz`);
  assert.equal(answer.status, 200, await answer.text());
});
