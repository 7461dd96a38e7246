// The daemon with real scanners: what becomes of EICAR, GTUBE and plain mail, and of mail while a scanner hangs or is gone.
import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { base64Lines } from "../support/mail-parts.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { eicar, gtube, type ScannerDaemon, startClamd, startSpamd } from "../support/scanner-daemons.ts";

const skip = skipWithout(missingProgram("clamd", "clamav-daemon") ?? missingProgram("spamd"));

let clamd: ScannerDaemon;
let spamd: ScannerDaemon;
let filter: Filter;

before(async () => {
  if (skip !== false) return;
  [clamd, spamd] = await Promise.all([startClamd(), startSpamd()]);
  filter = await startFilter({
    originating: "virus_scanners_failure_is_fatal: true",
    extra: `
mydomain: example.com
sa_tag_level_deflt: -100
sa_tag2_level_deflt: 5
sa_kill_level_deflt: 100
final_spam_destiny: D_REJECT
final_virus_destiny: D_DISCARD
banned_filename_re: []
av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}", timeout: 2s }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${spamd.address}", timeout: 5s }]
`,
  });
});

after(async () => {
  await filter?.close();
  await clamd?.close();
  await spamd?.close();
});

let sent = 0;

/** The reply, the log line, and what arrived. Bodies differ, so that no verdict is remembered. */
async function send(body: string, port = filter.ports.incoming) {
  sent += 1;
  const given = filter.hop.mails.length;
  const client = await connected(port);
  const reply = await submit(client, {
    from: "x@elsewhere.example",
    data: mailText(`mail ${sent}`, `${body}${sent}\r\n`),
  });
  await client.ask("QUIT");
  const log = await filter.daemon.line(`Message-ID: <mail-${sent}@example.com>`);
  return { reply, log, text: filter.hop.mails.slice(given).at(0)?.octets.toString("latin1") };
}

test("EICAR is discarded, GTUBE rejected, plain mail scored and marked as scanned", { skip }, async () => {
  // As a part of its own: clamd knows the file by its digest.
  const attached = `--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(eicar)}--b--\r\n`;
  const client = await connected(filter.ports.incoming);
  const head = mailText("virus", "").replace(
    "\r\n\r\n",
    '\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n',
  );
  const reply = await submit(client, { from: "x@elsewhere.example", data: head + attached });
  await client.ask("QUIT");
  assert.match(reply, /^250 2\.7\.0 Ok, discarded, id=\S+ - INFECTED: Own\.Eicar/);

  const spam = await send(`${gtube}\r\n`);
  assert.match(spam.reply, /^554 5\.7\.0 Reject, id=\S+ - spam/);
  assert.match(spam.log, /Blocked SPAM .* Hits: 1\d\d\d?.*GTUBE/);

  const ham = await send("A plain mail.\r\n");
  assert.match(ham.reply, /^250 /);
  assert.match(ham.log, /Passed CLEAN .* Hits: -?\d/);
  assert.match(ham.text ?? "", /^X-Virus-Scanned: /m);
  assert.match(ham.text ?? "", /^X-Spam-Status: No, score=/m);
});

test("what clamd does not open itself is shown to it decoded", { skip }, async () => {
  const packed = base64Lines(zstdCompressSync(eicar));
  const zstd = `--b\r\nContent-Type: a/b; name=a.zst\r\nContent-Transfer-Encoding: base64\r\n\r\n${packed}--b--\r\n`;
  for (const body of [
    `begin-base64 644 a.txt\r\n${base64Lines(eicar)}====\r\n`,
    `--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(eicar)}--b--\r\n`,
  ]) {
    const { reply } = await send(`Look:\r\n${body}`);
    assert.match(reply, /^250 2\.7\.0 Ok, discarded, id=\S+ - INFECTED: Own\.Eicar/);
  }
  const client = await connected(filter.ports.incoming);
  const head = mailText("packed", "").replace("\r\n\r\n", "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
  const reply = await submit(client, { from: "x@elsewhere.example", data: head + zstd });
  await client.ask("QUIT");
  assert.match(reply, /^250 2\.7\.0 Ok, discarded, id=\S+ - INFECTED: Own\.Eicar/);
});

test("while spamd hangs mail passes unscored, and is scored again when it goes on", { skip }, async () => {
  spamd.freeze();
  const { reply, log } = await send("Unscored.\r\n");
  assert.match(reply, /^250 /);
  assert.match(log, /Passed CLEAN .* Hits: -, .*scan_fail=SpamAssassin/);
  spamd.wake();
  // What it was given while it hung it still works on.
  let hits = "-";
  while (hits === "-") hits = /Hits: ([^,]*)/.exec((await send("Scored.\r\n")).log)?.[1] ?? "-";
});

test("while clamd hangs mail is unchecked, never clean, and put off where that is fatal", { skip }, async () => {
  clamd.freeze();
  const incoming = await send("Unseen.\r\n");
  assert.match(incoming.log, /Passed UNCHECKED .*scan_fail=ClamAV/);
  const ours = await send("Ours, unseen.\r\n", filter.ports.originating);
  assert.match(ours.reply, /^451 4\.3\.0 id=\S+ - Virus scanners are not available/);
  assert.equal(ours.text, undefined);
  clamd.wake();
});

test("with both of them gone mail goes on, and says so", { skip }, async () => {
  await clamd.close();
  await spamd.close();
  const { reply, log } = await send("Seen by nobody.\r\n");
  assert.match(reply, /^250 /);
  assert.match(log, /Passed UNCHECKED .* Hits: -, .*scan_fail=ClamAV\(\w+\),SpamAssassin\(\w+\)/);
});
