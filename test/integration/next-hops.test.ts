// A next hop that says nothing, and one that is well: the mail of the one must not keep that of the other waiting.
import assert from "node:assert/strict";
import { signpost } from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import type { SmtpClient } from "../support/smtp-client.ts";

let daemon: DaemonProcess;
let well: FakeNextHop;
let hung: FakeNextHop;
let [toWell, toHung] = [0, 0];
const clients: SmtpClient[] = [];

before(async () => {
  well = await startFakeNextHop();
  hung = await startFakeNextHop({ script: ({ stage }) => (stage === "ehlo" ? "" : undefined) });
  [toWell, toHung] = [await freePort(), await freePort()];
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
inet_socket_port: [${toWell}, ${toHung}]
forward_method: "smtp:[127.0.0.1]:${well.port}"
interface_policy: { "${toHung}": HUNG }
policy_bank: { HUNG: { forward_method: "smtp:[127.0.0.1]:${hung.port}" } }
control: { socket: "@FOLDER@/control.sock" }
limits: { connections: 280 }
pool: { threads: 1 }
dns: { servers: ["127.0.0.1:9"] }
`);
});

after(async () => {
  for (const { socket } of clients) socket.destroy();
  await daemon?.kill();
  await well?.close();
  await hung?.close();
});

test("mail for a silent next hop fills its own share, and the mail of another is delivered meanwhile", async () => {
  const replies: string[] = [];
  for (let count = 0; count < 150; count += 1) {
    const client = await connected(toHung);
    clients.push(client);
    void submit(client, { data: mailText(`hung ${count}`) }).then((reply) => replies.push(reply));
  }
  // Half of limits.connections, 140, are pending; what is beyond is put off at once.
  while (replies.length < 10) await new Promise((resolve) => setImmediate(resolve));
  for (const reply of replies) {
    assert.match(reply, /^451 4\.3\.2 .* Too many mails wait for smtp:\[127\.0\.0\.1\]:\d+$/);
  }
  const client = await connected(toWell);
  clients.push(client);
  assert.match(await submit(client, { data: mailText("well") }), /^250 /);
  assert.equal(well.mails.length, 1);
  assert.equal(replies.length, 10, "the others still wait");

  const { stdout } = await signpost("status", "--once", "--interval", "0.1", "--config", daemon.configFile);
  assert.match(stdout, new RegExp(`smtp:\\[127\\.0\\.0\\.1\\]:${hung.port} .* 100 of 100 connections, 40 more wanted`));
});
