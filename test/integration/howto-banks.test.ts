// The howto's banks ORIGINATING and NOCHECKS key by key: for each a mail whose fate changes with it. Each key stands in a bank
// beside `originating` alone, on a port of its own; the same mail comes in there and where the key is missing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signpost } from "../support/command.ts";
import { createTestKey } from "../support/daemon.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";
import type { MailToSend } from "../support/send-mail.ts";
import { smtpClient } from "../support/smtp-client.ts";

const root = join(import.meta.dirname, "../..");
const corpus = ["2-two-paths.conf", "3-nochecks.conf"].map((name) =>
  readFileSync(join(root, "test/corpora/howto", name), "utf8"),
);

interface Row {
  /** The howto's own words; 10025 and 10027 become the second next hop. */
  readonly key: string;
  /** Keys that stand there, too, on both sides. */
  readonly beside?: string;
  readonly mail: Partial<MailToSend> & { readonly octets: string };
  /** What is looked at; unless said, the reply and where it went. */
  readonly look?: (seen: Seen) => string;
  readonly with: string;
  readonly without: string;
}

interface Seen {
  readonly reply: string;
  readonly hop: "A" | "B" | undefined;
  readonly text: string;
  readonly log: string;
  /** Recipients of the mails of our own that came with it. */
  readonly notices: readonly string[];
  readonly greeting: string;
  readonly keywords: readonly string[];
}

interface MailText {
  readonly from?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
}

let made = 0;
/** A mail unlike any other, so that no verdict is remembered. */
function mail({ from = "a@example.com", fields = [], body = "Hello.\r\n" }: MailText = {}): string {
  made += 1;
  const head = [`From: ${from}`, "To: joe@example.com", `Subject: ${made}`, "Date: Fri, 06 Nov 2026 10:00:00 +0000"];
  return `${[...head, ...fields].join("\r\n")}\r\n\r\n${body}${made}\r\n`;
}

const exe = { fields: ['Content-Type: application/octet-stream; name="a.exe"'] };
const infected = { body: "a virus\r\n" };
const spam = (score: number) => ({ body: `score ${score}\r\n` });

const own = { sender: "a@example.com" };
const foreign = { sender: "x@elsewhere.example" };
const network = "ADDR=192.168.3.4 NAME=desk.example.com";

const hits = ({ log }: Seen) => /Hits: ([^,]*)/.exec(log)?.[1] ?? "";
/** Kinds of copies. */
const kept = ({ log }: Seen) =>
  [...(/quarantine: ([^ ]*),/.exec(log)?.[1] ?? "").matchAll(/(?:^|[/,])([a-z]+)-/g)].map(([, kind]) => kind).join(" ");
const fieldsNamed = (name: string) => (seen: Seen) =>
  [...(seen.text.split("\r\n\r\n")[0]?.matchAll(new RegExp(`^${name}: .*`, "gim")) ?? [])].map(([line]) => line).join();
const category = ({ log }: Seen) => /(?:Passed|Blocked) (\S+)/.exec(log)?.[1] ?? "";

