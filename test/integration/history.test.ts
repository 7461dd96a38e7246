// `why`, `log` and `status` against the running daemon, with a history file that outlives it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { signpost } from "../support/command.ts";
import { startIn } from "../support/daemon.ts";
import { type Filter, startFilter } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { sendMail } from "../support/send-mail.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

let filter: Filter;

before(async () => {
  filter = await startFilter({
    extra:
      "control: { socket: '@FOLDER@/control.sock' }\nhistory: { size: 3, file: '@FOLDER@/history.sqlite' }\nlog_level: 2",
  });
});

after(() => filter?.close());

const config = () => ["--config", filter.daemon.configFile];

async function send(port: number, messageId: string, from = "a@example.com"): Promise<void> {
  const octets = `From: ${from}\r\nMessage-ID: <${messageId}>\r\nSubject: x\r\n\r\nhello\r\n`;
  const lines = filter.daemon.lines.length;
  await sendMail(port, { octets, sender: from, recipients: [`to-${messageId}`] });
  await filter.daemon.line("mail_id:", lines);
}

test("a mail is found by log_id, mail_id, Message-ID, queue id and address, and explained", async () => {
  await send(filter.ports.originating, "first@example.com");
  const line = await filter.daemon.line("Message-ID: <first@example.com>");
  const [, logId = ""] = /\((\d+-\d+)\)/.exec(line) ?? [];
  const [, mailId = ""] = /mail_id: ([\w-]+)/.exec(line) ?? [];
  const [, queueId = ""] = /queued_as: (\w+)/.exec(line) ?? [];
  for (const id of [logId, mailId, "<first@example.com>", "FIRST@example.com", queueId, "to-first@example.com"]) {
    const { code, stdout } = await signpost("why", ...config(), id);
    assert.equal(code, 0, id);
    assert.match(stdout, new RegExp(`^mail ${mailId}, log_id ${logId}, `), id);
    assert.match(stdout, /signed d=example\.com s=r a=rsa-sha256/);
    assert.match(stdout, /candidate From a@example\.com/);
    assert.match(stdout, /1\. ORIGINATING, interface_policy, by port/);
  }
});

test("a mail that is not signed: the log line, why and its JSON say the same reason", async () => {
  await send(filter.ports.originating, "foreign@example.com", "x@elsewhere.example");
  const line = await filter.daemon.line("Message-ID: <foreign@example.com>");
  assert.match(line, /dkim_skip=no-key-for-domain/);
  const { stdout } = await signpost("why", ...config(), "foreign@example.com");
  assert.match(stdout, /not signed: no-key-for-domain \(elsewhere\.example\)/);
  const json = await signpost("why", ...config(), "--json", "foreign@example.com");
  const mail: unknown = JSON.parse(json.stdout);
  assert.ok(typeof mail === "object" && mail !== null && "record" in mail && "explanation" in mail);
  assert.match(JSON.stringify(mail.record), /"reason":"no-key-for-domain"/);
  assert.doesNotMatch(json.stdout, /PRIVATE|privateKey/);
});

test("log_level 2 writes amavisd's lines on signatures, each with the log id", async () => {
  assert.match(
    await filter.daemon.line("dkim: signing (author)"),
    /\(\d+-\d+\) dkim: signing \(author\), From: <a@example\.com> \(From:<a@example\.com>\), KEY\.key_ind=>0, a=>rsa-sha256, c=>relaxed\/simple, d=>example\.com, s=>r, ttl=>1814400, x=>\d+/,
  );
  const signed = filter.hop.mails[0]?.octets.toString("latin1") ?? "";
  await sendMail(filter.ports.incoming, { octets: signed, sender: "a@example.com", recipients: ["b@example.com"] });
  await filter.daemon.line("dkim: VALID Author+Sender+MailFrom signature by d=example.com, From: <a@example.com>");
});

test("log lists the last mails, oldest first, and those with a text alone", async () => {
  const all = await signpost("log", ...config());
  const lines = all.stdout.trimEnd().split("\n");
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\dT\S+ \(.*<first@example\.com>/);
  const some = await signpost("log", ...config(), "--lines", "5", "no-key-for-domain");
  assert.equal(some.stdout.trimEnd().split("\n").length, 1);
});

test("an id that nobody knows exits 1", async () => {
  const { code, stderr } = await signpost("why", ...config(), "nobody@example.com");
  assert.deepEqual([code, stderr], [1, 'signpost: no mail is known by "nobody@example.com"\n']);
});

