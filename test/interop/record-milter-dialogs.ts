// Records what real MTAs say to their milter, for test/corpora/milter: `node test/interop/record-milter-dialogs.ts`.
// Postfix is the installed one. Sendmail cannot be installed beside it: SENDMAIL names a folder into which Debian's sendmail-bin,
// sendmail-cf, libwrap0 and m4 were unpacked (`apt-get download`, `dpkg --fsys-tarfile FILE | tar -x`); without it only Postfix is recorded.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { createTestKey, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import {
  type DialogPacket,
  dialogRecords,
  dialogSettings,
  printDialog,
  startRecorder,
  steady,
} from "../support/milter-dialog.ts";
import { startPostfix } from "../support/postfix.ts";
import { smtpClient } from "../support/smtp-client.ts";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "../corpora/milter");
const [inside, outside] = ["127.0.0.1", "127.0.0.3"];
const date = "Date: Sun, 29 Nov 2026 10:00:00 +0000\r\n";

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

const ours: Mail = {
  from: "a@example.com",
  to: ["b@elsewhere.example", "c@elsewhere.example"],
  text: `From: a@example.com\r\nTo: b@elsewhere.example,\r\n\tc@elsewhere.example\r\nSubject:  two blanks\r\n${date}Message-ID: <1@x>\r\nX-Empty:\r\n\r\nHello.\r\n..\r\n\r\n`,
};
const strangers: Mail = {
  from: "x@elsewhere.example",
  to: ["b@example.com"],
  text: `Authentication-Results: mail.example.com; dkim=pass\r\nFrom: x@elsewhere.example\r\n${date}Authentication-Results: other.example; dkim=pass\r\nMessage-ID: <2@x>\r\n\r\nGr\xfc\xdfe\r\n`,
};
const undated: Mail = { ...strangers, text: "From: x@elsewhere.example\r\nMessage-ID: <3@x>\r\n\r\nHello.\r\n" };
const spoofed: Mail = {
  from: "x@strict.example",
  to: ["b@example.com"],
  text: `From: x@strict.example\r\n${date}Message-ID: <4@x>\r\n\r\nHello.\r\n`,
};

/** One SMTP session; "RSET" gives up a mail whose first recipient was named. */
async function session(port: number, from: string, mails: readonly (Mail | "RSET")[]): Promise<void> {
  const client = smtpClient(port, from);
  await client.reply();
  await client.ask("EHLO client.example");
  for (const mail of mails) {
    const { from: sender, to, text } = mail === "RSET" ? ours : mail;
    await client.ask(`MAIL FROM:<${sender}> BODY=8BITMIME`);
    for (const each of to) await client.ask(`RCPT TO:<${each}>`);
    if (mail === "RSET") {
      await client.ask("RSET");
      continue;
    }
    await client.ask("DATA");
    await client.ask(`${text}.`);
  }
  await client.ask("QUIT");
  await client.closed();
}

const sessions: readonly (readonly [name: string, about: string, from: string, mails: readonly (Mail | "RSET")[]])[] = [
  ["ours", "a client of ours: a mail, one given up, the mail again", inside, [ours, "RSET", ours]],
  [
    "strangers",
    "a client from outside: results of ours, one to be held, one refused",
    outside,
    [strangers, undated, spoofed],
  ],
];

const key = createTestKey("rsa");
const dns = await startFakeDns(dialogRecords);
const sink = await startFakeNextHop();
const milterPort = await freePort();
const daemon = await startDaemonProcess(dialogSettings(milterPort, dns.server.port, key.pem));

async function keep(
  name: string,
  about: readonly string[],
  dialog: readonly DialogPacket[] | undefined,
): Promise<void> {
  if (dialog === undefined || dialog.length === 0) throw new Error(`${name}: nothing was said`);
  await writeFile(join(folder, `${name}.dialog`), printDialog(dialog.map(steady), about));
}