const rows: readonly Row[] = [
  // ORIGINATING
  {
    key: "originating => 1",
    mail: { ...own, octets: mail() },
    look: ({ log }) => /dkim_new=\S+(?=,)/.exec(log)?.[0] ?? "unsigned",
    with: "dkim_new=foo:example.com",
    without: "unsigned",
  },
  {
    key: "smtpd_discard_ehlo_keywords => ['8BITMIME']",
    mail: { ...own, octets: mail() },
    look: ({ keywords }) => keywords.filter((word) => word === "8BITMIME" || word === "SMTPUTF8").join(),
    with: "",
    without: "8BITMIME,SMTPUTF8",
  },
  {
    key: "forward_method => 'smtp:[127.0.0.1]:10027'",
    mail: { ...own, octets: mail() },
    look: ({ hop }) => hop ?? "nobody",
    with: "B",
    without: "A",
  },
  {
    key: 'spam_admin_maps => ["spamalert\\@$mydomain"]',
    mail: { ...own, octets: mail(spam(9)) },
    look: ({ notices }) => notices.join(),
    with: "spamalert@example.com",
    without: "",
  },
  {
    key: 'virus_admin_maps => ["virusalert\\@$mydomain"]',
    mail: { ...own, octets: mail(infected) },
    look: ({ notices }) => notices.join(),
    with: "virusalert@example.com",
    without: "",
  },
  {
    key: "banned_filename_maps => ['ALT-RULES']",
    mail: { ...own, octets: mail(exe) },
    with: "250 A",
    without: "554 nobody",
  },
  {
    key: "spam_quarantine_cutoff_level_maps => undef",
    mail: { ...own, octets: mail(spam(25)) },
    look: kept,
    with: "spam archive",
    without: "archive",
  },
  {
    // The map by sender is asked first: here it has nothing for senders of ours.
    key: "spam_dsn_cutoff_level_maps => undef",
    beside: "spam_dsn_cutoff_level_bysender_maps => [ { lc(\".$mydomain\") => undef, '.' => 15 } ]",
    mail: { ...own, octets: mail(spam(12)) },
    look: bounce,
    with: "bounce",
    without: "suppressed",
  },
  {
    key: "spam_dsn_cutoff_level_bysender_maps => [ { lc(\".$mydomain\") => undef, '.' => 15 } ]",
    beside: "spam_dsn_cutoff_level_maps => undef",
    mail: { ...foreign, octets: mail({ from: "x@elsewhere.example", ...spam(12) }) },
    look: bounce,
    with: "bounce",
    without: "suppressed",
  },
  // NOCHECKS
  {
    key: "forward_method => 'smtp:[127.0.0.1]:10025'",
    mail: { ...own, octets: mail() },
    look: ({ hop }) => hop ?? "nobody",
    with: "B",
    without: "A",
  },
  {
    key: "smtpd_greeting_banner => '${helo-name} ${protocol} ${product} NOCHECKS service ready'",
    mail: { ...own, octets: mail() },
    look: ({ greeting }) => greeting,
    with: "220 [127.0.0.1] ESMTP signpost NOCHECKS service ready",
    without: "220 [127.0.0.1] ESMTP signpost service ready",
  },
  {
    key: "mynetworks_maps => []",
    mail: { ...own, octets: mail(), xforward: network },
    look: ({ log }) => / (\S+) LOCAL /.exec(log)?.[1]?.replace(/^\w+?(?=\/|$)/, "BANK") ?? "",
    with: "BANK",
    without: "BANK/MYNETS",
  },
  {
    // The part tree is empty: a name that is banned is not seen.
    key: "bypass_decode_parts => 1",
    mail: { ...own, octets: mail(exe) },
    with: "250 A",
    without: "554 nobody",
  },
  {
    key: "bypass_header_checks_maps => [1]",
    mail: { ...own, octets: mail().replace(/^Date.*\r\n/m, "") },
    look: category,
    with: "CLEAN",
    without: "BAD-HEADER-7",
  },
  {
    key: "bypass_virus_checks_maps => [1]",
    mail: { ...own, octets: mail(infected) },
    look: ({ hop }) => hop ?? "nobody",
    with: "A",
    without: "nobody",
  },
  {
    key: "bypass_spam_checks_maps => [1]",
    mail: { ...own, octets: mail(spam(9)) },
    look: (seen) => `${hits(seen)} ${fate(seen)}`,
    with: "- 250 A",
    without: "9 554 nobody",
  },
  {
    key: "bypass_banned_checks_maps => [1]",
    mail: { ...own, octets: mail(exe) },
    with: "250 A",
    without: "554 nobody",
  },
  {
    // Checked and tagged, and delivered all the same.
    key: "spam_lovers_maps => [1]",
    mail: { ...own, octets: mail(spam(9)) },
    look: (seen) => `${hits(seen)} ${fate(seen)}`,
    with: "9 250 A",
    without: "9 554 nobody",
  },
  {
    key: "banned_files_lovers_maps => [1]",
    mail: { ...own, octets: mail(exe) },
    look: (seen) => `${category(seen)} ${fate(seen)}`,
    with: "BANNED 250 A",
    without: "BANNED 554 nobody",
  },
  {
    key: "archive_quarantine_to_maps => []",
    mail: { ...own, octets: mail() },
    look: kept,
    with: "",
    without: "archive",
  },
  {
    key: "remove_existing_x_scanned_headers => undef",
    mail: { ...own, octets: mail({ fields: ["X-Virus-Scanned: elsewhere"] }) },
    look: fieldsNamed("X-Virus-Scanned"),
    with: "X-Virus-Scanned: signpost at example.com,X-Virus-Scanned: elsewhere",
    without: "X-Virus-Scanned: signpost at example.com",
  },
  {
    key: "remove_existing_spam_headers => undef",
    mail: { ...own, octets: mail({ fields: ["X-Spam-Report: elsewhere"] }) },
    look: fieldsNamed("X-Spam-Report"),
    with: "X-Spam-Report: elsewhere",
    without: "",
  },
  {
    key: "signed_header_fields => { 'Sender' => 1 }",
    mail: { ...own, octets: mail({ fields: ["Sender: list@example.com"] }) },
    look: ({ text }) =>
      /;h=(?:[^;]*:)?sender[:;]/i.test(text.replaceAll(/\r\n[ \t]+|[ \t]/g, "")) ? "signed" : "not signed",
    with: "signed",
    without: "not signed",
  },
];

