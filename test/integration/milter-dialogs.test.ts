// Dialogs that were recorded between real MTAs and signpost, played back to the real daemon.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createTestKey, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import {
  createCutter,
  type DialogPacket,
  dialogRecords,
  dialogSettings,
  octetsOf,
  readDialog,
  steady,
} from "../support/milter-dialog.ts";

const folder = join(import.meta.dirname, "../corpora/milter");
const names = readdirSync(folder).filter((name) => name.endsWith(".dialog"));
const closers: (() => Promise<unknown>)[] = [];
let port = 0;

before(async () => {
  port = await freePort();
  const dns = await startFakeDns(dialogRecords);
  const daemon = await startDaemonProcess(dialogSettings(port, dns.server.port, createTestKey("rsa").pem));
  closers.push(
    async () => assert.equal(await daemon.stop(), 0),
    () => dns.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
});

/** What is sent at once: all that an MTA says before it waits. */
function turnsOf(dialog: readonly DialogPacket[]): readonly { readonly sent: Buffer; readonly answers: number }[] {
  const turns: { sent: Buffer; answers: number }[] = [];
  for (const packet of dialog) {
    const last = turns.at(-1);
    if (packet.from === "filter" && last !== undefined) last.answers += 1;
    else if (last === undefined || last.answers > 0) turns.push({ sent: octetsOf(packet), answers: 0 });
    else last.sent = Buffer.concat([last.sent, octetsOf(packet)]);
  }
  return turns;
}

async function play(
  dialog: readonly DialogPacket[],
  write: (socket: Socket, octets: Buffer) => Promise<void>,
): Promise<readonly DialogPacket[]> {
  const said: DialogPacket[] = [];
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const ended = once(socket, "close");
  let heard: (() => void) | undefined;
  const cut = createCutter((command, data) => said.push({ from: "filter", command, data }));
  socket.on("data", (chunk: Buffer) => {
    cut(chunk);
    heard?.();
  });
  let isGone = false;
  socket.on("close", () => {
    isGone = true;
    heard?.();
  });
  await once(socket, "connect");
  let wanted = 0;
  for (const { sent, answers } of turnsOf(dialog)) {
    await write(socket, sent);
    wanted += answers;
    while (said.length < wanted && !isGone) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  }
  // The MTA says so last, and the connection ends with it.
  await ended;
  return said;
}

async function whole(socket: Socket, octets: Buffer): Promise<void> {
  if (!socket.write(octets)) await once(socket, "drain");
}

async function octetByOctet(socket: Socket, octets: Buffer): Promise<void> {
  for (const octet of octets) await whole(socket, Buffer.of(octet));
}

for (const name of names) {
  const dialog = readDialog(readFileSync(join(folder, name), "latin1"));
  const answers = dialog.filter(({ from }) => from === "filter");
  for (const [how, write] of [
    ["whole", whole],
    ["octet by octet", octetByOctet],
  ] as const) {
    test(`${name}, ${how}: the same answers`, async () => {
      assert.ok(answers.length > 1);
      assert.deepEqual((await play(dialog, write)).map(steady), answers);
    });
  }
}
