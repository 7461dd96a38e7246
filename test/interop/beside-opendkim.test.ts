// The same 200 mails by milter through signpost and through opendkim, driven by one MTA: the same word on each, the same results,
// and each verifies what the other has signed.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { freePort } from "../support/free-port.ts";
import { generateMail } from "../support/generated-mail.ts";
import { after, before, test } from "../support/limited.ts";
import { connectMta, type MilterAnswer } from "../support/milter-mta.ts";
import { skipWithout } from "../support/peers.ts";
import { createRandom } from "../support/random.ts";

const present = await promisify(execFile)("opendkim", ["-V"]).then(
  () => undefined,
  () => "opendkim is not installed",
);
const skip = skipWithout(process.getuid?.() === 0 ? present : "opendkim needs root to start");
const count = 200;
const inside = { name: "inside.example", address: "192.0.2.7" };
const outside = { name: "outside.example", address: "203.0.113.7" };

let daemon: DaemonProcess;
let opendkim: ChildProcess;
let doors: { readonly signpost: { readonly port: number }; readonly opendkim: { readonly path: string } };
const closers: (() => Promise<unknown>)[] = [];
const random = createRandom(1919);
/** White space before a colon is what libopendkim itself signs as nobody accepts it; no From, nobody signs. */
const mails: readonly Buffer[] = Array.from({ length: 3 * count }, (_, id) =>
  generateMail(random, id, "alice@example.com"),
)
  .filter(({ obsoleteColon, shape }) => !obsoleteColon && shape !== "only header" && shape !== "NUL")
  .slice(0, count)
  .map(({ octets }) => octets);

before(async () => {
  if (skip !== false) return;
  const key = createTestKey("rsa");
  const dns = await startFakeDns({
    "s._domainkey.example.com": { TXT: [key.record] },
    "o._domainkey.example.com": { TXT: [key.record] },
  });
  const port = await freePort();
  daemon = await startDaemonProcess(`
myhostname: signpost.example
local_domains_maps: [true]
mynetworks: [${inside.address}/32]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(key.pem)} }]
dkim_signature_options_bysender_maps: [{ ".": { c: relaxed/simple } }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${port}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 10s }
`);
  const file = (name: string) => join(daemon.folder, name);
  await chmod(daemon.folder, 0o755);
  await writeFile(file("key.pem"), key.pem, { mode: 0o600 });
  const record = key.record.join("");
  await writeFile(file("zone"), `s._domainkey.example.com ${record}\no._domainkey.example.com ${record}\n`);
  const lines = [
    ...["Syslog no", "Mode sv", "Domain example.com", "Selector o", `KeyFile ${file("key.pem")}`, "RequireSafeKeys no"],
    ...["Canonicalization relaxed/simple", `InternalHosts ${inside.address}`, "AuthservID opendkim.example"],
    ...["AlwaysAddARHeader yes", `TestDNSData ${file("zone")}`, `Socket local:${file("opendkim.sock")}`],
  ];
  await writeFile(file("opendkim.conf"), `${lines.join("\n")}\n`);
  opendkim = spawn("opendkim", ["-f", "-x", file("opendkim.conf")], { stdio: "ignore" });
  const ended = once(opendkim, "exit");
  closers.push(
    async () => assert.equal(await daemon.stop(), 0),
    async () => {
      opendkim.kill("SIGTERM");
      await ended;
    },
    () => dns.close(),
  );
  // A TCP socket of its would wait 40 ms with each mail for our acknowledgement.
  doors = { signpost: { port }, opendkim: { path: file("opendkim.sock") } };
  await listening(doors.opendkim.path);
});

after(async () => {
  for (const close of closers) await close();
});

async function listening(path: string): Promise<void> {
  for (;;) {
    const socket = connect(path);
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function through(
  which: keyof typeof doors,
  client: typeof inside,
  octets: readonly Buffer[],
): Promise<readonly MilterAnswer[]> {
  const session = await connectMta(doors[which], client);
  const answers: MilterAnswer[] = [];
  for (const each of octets)
    answers.push(await session.send(each, { from: "alice@example.com", to: ["bob@elsewhere.example"] }));
  session.close();
  return answers;
}

/** Of the Authentication-Results that `host` put on: the results of DKIM, one a signature of example.com. */
function results({ octets }: MilterAnswer, host: string): readonly string[] {
  const header =
    octets
      .toString("latin1")
      .split("\r\n\r\n", 1)[0]
      ?.replaceAll(/\r\n[ \t]+/g, " ") ?? "";
  const fields = header.split("\r\n").filter((line) => line.startsWith(`Authentication-Results: ${host};`));
  return fields.flatMap((field) =>
    field
      .split(";")
      .slice(1)
      .filter((part) => /header\.d=example\.com\b/.test(part))
      .map((part) => /dkim=(\w+)/.exec(part)?.[1] ?? part),
  );
}

let signed: Readonly<Record<keyof typeof doors, readonly MilterAnswer[]>>;

test("both let the same mail go on, and sign it once", { skip }, async () => {
  signed = {
    signpost: await through("signpost", inside, mails),
    opendkim: await through("opendkim", inside, mails),
  };
  const words = (answers: readonly MilterAnswer[]) => answers.map(({ word }) => (word === "a" ? "c" : word));
  assert.deepEqual(words(signed.signpost), words(signed.opendkim));
  for (const [name, selector] of [
    ["signpost", "s"],
    ["opendkim", "o"],
  ] as const) {
    for (const { octets } of signed[name]) {
      assert.equal(octets.toString("latin1").match(new RegExp(`[; \\t]s=${selector};`, "g"))?.length, 1, name);
    }
  }
});

for (const [signer, judge] of [
  ["signpost", "opendkim"],
  ["opendkim", "signpost"],
  ["signpost", "signpost"],
] as const) {
  test(`${judge} verifies what ${signer} has signed`, { skip }, async () => {
    const judged = await through(
      judge,
      outside,
      signed[signer].map(({ octets }) => octets),
    );
    for (const [place, answer] of judged.entries()) {
      assert.deepEqual(
        results(answer, `${judge}.example`),
        ["pass"],
        `mail ${place}:\n${answer.octets.subarray(0, 2500)}`,
      );
    }
  });
}

test("both find out mail that was changed, and mail that was not signed", { skip }, async () => {
  const changed = signed.signpost.map(({ octets }) => Buffer.concat([octets, Buffer.from("and more\r\n")]));
  const [ours, theirs] = [await through("signpost", outside, changed), await through("opendkim", outside, changed)];
  for (const place of changed.keys()) {
    const [one, other] = [ours[place], theirs[place]];
    assert.ok(one !== undefined && other !== undefined);
    assert.deepEqual(
      [results(one, "signpost.example"), results(other, "opendkim.example")],
      [["fail"], ["fail"]],
      `mail ${place}`,
    );
  }
});