/** Keys of other parts of the filter, which the table of the docs has and whose own tests show what they do. */
const elsewhere = ["os_fingerprint_method", "penpals_bonus_score", "bounce_killer_score"];

function fate({ reply, hop }: Seen): string {
  return `${reply.slice(0, 3)} ${hop ?? "nobody"}`;
}

function bounce({ reply }: Seen): string {
  return reply.startsWith("5") ? "bounce" : /suppressed/.test(reply) ? "suppressed" : reply;
}

const nameOf = ({ key }: Row) => key.split(" ")[0] ?? "";

/** The port of each row's bank with the key, then that without it. */
const portOf = (row: Row, isWith: boolean) => 2 * rows.indexOf(row) + (isWith ? 0 : 1);

function bankText(row: Row, isWith: boolean): string {
  const keys = nameOf(row) === "originating" ? [] : ["originating => 1"];
  if (row.beside !== undefined) keys.push(row.beside);
  if (isWith) keys.push(row.key.replaceAll(/'smtp:\[127\.0\.0\.1\]:100\d\d'/g, "'@B@'"));
  const port = portOf(row, isWith);
  return `$policy_bank{'P${port}'} = { ${keys.join(", ")} };\n$interface_policy{'@${port}@'} = 'P${port}';\n`;
}

let clamd: FakeClamd;
let spamd: FakeSpamd;
let paths: Paths;

before(async () => {
  clamd = await startFakeClamd();
  spamd = await startFakeSpamd();
  clamd.script = ({ octets }) => (octets.includes("a virus") ? "stream: Test.Virus FOUND" : undefined);
  spamd.script = ({ content }) => spamdReply(Number(/^score (\d+)/m.exec(content.toString("latin1"))?.[1] ?? 0), "T");
  const ports = rows.flatMap((row) => [portOf(row, true), portOf(row, false)]);
  const config = `use strict;
$mydomain = 'example.com';
$myhostname = 'mail.example.com';
@local_domains_maps = ( [".$mydomain"] );
@mynetworks = qw( 192.168.0.0/16 );
$enable_dkim_signing = 1;
dkim_key('example.com', 'foo', '@FOLDER@/key.pem');
$inet_socket_port = [${ports.map((port) => `@${port}@`).join()}];
$forward_method = '@A@';
$notify_method = '@A@';
%dns = (servers => ['@DNS@']);
%control = (socket => '@FOLDER@/control.sock');
$QUARANTINEDIR = '@FOLDER@/kept';
@av_scanners = ( ['ClamAV', \\&ask_daemon, ["CONTSCAN {}\\n", '${clamd.address}'], qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (.*) FOUND$/m ] );
@spam_scanners = ( { name => 'SpamAssassin', type => 'spamd', address => '${spamd.address}' } );
$sa_tag2_level_deflt = 5;
$sa_kill_level_deflt = 8;
$sa_dsn_cutoff_level = 10;
$sa_quarantine_cutoff_level = 20;
$spam_quarantine_method = 'local:spam-%m';
$virus_quarantine_method = undef;
$banned_files_quarantine_method = undef;
$archive_quarantine_method = 'local:archive-%m';
@archive_quarantine_to_maps = ( 'archive-quarantine' );
$final_spam_destiny = D_BOUNCE;
$final_banned_destiny = D_REJECT;
$final_virus_destiny = D_DISCARD;
$remove_existing_x_scanned_headers = 1;
$banned_filename_re = new_RE( qr'\\.exe$'i );
%banned_rules = ( 'DEFAULT' => $banned_filename_re, 'ALT-RULES' => new_RE( qr'\\.scr$'i ) );
%signed_header_fields = ( 'sender' => 0 );
$policy_bank{'MYNETS'} = { originating => 1 };
${rows.map((row) => bankText(row, true) + bankText(row, false)).join("")}`;
  const { pem } = createTestKey("rsa");
  paths = await startPaths({ config, name: "amavisd.conf", ports: ports.length, files: { "key.pem": pem } });
});