test("another daemon's answer is never given: a configuration that was named is asked for", async () => {
  const other = join(filter.daemon.folder, "other.yaml");
  const socket = `control: { socket: ${JSON.stringify(join(filter.daemon.folder, "control.sock"))} }\n`;
  for (const [text, told] of [
    [socket, /the daemon there runs with .*signpost\.yaml, not with .*other\.yaml/],
    // With an error in it what runs is asked all the same, after the error was told.
    [`${socket}mydomian: x\n`, /other\.yaml:2:1: .*mydomian[\s\S]*has errors[\s\S]*not with .*other\.yaml/],
  ] as const) {
    await writeFile(other, text);
    for (const [command, ...rest] of [["status"], ["log"], ["why", "x@example.com"]] as const) {
      const { code, stdout, stderr } = await signpost(command, ...rest, "--config", other);
      assert.deepEqual([code, stdout], [1, ""], command);
      assert.match(stderr, told);
    }
  }
  const { code, stderr } = await signpost("log", "--config", join(filter.daemon.folder, "none.yaml"));
  assert.equal(code, 66);
  assert.match(stderr, /none\.yaml cannot be read/);
});

test("a configuration with an error in it still tells where its daemon is", async () => {
  const { configFile } = filter.daemon;
  const good = await readFile(configFile, "utf8");
  await writeFile(configFile, `${good}\nmydomian: x\n`);
  try {
    const { code, stdout, stderr } = await signpost("status", ...config(), "--json");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /mydomian[\s\S]*has errors; the daemon that runs with an earlier state of it is asked/);
    const told: unknown = JSON.parse(stdout);
    assert.ok(typeof told === "object" && told !== null && "started" in told && "metrics" in told && "ready" in told);
    assert.deepEqual([told.ready, typeof told.started, Array.isArray(told.metrics)], [true, "string", true]);
  } finally {
    await writeFile(configFile, good);
  }
});

test("mails beyond the memory come from the file, and outlive the daemon", async () => {
  for (const number of [1, 2, 3, 4]) await send(filter.ports.originating, `more-${number}@example.com`);
  const old = await signpost("why", ...config(), "first@example.com");
  assert.match(old.stdout, /signed d=example\.com s=r/);
  assert.doesNotMatch(old.stdout, /^why:/m);
  assert.equal((await signpost("log", ...config(), "--lines", "100")).stdout.trimEnd().split("\n").length, 7);

  const ended = new Promise((resolve) => filter.daemon.process.once("exit", resolve));
  filter.daemon.process.kill("SIGTERM");
  await ended;
  await readsTheFile();
  const again = await startIn(filter.daemon.folder, filter.daemon.configFile);
  try {
    const { code, stdout } = await signpost("why", ...config(), "more-4@example.com");
    assert.equal(code, 0);
    assert.match(stdout, /signed d=example\.com/);
    const { mode } = await stat(join(filter.daemon.folder, "history.sqlite"));
    assert.equal(mode & 0o777, 0o600);
    await showsStatus();
  } finally {
    const gone = new Promise((resolve) => again.process.once("exit", resolve));
    again.process.kill("SIGTERM");
    await gone;
  }
});

/** While no daemon runs. */
async function readsTheFile(): Promise<void> {
  const why = await signpost("why", ...config(), "more-4@example.com");
  assert.equal(why.code, 0);
  assert.match(why.stderr, /^signpost: no daemon is running; this is from .*history\.sqlite$/m);
  assert.match(why.stdout, /signed d=example\.com/);
  const log = await signpost("log", ...config(), "--since", "1h", "more-");
  assert.equal(log.stdout.trimEnd().split("\n").length, 4);
  const status = await signpost("status", ...config());
  assert.equal(status.code, 69);
}

async function showsStatus(): Promise<void> {
  const { code, stdout, stderr } = await signpost("status", ...config(), "--interval", "0.2");
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /^signpost \S+, pid \d+, up .*, configuration 1: ready\n/);
  assert.doesNotMatch(stdout, /\x1b/);
  assert.match(stdout, /^keys {8}2 configured, /m);
  assert.match(stdout, /^workers {5}\d+ threads, 0 batches out/m);
}

test("log --follow goes on with new mail, each line once", async (t) => {
  const again = await startIn(filter.daemon.folder, filter.daemon.configFile);
  const child = spawn(process.execPath, [main, "log", ...config(), "--follow", "--lines", "1", "followed-"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(async () => {
    for (const each of [child, again.process]) {
      const gone = once(each, "exit");
      each.kill("SIGTERM");
      await gone;
    }
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (const number of [1, 2]) {
    const octets = `From: a@example.com\r\nMessage-ID: <followed-${number}@example.com>\r\n\r\nhello\r\n`;
    await sendMail(filter.ports.originating, { octets, sender: "a@example.com", recipients: ["b@example.com"] });
    assert.match((await lines.next()).value ?? "", new RegExp(`followed-${number}@example\\.com`));
  }
});

test("without a daemon why says so", async () => {
  const { code, stderr } = await signpost("why", "--socket", "/nonexistent/control.sock", "x");
  assert.equal(code, 69);
  assert.match(stderr, /no daemon is running: nobody answers at \/nonexistent\/control\.sock/);
});
