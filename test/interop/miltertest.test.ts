// Somebody else's MTA side of the milter protocol: miltertest, which OpenDKIM is tested with. Its dialogs are in peers/dialogs.lua.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "peers/dialogs.lua");
const missing = await run("miltertest", ["-V"]).then(
  () => undefined,
  () => "miltertest is not installed (apt-get install miltertest)",
);
const skip = skipWithout(missing);

let daemon: DaemonProcess;
let port: number;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  if (skip !== false) return;
  port = await freePort();
  const key = createTestKey("rsa");
  const dns = await startFakeDns({ "_dmarc.strict.example": { TXT: ["v=DMARC1; p=reject"] } });
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [192.0.2.0/24]
enable_dkim_verification: true
enable_dmarc_verification: true
final_dmarc_destiny: D_REJECT
recipient_delimiter: "+"
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${port}" }]
policy_bank:
  GONE: { final_dmarc_destiny: D_DISCARD }
  HELD: { final_bad_header_destiny: D_DISCARD, bad_header_quarantine_method: "hold:" }
  FATES: { final_bad_header_destiny: D_DISCARD, bad_header_lovers_maps: [["lover@example.com"]], addr_extension_bad_header_maps: [badh] }
  MENDS: { survival: fix }
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
spool: { dir: "@FOLDER@", message_memory: 100k, free_space: 1M }
`);
  closers.push(
    async () => assert.equal(await daemon.stop(), 0),
    () => dns.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
});

for (const [dialog, title] of [
  ["signed", "mail of ours is signed, one after the other on a connection"],
  ["old", "version 2 of the protocol will do"],
  ["results", "our results come, and those in our name go"],
  ["refused", "a refusal is a reply code, and the mail behind it another mail"],
  ["discarded", "mail for nobody is discarded"],
  ["held", "mail to be held is quarantined"],
  ["recipients", "recipients are taken out, and put in"],
  ["body", "a body in the place of the one that came"],
  ["few", "what the MTA does not let us do keeps the mail where it is"],
  ["broken", "a mail that is given up leaves nothing behind; the MTA may go without a word"],
  ["crowd", "thirty connections, all open at once"],
] as const) {
  test(`miltertest: ${title}`, { skip }, async () => {
    const { stdout } = await run("miltertest", ["-D", `port=${port}`, "-D", `dialog=${dialog}`, "-s", script]);
    assert.equal(stdout, `as it should be: ${dialog}\n`);
  });
}