after(async () => {
  await paths?.close();
  await clamd?.close();
  await spamd?.close();
});

/** Greeting and keywords of a port. */
async function door(port: number | undefined): Promise<Pick<Seen, "greeting" | "keywords">> {
  const client = smtpClient(port ?? 0);
  const [greeting = ""] = await client.reply();
  client.send("EHLO mta.example.com\r\n");
  const keywords = (await client.reply()).map((line) => line.slice(4).split(" ")[0] ?? "");
  client.socket.end("QUIT\r\n");
  return { greeting, keywords };
}

async function seen(row: Row, isWith: boolean): Promise<Seen> {
  const port = paths.ports[portOf(row, isWith)];
  const before = paths.arrived("A").length;
  // Both sides get another body, or the second verdict would be the first, remembered.
  const octets = row.mail.octets.replace(/\r\n$/, isWith ? " with\r\n" : " without\r\n");
  const passed = await paths.send({ ...row.mail, octets }, port);
  const wanted = isWith ? row.with : row.without;
  const isNotice = wanted.endsWith("alert@example.com");
  while (isNotice && ownMails(before).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  return { ...passed, notices: ownMails(before), ...(await door(port)) };
}

/** Recipients of mails from the null sender. */
function ownMails(from: number): readonly string[] {
  return paths
    .arrived("A")
    .slice(from)
    .filter((each) => each.mail.startsWith("MAIL FROM:<>"))
    .flatMap(({ rcpts }) => rcpts.map((line) => /<(.*)>/.exec(line)?.[1] ?? ""));
}

for (const row of rows) {
  const { key, look = fate } = row;
  test(`${key}: ${row.with || "nothing"}; without it ${row.without || "nothing"}`, async () => {
    assert.equal(look(await seen(row, true)), row.with);
    assert.equal(look(await seen(row, false)), row.without);
  });
}

test("the table has all keys in the howto's words, and so has that of the docs", () => {
  const plain = (text: string) => text.replaceAll(/#.*/g, "").replaceAll(/\s+/g, "");
  const keys = new Set(
    corpus.flatMap((text) =>
      [...(/policy_bank.*/s.exec(text)?.[0] ?? "").matchAll(/^(\w+) =>/gm)].map(([, key]) => key),
    ),
  );
  assert.deepEqual(new Set([...rows.map(nameOf), ...elsewhere]), keys);
  for (const { key } of rows)
    assert.ok(
      corpus.some((text) => plain(text).includes(plain(key))),
      key,
    );
  const page = readFileSync(join(root, "docs/amavisd-conf.md"), "utf8");
  const told = [
    ...(/## The howto's banks, key by key\n.*?(?=\n## |$)/s.exec(page)?.[0] ?? "").matchAll(/^\| `(\w+)/gm),
  ];
  assert.deepEqual(new Set(told.map(([, key]) => key)), new Set([...keys, "spam_check_negative_ttl"]));
});

test("spam_check_negative_ttl = 0: a ham mail that comes again is scored again", async () => {
  const port = paths.ports[portOf(rows[1] as Row, false)];
  const twice = async () => {
    const octets = mail();
    await paths.send({ octets }, port);
    return (await paths.send({ octets }, port)).log;
  };
  assert.match(await twice(), /, spam \(cached\)/);
  const config = paths.daemon.configFile;
  await writeFile(config, `${await readFile(config, "utf8")}$spam_check_negative_ttl = 0;\n`);
  const { code, stderr } = await signpost("reload", "--config", config);
  assert.equal(code, 0, stderr);
  const log = await twice();
  assert.doesNotMatch(log, /spam \(cached\)/);
  assert.match(log, /virus \(cached\)/);
});
