// The process dies at every call of the file system on a copy's way to the disk, and the disk is full: an infected mail that was
// answered 250 is always in the quarantine, once, whenever it came again.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type DaemonProcess, startIn } from "../support/daemon.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { filesBelow } from "../support/quarantine.ts";

let filter: Filter;
let clamd: FakeClamd;
let daemon: DaemonProcess | undefined;

before(async () => {
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("STUB-VIRUS") ? "stream: Stub.Virus FOUND" : undefined);
  filter = await startFilter({
    extra: `
control: { socket: '@FOLDER@/control.sock' }
QUARANTINEDIR: '@FOLDER@/quarantine'
quarantine_subdir_levels: 0
av_scanners: [{ name: stub, type: clamd, address: "${clamd.address}" }]
`,
  });
  await filter.daemon.kill();
});

after(async () => {
  await daemon?.kill();
  await filter?.close();
  await clamd?.close();
});

const armed = () => join(filter.daemon.folder, "armed");

/** The daemon in the same folder once more, to break as is asked once `armed` is there. */
async function startWith(fault: string): Promise<DaemonProcess> {
  rmSync(armed(), { force: true });
  const preload = pathToFileURL(resolve(import.meta.dirname, "../support/quarantine-faults.ts")).href;
  daemon = await startIn(filter.daemon.folder, filter.daemon.configFile, {
    env: {
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import=${preload}`,
      QUARANTINE_FAULT: fault,
      QUARANTINE_ARMED: armed(),
    },
  });
  return daemon;
}

async function send(subject: string): Promise<string> {
  try {
    const client = await connected(filter.ports.incoming);
    const reply = await submit(client, { data: mailText(subject, "STUB-VIRUS\r\n") });
    client.socket.end("QUIT\r\n");
    return reply;
  } catch {
    return "(closed)";
  }
}

const copiesOf = (subject: string) =>
  [...filesBelow(join(filter.daemon.folder, "quarantine"))].filter(
    ([name, text]) => !name.startsWith(".") && text.includes(`\nSubject: ${subject}\n`),
  );

async function expectKept(subject: string): Promise<void> {
  assert.match(await send(subject), /^250 2\.7\.0 Ok, discarded/);
  const copies = copiesOf(subject);
  assert.equal(copies.length, 1, subject);
  assert.ok(copies[0]?.[1].endsWith("\n\nSTUB-VIRUS\n"), "whole");
}

test("killed at each call of the way to the disk, the mail has one whole copy when it comes again", {
  timeout: 240_000,
}, async () => {
  const counting = await startWith("none");
  writeFileSync(armed(), "");
  await expectKept("whole");
  const calls = counting.lines.filter((line) => line.startsWith("fault:"));
  await counting.kill();
  assert.match(calls.join(), /open.*write.*sync.*link.*unlink.*open.*sync/);
  let died: string | undefined;
  for (const [place, call] of calls.entries()) {
    const dying = await startWith(String(place + 1));
    // Not armed yet: what died before comes again first.
    if (died !== undefined) await expectKept(died);
    writeFileSync(armed(), "");
    died = `killed at ${call}`;
    assert.equal(await send(died), "(closed)", died);
    await dying.kill();
  }
  const last = await startWith("none");
  await expectKept(died ?? "");
  await last.kill();
});

test("on a full disk infected mail is put off and other mail passes; once there is room it is kept and discarded", async () => {
  const full = await startWith("full");
  writeFileSync(armed(), "");
  assert.match(await send("full"), /^452 4\.3\.1 Insufficient system storage/);
  const before = filter.hop.mails.length;
  const client = await connected(filter.ports.incoming);
  assert.match(await submit(client, { data: mailText("clean") }), /^250 /);
  client.socket.end("QUIT\r\n");
  assert.equal(filter.hop.mails.length, before + 1);
  assert.equal(copiesOf("full").length, 0);
  rmSync(armed());
  assert.match(await send("full"), /^250 2\.7\.0 Ok, discarded/);
  assert.equal(copiesOf("full").length, 1);
  await full.line("a copy cannot be kept: ENOSPC");
});