async function recordPostfix(): Promise<void> {
  const { stdout } = await run("/usr/sbin/postconf", ["-h", "mail_version"]);
  const recorder = await startRecorder(milterPort);
  const [smtpd, incoming, originating, backIncoming, backOriginating] = await Promise.all(
    Array.from({ length: 5 }, freePort),
  );
  if (smtpd === undefined || incoming === undefined || originating === undefined) throw new Error("no ports");
  if (backIncoming === undefined || backOriginating === undefined) throw new Error("no ports");
  const milter = `inet:127.0.0.1:${recorder.port}`;
  const ports = { smtpd, incoming, originating, backIncoming, backOriginating, sink: sink.port };
  const postfix = await startPostfix(ports, `${inside}/32`, "ipv4", [
    "content_filter=",
    "smtpd_sender_restrictions=",
    `smtpd_milters=${milter}`,
    `non_smtpd_milters=${milter}`,
    "milter_default_action=tempfail",
  ]);
  try {
    for (const [name, about, from, mails] of sessions) {
      const before = recorder.dialogs.length;
      await session(smtpd, from, mails);
      await recorder.quiet();
      await keep(`postfix-${name}`, [`Postfix ${stdout.trim()}, smtpd, ${about}`], recorder.dialogs[before]);
    }
  } finally {
    await postfix.stop();
    await recorder.close();
  }
}

async function recordSendmail(unpacked: string): Promise<void> {
  const recorder = await startRecorder(milterPort);
  const work = await mkdtemp(join(tmpdir(), "signpost-sendmail-"));
  await mkdir(join(work, "queue"), { mode: 0o700 });
  const smtpd = await freePort();
  const templates = join(unpacked, "usr/share/sendmail/cf/");
  const mc = [
    "divert(0)dnl",
    `define(\`_CF_DIR_', \`${templates}')dnl`,
    `include(\`${templates}m4/cf.m4')dnl`,
    "OSTYPE(`linux')dnl",
    "undefine(`ALIAS_FILE')dnl",
    ...[
      "nocanonify",
      "accept_unqualified_senders",
      "accept_unresolvable_domains",
      "promiscuous_relay",
      "no_default_msa",
    ].map((name) => `FEATURE(\`${name}')dnl`),
    "define(`confDOMAIN_NAME', `mx.example.com')dnl",
    `define(\`QUEUE_DIR', \`${work}/queue')dnl`,
    `define(\`confPID_FILE', \`${work}/pid')dnl`,
    "define(`confTO_IDENT', `0s')dnl",
    "define(`confCW_FILE', `-o /none')dnl",
    "define(`SMART_HOST', `relay:[127.0.0.1]')dnl",
    `define(\`RELAY_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`,
    `DAEMON_OPTIONS(\`Port=${smtpd}, Addr=127.0.0.1, Name=MTA-v4, Family=inet')dnl`,
    `INPUT_MAIL_FILTER(\`signpost', \`S=inet:${recorder.port}@127.0.0.1, F=T')dnl`,
    "MAILER(smtp)dnl",
  ];
  await writeFile(join(work, "sendmail.mc"), `${mc.join("\n")}\n`);
  const m4 = await run("sh", ["-c", 'command -v m4 || echo "$1/usr/bin/m4"', "sh", unpacked]);
  const { stdout } = await run(m4.stdout.trim(), [join(work, "sendmail.mc")]);
  await writeFile(join(work, "sendmail.cf"), stdout);
  const program = join(unpacked, "usr/libexec/sendmail/sendmail");
  // A program that changes its group takes no libraries from elsewhere.
  await chmod(program, 0o755);
  const libraries = ["usr/lib", "lib"].map((name) => join(unpacked, name, "x86_64-linux-gnu")).join(":");
  const env = { ...process.env, LD_LIBRARY_PATH: libraries };
  const child = spawn(program, ["-bD", "-C", join(work, "sendmail.cf"), "-d0.1"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
  });
  try {
    while (!(await isOpen(smtpd))) await setTimeout(100);
    const version = /Version (\S+)/.exec(said)?.[1] ?? "";
    for (const [name, about, from, mails] of sessions) {
      const before = recorder.dialogs.length;
      await session(smtpd, from, mails);
      await recorder.quiet();
      await keep(`sendmail-${name}`, [`sendmail ${version}, ${about}`], recorder.dialogs[before]);
    }
  } finally {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
    await recorder.close();
    await rm(work, { recursive: true, force: true });
  }
}

async function isOpen(port: number): Promise<boolean> {
  const client = smtpClient(port);
  const line = await client.line();
  client.socket.destroy();
  return line?.startsWith("220") === true;
}

try {
  await recordPostfix();
  const unpacked = process.env.SENDMAIL;
  if (unpacked !== undefined) await recordSendmail(unpacked);
} finally {
  await daemon.stop();
  await sink.close();
  await dns.close();
}
