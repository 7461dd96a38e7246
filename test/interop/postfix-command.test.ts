// `signpost postfix` with a real Postfix that knows nothing of the filter: each set-up is made, used, and taken back.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { signpost } from "../support/command.ts";
import { type DaemonProcess, startIn } from "../support/daemon.ts";
import { type FakeDns, startFakeDns } from "../support/fake-dns.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { type Postfix, postfixMissing, startPostfix } from "../support/postfix.ts";

const run = promisify(execFile);
const skip = skipWithout(await postfixMissing());
const inside = "127.0.0.2";
const outside = "127.0.0.3";

let folder: string;
let postfix: Postfix;
let daemon: DaemonProcess;
let sink: FakeNextHop;
let smtpd: number;
let taken = 0;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  folder = await mkdtemp(join(tmpdir(), "signpost-set-up-"));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const names = ["10024", "10026", "10028", "10025", "10027", "9925", "8891", "smtpd"];
  const picked = new Map<string, number>();
  for (const name of names) picked.set(name, await freePort());
  const port = (name: string) => picked.get(name) ?? 0;
  smtpd = port("smtpd");
  sink = await startFakeNextHop();
  const dns: FakeDns = await startFakeDns({});
  closers.unshift(
    () => dns.close(),
    () => sink.close(),
  );
  const file = join(folder, "signpost.yaml");
  const made = await signpost("init", "--config", file, "--hostname", "mx.example.com", "example.com");
  assert.equal(made.code, 0, made.stderr);
  let text = `${await readFile(file, "utf8")}milter_listen: [{ address: "127.0.0.1:8891" }]\ncontrol: { socket: ${folder}/control.sock }\n`;
  for (const [name, number] of picked) text = text.replaceAll(new RegExp(`\\b${name}\\b`, "g"), String(number));
  text = text.replace(/^mynetworks: .*/m, `mynetworks: [${inside}/32]`);
  text = text.replace(/^#dns: .*/m, `dns: { servers: ["127.0.0.1:${dns.server.port}"] }`);
  await writeFile(file, text);
  daemon = await startIn(folder, file);
  closers.unshift(() => daemon.stop());
  const ports = {
    smtpd,
    incoming: port("10024"),
    originating: port("10026"),
    backIncoming: port("10025"),
    backOriginating: port("10027"),
    sink: sink.port,
  };
  postfix = await startPostfix(ports, `${inside}/32`, "ipv4", [], "none");
  closers.unshift(() => postfix.stop());
});

after(async () => {
  for (const close of closers) await close();
});

function command(...args: readonly string[]) {
  return signpost("postfix", "--config", daemon.configFile, "--postfix-config", postfix.config, ...args);
}

/** main.cf and master.cf, and the names of all files beside them. */
async function state(): Promise<readonly string[]> {
  const texts = ["main.cf", "master.cf"].map((name) => readFile(join(postfix.config, name), "latin1"));
  return [...(await Promise.all(texts)), ...(await readdir(postfix.config)).sort()];
}

/** Sends a mail from `client` and gives what comes out at the far end. */
async function send(client: string): Promise<string> {
  await run("swaks", [
    ...["--server", "127.0.0.1", "--port", String(smtpd), "--local-interface", client, "--helo", "client.example"],
    ...["--from", "alice@example.com", "--to", "bob@example.com"],
  ]).catch((error: { readonly stdout?: string }) => assert.fail(error.stdout ?? String(error)));
  taken += 1;
  await sink.received(taken);
  return sink.mails[taken - 1]?.octets.toString("latin1") ?? "";
}

test("without it, mail passes by the filter", { skip }, async () => {
  assert.doesNotMatch(await send(inside), /^DKIM-Signature:/m);
});

for (const [setup, more] of [
  ["filter", []],
  ["milter", []],
  ["proxy", ["--service"]],
] as const) {
  test(`${setup}: made, used, and taken back octet for octet`, { skip, timeout: 120_000 }, async () => {
    const before = await state();
    const options = ["--setup", setup, ...more.flatMap((name) => [name, `127.0.0.1:${smtpd}/inet`])];
    const shown = await command("--print", ...options);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^postconf -c /m);
    assert.deepEqual(await state(), before, "showing changes nothing");

    const applied = await command("--apply", ...options);
    assert.deepEqual([applied.code, applied.stderr], [0, "Postfix has reloaded\n"]);
    assert.equal(shown.stdout.replace(/^postfix .*\n/m, ""), applied.stdout, "what is shown is what is done");
    assert.match(await send(inside), /^DKIM-Signature: .*d=example\.com/ms);
    const foreign = await send(outside);
    assert.doesNotMatch(foreign, /^DKIM-Signature:/m);
    assert.match(foreign, /^Authentication-Results: mx\.example\.com;/m);

    const again = await command("--apply", ...options);
    assert.deepEqual([again.code, /is in force already/.test(again.stderr)], [1, true]);
    const undone = await command("--undo");
    assert.deepEqual([undone.code, undone.stderr], [0, "Postfix has reloaded\n"]);
    assert.deepEqual(await state(), before);
  });
}

test("what somebody changed in between stays", { skip }, async () => {
  const postconf = (...args: readonly string[]) => run("/usr/sbin/postconf", ["-c", postfix.config, ...args]);
  await command("--apply");
  await postconf("-e", "message_size_limit = 50000000", "content_filter = other:[127.0.0.1]:9");
  const undone = await command("--undo");
  assert.equal(undone.stderr, "content_filter was changed since: left as it is\nPostfix has reloaded\n");
  const { stdout } = await postconf("-n");
  assert.match(stdout, /^content_filter = other/m);
  assert.match(stdout, /^message_size_limit = 50000000$/m);
  assert.doesNotMatch(stdout, /tag_as_/);
  assert.doesNotMatch((await postconf("-M")).stdout, /amavisfeed|100\d\d/);
  const nothing = await command("--undo");
  assert.deepEqual([nothing.code, /nothing to undo/.test(nothing.stderr)], [1, true]);
});
