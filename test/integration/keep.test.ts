// Copies of mail through the running daemon: on disk before the client's 250, once, whatever breaks in between.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { type DaemonProcess, startIn } from "../support/daemon.ts";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { filesBelow } from "../support/quarantine.ts";

let filter: Filter;
let restarted: DaemonProcess | undefined;
let script: (step: Step) => Act | Promise<Act> = () => undefined;

before(async () => {
  filter = await startFilter({
    extra:
      "control: { socket: '@FOLDER@/control.sock' }\nQUARANTINEDIR: '@FOLDER@/quarantine'\n" +
      'archive_quarantine_method: "local:archive-%m"\n' +
      "archive_quarantine_to_maps: [{ two@example.com: q@example.com, three@example.com: null, '.': archive-quarantine }]",
    script: (step) => script(step),
  });
});

after(async () => {
  await restarted?.stop();
  await filter?.close();
});

const folder = () => join(filter.daemon.folder, "quarantine");

async function send(subject: string, to: readonly string[] = ["one@example.com"]): Promise<string> {
  const client = await connected(filter.ports.originating);
  const reply = await submit(client, { to, data: mailText(subject) });
  client.socket.end("QUIT\r\n");
  return reply;
}

/** Copies whose mail has this subject, by name. */
function copiesOf(subject: string): readonly string[] {
  return [...filesBelow(folder())]
    .filter(([name, text]) => name.includes("/archive-") && text.includes(`\nSubject: ${subject}\n`))
    .map(([name]) => name);
}

test("a mail that passes leaves its copy, and the log line says where", async () => {
  assert.match(await send("passes"), /^250 /);
  const [name = "", another] = copiesOf("passes");
  assert.equal(another, undefined);
  assert.match(name, /^(.)\/archive-\1[\w-]{11}$/);
  const text = filesBelow(folder()).get(name) ?? "";
  assert.match(text, /^Return-Path: <alice@example.com>\nDelivered-To: <archive-quarantine>\n/);
  // The mail as it came: what we sign and add is not in it.
  assert.ok(text.endsWith(mailText("passes").replaceAll("\r\n", "\n")));
  assert.doesNotMatch(text, /DKIM-Signature|^X-Envelope-To-Blocked/m);
});

test("a copy for a mail address is sent there, unsigned, before the mail itself", async () => {
  const before = filter.hop.mails.length;
  assert.match(await send("mailed", ["two@example.com"]), /^250 /);
  const [copy, mail, nothing] = filter.hop.mails.slice(before);
  assert.equal(nothing, undefined);
  assert.match(copy?.rcpts.join() ?? "", /^RCPT TO:<q@example.com>/);
  assert.match(
    copy?.octets.toString() ?? "",
    /^X-Signpost-Pass: .*\r\n .*\r\nX-Envelope-From: <alice@example.com>\r\nX-Envelope-To: <two@/,
  );
  assert.doesNotMatch(copy?.octets.toString() ?? "", /DKIM-Signature/);
  assert.match(mail?.octets.toString() ?? "", /^DKIM-Signature/m);
});

test("without its folder a mail that owes a copy is put off, and one that owes none passes", async () => {
  const before = filter.hop.mails.length;
  await rename(folder(), `${folder()}.away`);
  assert.match(await send("gone"), /^451 4\.3\.0 /);
  assert.equal(filter.hop.mails.length, before);
  assert.ok(!existsSync(folder()), "it is not made anew: it may be a disk that is not mounted");
  assert.match(await send("owes-nothing", ["three@example.com"]), /^250 /);
  await filter.daemon.line("a copy cannot be kept: ENOENT");
  await rename(`${folder()}.away`, folder());
  assert.match(await send("gone"), /^250 /);
  assert.equal(copiesOf("gone").length, 1);
});

test("a mail that the next hop puts off and takes later has one copy", async () => {
  script = ({ stage }) => (stage === "rcpt" ? "450 4.2.0 Mailbox busy" : undefined);
  assert.match(await send("later"), /^450 /);
  assert.match(await send("later"), /^450 /);
  script = () => undefined;
  assert.match(await send("later"), /^250 /);
  assert.equal(copiesOf("later").length, 1);
});

test("killed between the copy and its reply, it has one copy when the mail comes again", async () => {
  const reached = Promise.withResolvers<void>();
  script = ({ stage }) => {
    if (stage !== "dot") return undefined;
    reached.resolve();
    return "";
  };
  const cut = send("killed").catch(() => "no reply");
  await reached.promise;
  assert.equal(copiesOf("killed").length, 1);
  const { configFile, folder: home } = filter.daemon;
  await filter.daemon.kill();
  await cut;
  script = () => undefined;
  restarted = await startIn(home, configFile);
  assert.match(await send("killed"), /^250 /);
  assert.equal(copiesOf("killed").length, 1);
});

test("a disk that is nearly full is told in answer to MAIL, before the content is sent", async () => {
  const full = await startFilter({
    extra: "QUARANTINEDIR: '@FOLDER@/quarantine'\nquarantine: { free_space: 900000G }",
  });
  try {
    const client = await connected(full.ports.originating);
    assert.equal(await client.ask("MAIL FROM:<alice@example.com>"), "452 4.3.1 Insufficient system storage");
    client.socket.end("QUIT\r\n");
  } finally {
    await full.close();
  }
});
