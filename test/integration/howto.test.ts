// The howto as an administrator follows it: an amavisd.conf that grows by its fragments, word by word, and its commands
// in its order, against the real daemon. Ports, the key's file and nothing else are put in place of the howto's.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { appendFile, chmod } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";
import { smtpClient } from "../support/smtp-client.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

/** What stands in amavisd.conf before the howto is followed. */
const base = `use strict;
$mydomain = 'example.com';
$myhostname = 'mail.example.com';
@local_domains_maps = ( [".$mydomain"] );
$inet_socket_port = @0@;
$forward_method = '@A@';
$notify_method = '@A@';
%dns = (servers => ['@DNS@']);
%control = (socket => '@FOLDER@/control.sock');
`;

const foreign = "ADDR=198.51.100.7 NAME=mx.elsewhere.example";
const roaming = "ADDR=203.0.113.9 NAME=dialup.example";
const own = "ADDR=192.168.3.4 NAME=desk.example.com";

let paths: Paths;
let key: string;
let configuration: string;
let methods: readonly string[];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function signpost(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** A fragment of the howto with this machine's ports and files in place of its own. */
function fragment(name: string): string {
  const text = readFileSync(join(import.meta.dirname, "../corpora/howto", name), "utf8");
  const [a = "", b = ""] = methods;
  return [10024, 10026, 10028]
    .reduce((written, port, index) => written.replaceAll(String(port), String(paths.ports[index])), text)
    .replaceAll("smtp:[127.0.0.1]:10025", a)
    .replaceAll("smtp:[127.0.0.1]:10027", b)
    .replaceAll("/var/db/dkim/example-foo.key.pem", key);
}

function message(from: string, ...fields: readonly string[]): string {
  return [
    `From: ${from}`,
    "To: joe@example.com",
    "Subject: hello",
    "Date: Fri, 06 Nov 2026 10:00:00 +0000",
    ...fields,
    "",
    "Hello.",
    "",
  ].join("\r\n");
}

function signatureOf(text: string): string | undefined {
  return /^DKIM-Signature: (.*(?:\r\n[ \t].*)*)/m.exec(text)?.[1]?.replaceAll(/\s+/g, "");
}

before(async () => {
  paths = await startPaths({ config: `${base}# @B@\n`, name: "amavisd.conf", ports: 3 });
  // The commands look at the key as the user that the daemon would become if root started it.
  await chmod(paths.daemon.folder, 0o755);
  key = join(paths.daemon.folder, "example-foo.key.pem");
  configuration = paths.daemon.configFile;
  methods = [...readFileSync(configuration, "utf8").matchAll(/smtp:\[127\.0\.0\.1\]:\d+/g)]
    .map(([found]) => found)
    .filter((found, index, all) => all.indexOf(found) === index);
});

after(() => paths?.close());

test("genrsa makes the key, amavisd.conf gets the lines for the impatient, and there is no complaint of them", async () => {
  const made = await signpost("genrsa", key);
  assert.deepEqual({ code: made.code, stdout: made.stdout }, { code: 0, stdout: "" });
  assert.match(made.stderr, /^Private RSA key successfully written to file ".*" \(2048 bits, PEM format\) \n/);
  await appendFile(configuration, fragment("1-impatient.conf"));
  const { code, stdout, stderr } = await signpost("check-config", "--config", configuration);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: `${configuration}: 1 note\n` });
  assert.match(stderr, /: note: mynetworks: needs the client from Postfix: .*\n$/);
});

