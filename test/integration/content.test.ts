// The daemon with scanners: which mails they are asked about, with what, and what the metrics say of it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { signpost } from "../support/command.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";

let clamd: FakeClamd;
let spamd: FakeSpamd;
let filter: Filter;
let metricsPort: number;

before(async () => {
  clamd = await startFakeClamd();
  spamd = await startFakeSpamd();
  metricsPort = await freePort();
  filter = await startFilter({
    originating: "bypass_spam_checks_maps: [true], bypass_virus_checks_maps: [true]",
    extra: `
enable_spf_verification: true
sa_tag2_level_deflt: 5
sa_tag_level_deflt: 2
banned_filename_re: [["(?i)\\\\.exe$", true]]
final_banned_destiny: D_REJECT
av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${spamd.address}" }]
metrics: { listen: "127.0.0.1:${metricsPort}" }
control: { socket: "@FOLDER@/control.sock" }
QUARANTINEDIR: "@FOLDER@/quarantine"
`,
  });
});

after(async () => {
  await filter.close();
  await clamd.close();
  await spamd.close();
});

async function send(subject: string, port = filter.ports.incoming, body?: string): Promise<string> {
  const client = await connected(port);
  const reply = await submit(client, { from: "x@elsewhere.example", data: mailText(subject, body) });
  await client.ask("QUIT");
  return reply;
}

/** The quarantined mail with this Message-ID. */
async function listed(messageId: string): Promise<{ readonly mail_id: string }> {
  const { stdout, stderr } = await signpost("quarantine", "list", "--json", "--config", filter.daemon.configFile);
  const rows = stdout.split("\n").filter((row) => row.includes(messageId.split("@")[0] ?? ""));
  const [row] = rows;
  assert.ok(row !== undefined, `${stdout}${stderr}`);
  return JSON.parse(row);
}

test("a mail goes to both scanners as it came, with our results for the spam scanner, before it goes on", async () => {
  const given = filter.hop.mails.length;
  assert.match(await send("scanned"), /^250 /);
  assert.equal(filter.hop.mails.length, given + 1);
  assert.equal(clamd.mails.at(-1)?.octets.toString("latin1"), mailText("scanned"));
  const content = spamd.requests.at(-1)?.content.toString("latin1") ?? "";
  assert.ok(content.endsWith(mailText("scanned")));
  assert.match(content, /^Authentication-Results: mail\.example\.com;/m);
});

test("an equal mail is not scanned again while the verdict is remembered", async () => {
  const [viruses, spams] = [clamd.mails.length, spamd.requests.length];
  assert.match(await send("scanned"), /^250 /);
  assert.deepEqual([clamd.mails.length, spamd.requests.length], [viruses, spams]);
});

test("mail whose bank bypasses both scanners meets neither", async () => {
  const [viruses, spams] = [clamd.mails.length, spamd.requests.length];
  assert.match(await send("ours", filter.ports.originating, "Not seen by anybody.\r\n"), /^250 /);
  assert.deepEqual([clamd.mails.length, spamd.requests.length], [viruses, spams]);
});

test("infected mail is not given to the spam scanner", async () => {
  const spams = spamd.requests.length;
  clamd.script = () => "stream: Eicar-Test-Signature FOUND";
  await send("infected", filter.ports.incoming, "A virus, this time.\r\n");
  clamd.script = () => undefined;
  assert.equal(spamd.requests.length, spams);
});

test("an infected mail is discarded and kept, the log says by what name, and it can be released once", async () => {
  const given = filter.hop.mails.length;
  clamd.script = () => "stream: Worm.Test-1 FOUND";
  const reply = await send("worm", filter.ports.incoming, "Another virus.\r\n");
  clamd.script = () => undefined;
  assert.match(reply, /^250 2\.7\.0 Ok, discarded, id=\S+ - INFECTED: Worm\.Test-1/);
  assert.equal(filter.hop.mails.length, given);
  const line = await filter.daemon.line("Message-ID: <worm@example.com>");
  assert.match(line, /Blocked INFECTED \(Worm\.Test-1\) \{DiscardedInbound,Quarantined\}/);
  const { mail_id: mailId } = await listed("worm@example.com");
  const config = ["--config", filter.daemon.configFile];
  const released = await signpost("quarantine", "release", ...config, mailId);
  assert.equal(released.code, 0, released.stderr);
  const sent = filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "";
  assert.match(sent, /^X-Amavis-Released: /m);
  assert.ok(sent.endsWith("\r\n\r\nAnother virus.\r\n"));
  const again = await signpost("quarantine", "release", ...config, mailId);
  assert.notEqual(again.code, 0);
  assert.equal(filter.hop.mails.length, given + 1);
});

test("spam above tag2 passes as what it is", async () => {
  spamd.script = () => spamdReply(7.5, "FIRST=5,SECOND=2.5");
  assert.match(await send("tagged", filter.ports.incoming, "A bit of spam.\r\n"), /^250 /);
  spamd.script = () => undefined;
  await filter.daemon.line("Passed SPAMMY");
});

test("a banned name is rejected by the bank's destiny", async () => {
  const body =
    "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n--b--\r\n";
  const head = `From: x@elsewhere.example\r\nTo: one@example.com\r\nSubject: x\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n`;
  const client = await connected(filter.ports.incoming);
  const reply = await submit(client, { from: "x@elsewhere.example", data: head + body });
  await client.ask("QUIT");
  assert.match(reply, /^554 5\.7\.0 Reject, id=\S+ - BANNED: .*evil\.exe/);
});

test("without its virus scanner a mail passes as unchecked, and is never called clean", async () => {
  clamd.script = () => "stream: Can't allocate memory ERROR";
  assert.match(await send("unseen", filter.ports.incoming, "Seen by nobody.\r\n"), /^250 /);
  clamd.script = () => undefined;
  await filter.daemon.line("Passed UNCHECKED");
});

test("metrics tell what scanners answered", async () => {
  spamd.script = () => spamdReply(12, "GTUBE");
  await send("spam", filter.ports.incoming, "Spam, this time.\r\n");
  spamd.script = () => undefined;
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  assert.match(text, /^signpost_scanner_answers_total\{scanner="ClamAV",kind="virus",result="infected"\} 2$/m);
  assert.match(text, /^signpost_scanner_answers_total\{scanner="SpamAssassin",kind="spam",result="scored"\} \d+$/m);
  assert.match(text, /^signpost_scanner_up\{scanner="ClamAV",kind="virus"\} 1$/m);
  assert.match(text, /^signpost_verdict_lookups_total\{kind="spam",result="hit"\} 1$/m);
  assert.match(text, /^signpost_parts_duration_seconds_count\{where="in-place"\} \d+$/m);
});

test("a reload changes who is asked", async () => {
  const next = await startFakeClamd();
  try {
    await writeFile(filter.daemon.configFile, filter.config.replace(clamd.address, next.address));
    const { code, stderr } = await signpost("reload", "--config", filter.daemon.configFile);
    assert.equal(code, 0, stderr);
    const asked = clamd.mails.length;
    assert.match(await send("reloaded", filter.ports.incoming, "To another scanner.\r\n"), /^250 /);
    assert.equal(clamd.mails.length, asked);
    assert.equal(next.mails.length, 1);
  } finally {
    await next.close();
  }
});