test("testkeys fails before the record that showkeys prints is in the zone, and passes after", async () => {
  const early = await signpost("testkeys", "--config", configuration);
  assert.equal(early.code, 1);
  assert.match(
    early.stdout,
    /^TESTING#1 example\.com: foo\._domainkey\.example\.com => invalid \(public key: not available\)\n/,
  );
  const { code, stdout } = await signpost("showkeys", "--config", configuration);
  assert.equal(code, 0);
  assert.match(stdout, /^; key#1 2048 bits, s=foo, d=example\.com, .*\nfoo\._domainkey\.example\.com\.\t3600 TXT \(\n/);
  const strings = [...stdout.matchAll(/^ {2}"(.*)"/gm)].map(([, text = ""]) => text);
  paths.dns.serve({ "foo._domainkey.example.com": { TXT: [strings] } });
  const late = await signpost("testkeys", "--config", configuration);
  assert.deepEqual(late, {
    code: 0,
    stdout: "TESTING#1 example.com: foo._domainkey.example.com => pass\n",
    stderr: "",
  });
});

test("after reload mail of the internal networks is signed, and what comes from elsewhere is verified", async () => {
  assert.doesNotMatch((await paths.send({ octets: message("a@example.com"), xforward: own })).text, /DKIM-Signature/);
  const { code, stderr } = await signpost("reload", "--config", configuration);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });

  // A client of our networks, and sendmail(1) on this machine as Postfix tells of it.
  for (const xforward of [own, "SOURCE=LOCAL"]) {
    const { text, hop } = await paths.send({ octets: message("a@example.com"), xforward });
    assert.equal(hop, "A");
    const [, t, x] = /;t=(\d+);x=(\d+);/.exec(signatureOf(text) ?? "") ?? [];
    assert.match(signatureOf(text) ?? "", /^v=1;a=rsa-sha256;c=relaxed\/simple;d=example\.com;/);
    // t= is the second of arrival rounded down, x= the end of the time to live rounded up.
    assert.ok([0, 1].includes(Number(x) - Number(t) - 21 * 24 * 3600), `t=${t}; x=${x}`);

    // It comes back from a list, and is known as ours by its signature alone.
    const back = await paths.send({ octets: text, xforward: foreign });
    assert.match(back.text, /^Authentication-Results: mail\.example\.com;\s+dkim=pass [^;]*header\.d=example\.com/);
    assert.equal(back.text.match(/^DKIM-Signature:/gm)?.length, 1);
  }
  const incoming = await paths.send({ octets: message("x@elsewhere.example"), xforward: foreign });
  assert.match(incoming.text, /^Authentication-Results: mail\.example\.com;\s+dkim=none/);
});

test("with two paths the port decides, and the signing path has mail converted to seven bits", async () => {
  await appendFile(configuration, fragment("2-two-paths.conf"));
  const { code, stderr } = await signpost("reload", "--config", configuration);
  assert.equal(code, 0, stderr);

  const octets = message("a@example.com");
  const roamer = await paths.send({ octets, xforward: roaming }, paths.ports[1]);
  assert.equal(roamer.hop, "B");
  assert.match(signatureOf(roamer.text) ?? "", /d=example\.com;/);
  assert.match(roamer.log, /, ORIGINATING LOCAL /);

  const incoming = await paths.send({ octets, xforward: foreign }, paths.ports[0]);
  assert.deepEqual([incoming.hop, signatureOf(incoming.text)], ["A", undefined]);
  assert.deepEqual(await keywords(0), { BITS: true });
  assert.deepEqual(await keywords(1), { BITS: false });
});

test("the third path signs only, Sender too, and says its name", async () => {
  await appendFile(configuration, fragment("3-nochecks.conf"));
  const { code, stderr } = await signpost("reload", "--config", configuration);
  assert.equal(code, 0, stderr);

  const client = smtpClient(paths.ports[2] ?? 0);
  assert.match((await client.reply())[0] ?? "", /^220 \[127\.0\.0\.1\] ESMTP signpost NOCHECKS service ready$/);
  client.socket.end("QUIT\r\n");

  const octets = message("member@elsewhere.example", "Sender: list-bounces@example.com");
  const { hop, text, log } = await paths.send({ octets }, paths.ports[2]);
  assert.equal(hop, "A");
  assert.match(signatureOf(text) ?? "", /;d=example\.com;.*;h=(?:[^;]*:)?sender[:;]/);
  assert.match(log, /, NOCHECKS LOCAL /);
});

async function keywords(path: number): Promise<{ readonly BITS: boolean }> {
  const client = smtpClient(paths.ports[path] ?? 0);
  await client.reply();
  client.send("EHLO mta.example.com\r\n");
  const lines = await client.reply();
  client.socket.end("QUIT\r\n");
  return { BITS: lines.some((line) => line.endsWith("8BITMIME")) };
}
