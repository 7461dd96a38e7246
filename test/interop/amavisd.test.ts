// Side by side with amavisd 2.13: the same amavisd.conf, the same scanners, 200 mails of mixed kinds to five recipients with
// different maps. Category, reply and delivery of each recipient are the same, but for the differences that docs/amavisd-conf.md
// argues for.
import assert from "node:assert/strict";
import { type Amavisd, startAmavisd } from "../support/amavisd.ts";
import { zipOf } from "../support/archives.ts";
import { type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeNextHop, startFakeNextHop } from "../support/fake-next-hop.ts";
import { type FakeRspamd, rspamdAnswer, startFakeRspamd } from "../support/fake-rspamd.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { base64Lines, lines } from "../support/mail-parts.ts";
import { missingProgram, skipWithout } from "../support/peers.ts";
import { smtpClient } from "../support/smtp-client.ts";

const skip = skipWithout(
  process.getuid?.() === 0 ? missingProgram("/usr/sbin/amavisd", "amavisd-new") : "only root starts amavisd",
);

/** By default; who loves all that is found; who has no checks; who loves viruses; who has no virus check. */
const recipients = [
  "strict@example.com",
  "lover@example.com",
  "bypass@example.com",
  "keen@example.com",
  "trusting@example.com",
] as const;

const configuration = (hop: number, clamd: string, rspamd: string) => `
$mydomain = 'example.com';
$myhostname = 'filter.example.com';
@local_domains_maps = ( [".$mydomain"] );
$forward_method = 'smtp:[127.0.0.1]:${hop}';
$notify_method = $forward_method;
@av_scanners = ( ['ClamAV', \\&ask_daemon, ["*", 'clamd:${clamd}'], qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND$/m] );
@av_scanners_backup = ();
@spam_scanners = ( ['Rspamd', 'Amavis::SpamControl::RspamdClient', url => 'http://${rspamd}/checkv2'] );
$sa_tag_level_deflt = 2;
$sa_tag2_level_deflt = 5;
$sa_kill_level_deflt = 8;
$sa_dsn_cutoff_level = 10;
$final_virus_destiny = D_DISCARD;
$final_banned_destiny = D_REJECT;
$final_spam_destiny = D_REJECT;
$final_bad_header_destiny = D_PASS;
$virus_quarantine_method = undef;
$banned_files_quarantine_method = undef;
$spam_quarantine_method = undef;
$bad_header_quarantine_method = undef;
@virus_lovers_maps = ( ['${recipients[1]}', '${recipients[3]}'] );
@banned_files_lovers_maps = ( ['${recipients[1]}'] );
@spam_lovers_maps = ( ['${recipients[1]}'] );
@bad_header_lovers_maps = ( ['${recipients[1]}'] );
@bypass_virus_checks_maps = ( ['${recipients[2]}', '${recipients[4]}'] );
@bypass_banned_checks_maps = ( ['${recipients[2]}'] );
@bypass_spam_checks_maps = ( ['${recipients[2]}'] );
@bypass_header_checks_maps = ( ['${recipients[2]}'] );
$banned_filename_re = new_RE(
  qr'^\\.(exe-ms|dll)$',
  [ qr'^\\.(rpm|cpio|tar)$' => 0 ],
  qr'.\\.(pif|scr|exe|vbs)$'i,
  qr'^application/x-msdownload$'i,
);
`;

/** A mail's content: fields of its own entity, and its body. */
interface Content {
  readonly name: string;
  readonly fields?: readonly string[];
  readonly body?: string;
  /** Fields of the mail itself, wherever its content stands. */
  readonly head?: readonly string[];
  /** A field of the usual header that is missing. */
  readonly without?: string;
  /** It cannot be encoded or put elsewhere. */
  readonly asIs?: boolean;
}

const attachment = (name: string, type = "application/octet-stream") => [
  `Content-Type: ${type}; name="${name}"`,
  `Content-Disposition: attachment; filename="${name}"`,
];
const virus = "This is a virus.\r\n";
const program = "MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";
/** What file(1) knows as a program: the header of a PE file. */
const pe = Buffer.concat([
  Buffer.from(program, "latin1"),
  Buffer.alloc(44),
  Buffer.from([0x40, 0, 0, 0]),
  Buffer.from("PE\0\0\x4c\x01\x01\0", "latin1"),
  Buffer.alloc(12),
  Buffer.from([0xe0, 0, 2, 1, 0x0b, 1]),
  Buffer.alloc(300),
]);
const score = (points: number) => [`X-Test-Score: ${points}`];
const zipped = (name: string, content: string | Buffer = "hello") => ({
  fields: [...attachment("a.zip", "application/zip"), "Content-Transfer-Encoding: base64"],
  body: base64Lines(zipOf([{ name, content, method: 8 }])),
});

const contents: readonly Content[] = [
  // clean
  { name: "plain text" },
  { name: "html", fields: ["Content-Type: text/html"], body: "<html><body>hello</body></html>\r\n" },
  { name: "a text attachment", fields: attachment("notes.txt", "text/plain") },
  { name: "a harmless type", fields: attachment("a.pdf", "application/pdf"), body: "%PDF-1.4\r\nx\r\n" },
  { name: "a zip of a text", ...zipped("notes.txt") },
  { name: "no body", body: "" },
  { name: "mail of a list", head: ["Precedence: list", "List-Id: <l.example.net>"] },
  { name: "below tag", head: score(1) },
  // virus
  { name: "a virus", body: virus },
  { name: "an attached virus", fields: attachment("letter.doc"), body: virus },
  { name: "a virus that is spam", body: virus, head: score(9) },
  { name: "a banned virus", fields: attachment("game.exe"), body: virus },
  { name: "a virus without a date", body: virus, without: "Date" },
  { name: "a virus of a list", body: virus, head: ["Precedence: list"] },
  // banned
  { name: "a banned name", fields: attachment("game.exe") },
  { name: "a banned name in capitals", fields: attachment("GAME.EXE") },
  { name: "two endings", fields: attachment("photo.jpg.scr") },
  { name: "a name in Content-Type alone", fields: ['Content-Type: application/octet-stream; name="game.vbs"'] },
  {
    name: "a name by RFC 2231",
    fields: ["Content-Disposition: attachment; filename*=utf-8''g%61me.exe"],
  },
  {
    name: "a name by RFC 2047",
    fields: ['Content-Disposition: attachment; filename="=?utf-8?Q?game=2Eexe?="'],
  },
  { name: "a banned type", fields: attachment("game", "application/x-msdownload") },
  {
    name: "a program by another name",
    fields: [...attachment("game.dat"), "Content-Transfer-Encoding: base64"],
    body: base64Lines(pe),
    asIs: true,
  },
  { name: "a banned name in a zip", ...zipped("game.exe"), asIs: true },
  { name: "a banned name that is spam", fields: attachment("game.exe"), head: score(9) },
  { name: "a banned name without a date", fields: attachment("game.exe"), without: "Date" },
  // spam
  { name: "tagged", head: score(3) },
  { name: "spammy", head: score(6) },
  { name: "at the kill level", head: score(8) },
  { name: "spam", head: score(12) },
  { name: "spam without a date", head: score(9), without: "Date" },
  { name: "spam of a list", head: [...score(9), "Precedence: bulk"] },
  // bad header
  { name: "no date", without: "Date" },
  { name: "no author", without: "From" },
  { name: "two subjects", head: ["Subject: another"] },
  { name: "eight bits in a field", head: ["X-Note: caf\xe9"] },
  { name: "a control character", head: ["X-Note: a\0b"] },
  { name: "a fold of blanks", head: ["X-Note: a\r\n  \r\n b"] },
  { name: "a long line", head: [`X-Note: ${"x".repeat(1200)}`] },
  { name: "no field name", head: ["--x: y"] },
  { name: "bad and spammy", head: score(6), without: "Date" },
];

/** Where a content may stand. */
const wrappings: readonly (readonly [
  string,
  (content: Content) => { readonly fields: readonly string[]; readonly body: string },
])[] = [
  ["", ({ fields = [], body = "Hello.\r\n" }) => ({ fields, body })],
  [" beside a text", (content) => multipart("outer", [part([], "Look at this.\r\n"), entity(content)])],
  [
    " within two multiparts",
    (content) => {
      const inner = multipart("inner", [part([], "Look at this.\r\n"), entity(content)]);
      return multipart("outer", [part(inner.fields, inner.body)]);
    },
  ],
  [
    " within a mail",
    ({ fields = [], body = "Hello.\r\n" }) => ({
      fields: ["Content-Type: message/rfc822"],
      body: part(["From: y@elsewhere.example", "Date: Fri, 06 Nov 2026 10:00:00 +0000", ...fields], body),
    }),
  ],
  [
    " in base64",
    ({ fields = [], body = "Hello.\r\n", asIs = false }) =>
      asIs || fields.some((field) => field.startsWith("Content-Transfer-Encoding"))
        ? { fields, body }
        : { fields: [...fields, "Content-Transfer-Encoding: base64"], body: base64Lines(body) },
  ],
];

function part(fields: readonly string[], body: string): string {
  return `${lines(...fields, "")}${body}`;
}

function entity({ fields = [], body = "Hello.\r\n" }: Content): string {
  return part(fields, body);
}

function multipart(boundary: string, parts: readonly string[]) {
  return {
    fields: [`Content-Type: multipart/mixed; boundary="${boundary}"`],
    body: `${parts.map((each) => `--${boundary}\r\n${each}\r\n`).join("")}--${boundary}--\r\n`,
  };
}

interface Mail {
  readonly name: string;
  readonly id: string;
  readonly octets: string;
}

const combined = wrappings.flatMap(([where, wrap]) => contents.map((content) => ({ where, wrap, content })));

const mails: readonly Mail[] = combined.map(({ where, wrap, content }, index) => {
  const { head = [], without } = content;
  const { fields, body } = wrap(content);
  const id = `<${index}@side.example>`;
  const usual = [
    "From: x@elsewhere.example",
    "Date: Fri, 06 Nov 2026 10:00:00 +0000",
    `To: ${recipients.join(", ")}`,
    "Subject: one of many",
    `Message-ID: ${id}`,
    "MIME-Version: 1.0",
  ].filter((field) => without === undefined || !field.startsWith(without));
  return { name: `${content.name}${where}`, id, octets: `${lines(...usual, ...head, ...fields, "")}${body}` };
});

/** What became of a mail: for each recipient reply, category and delivery, in a line. */
type Fates = Readonly<Record<string, string>>;

/** Differences that are meant, by the mail's name: what amavisd does. docs/amavisd-conf.md says why we do not. */
const differences: readonly { readonly mails: RegExp; readonly why: string }[] = [
  {
    mails: /^(?:a banned (?:name|type|virus)|two endings|a name|a program).* within a mail$/,
    why: "amavisd does not look into attached mail for names and types",
  },
  {
    mails: /^a fold of blanks (?:beside|within|in)/,
    why: "for some readers a folded line of blanks ends the header, and with it what Content-Type says: UNCHECKED",
  },
];

let clamd: FakeClamd;
let rspamd: FakeRspamd;
const hops: { [name: string]: FakeNextHop } = {};
let amavisd: Amavisd;
let signpost: DaemonProcess;
const ports = { amavisd: 0, signpost: 0 };

before(async () => {
  if (skip !== false) return;
  clamd = await startFakeClamd();
  rspamd = await startFakeRspamd();
  clamd.script = ({ octets }) => (holdsVirus(octets.toString("latin1")) ? "stream: Test.Virus FOUND" : undefined);
  rspamd.script = ({ content }) => {
    const points = Number(/^X-Test-Score: (\d+)/m.exec(content.toString("latin1"))?.[1] ?? 0);
    return { status: 200, body: rspamdAnswer(points, { T: points }) };
  };
  for (const name of ["amavisd", "signpost"] as const) {
    hops[name] = await startFakeNextHop();
    ports[name] = await freePort();
  }
  const configFor = (name: string) => configuration(hops[name]?.port ?? 0, clamd.address, rspamd.address);
  amavisd = await startAmavisd(configFor("amavisd"), ports.amavisd);
  signpost = await startDaemonProcess(
    `$inet_socket_port = ${ports.signpost};\n${configFor("signpost")}`,
    "amavisd.conf",
  );
});

after(async () => {
  await amavisd?.close();
  await signpost?.stop();
  for (const hop of Object.values(hops)) await hop.close();
  await clamd?.close();
  await rspamd?.close();
});

/** As clamd does, it looks into base64. */
function holdsVirus(text: string): boolean {
  const decoded = [...text.matchAll(/\r?\n\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)/g)].map(([, block = ""]) =>
    Buffer.from(block, "base64").toString("latin1"),
  );
  return [text, ...decoded].some((each) => each.includes(virus.trim()));
}

/** All mails over two connections, by LMTP: a reply for each recipient. */
async function sendAll(port: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const replies = new Map<string, readonly string[]>();
  const waiting = [...mails];
  const work = async () => {
    const client = smtpClient(port);
    await client.reply();
    await client.ask("LHLO mta.example.com");
    for (let mail = waiting.shift(); mail !== undefined; mail = waiting.shift()) {
      await client.ask("MAIL FROM:<x@elsewhere.example>");
      for (const recipient of recipients) await client.ask(`RCPT TO:<${recipient}>`);
      await client.ask("DATA");
      client.send(`${mail.octets.replaceAll(/^\./gm, "..")}.\r\n`);
      const said: string[] = [];
      while (said.length < recipients.length) said.push((await client.reply()).at(-1) ?? "");
      replies.set(mail.id, said);
    }
    client.socket.end("QUIT\r\n");
  };
  await Promise.all([work(), work()]);
  return replies;
}

function fatesOf(id: string, replies: readonly string[], log: readonly string[], hop: FakeNextHop | undefined): Fates {
  const said = log.filter((line) => line.includes(`Message-ID: ${id},`));
  const got = (hop?.mails ?? []).filter(({ octets }) => octets.includes(`Message-ID: ${id}\r\n`));
  return Object.fromEntries(
    recipients.map((recipient, index) => {
      const line = said.find((each) => each.includes(`<${recipient}>`)) ?? "";
      const category = /(Passed|Blocked) ([A-Z0-9-]+)/.exec(line)?.slice(1).join(" ") ?? "no line";
      const arrived = got.some(({ rcpts }) => rcpts.some((each) => each.includes(`<${recipient}>`)));
      const reply = /^\d{3} \d\.\d\.\d/.exec(replies[index] ?? "")?.[0] ?? "no reply";
      return [recipient, `${reply}, ${category}, ${arrived ? "delivered" : "not delivered"}`];
    }),
  );
}

test("of two hundred mails each recipient has the same fate, or a reason that is told", {
  skip,
  timeout: 400_000,
}, async (t) => {
  const startMs = performance.now();
  const theirs = await sendAll(ports.amavisd);
  t.diagnostic(`amavisd: ${Math.round(performance.now() - startMs)} ms`);
  const ours = await sendAll(ports.signpost);
  for (const { id } of mails) await signpost.line(`Message-ID: ${id},`);
  const [theirLog, ourLog] = [(await amavisd.log()).split("\n"), signpost.lines];
  const unexplained: string[] = [];
  const used = new Set<string>();
  assert.equal(mails.length, 200);
  for (const { name, id } of mails) {
    const their = fatesOf(id, theirs.get(id) ?? [], theirLog, hops["amavisd"]);
    const our = fatesOf(id, ours.get(id) ?? [], ourLog, hops["signpost"]);
    for (const recipient of recipients) {
      if (their[recipient] === our[recipient]) continue;
      const told = differences.find((each) => each.mails.test(name));
      if (told !== undefined) used.add(told.why);
      else unexplained.push(`${name}, ${recipient.split("@")[0]}: amavisd ${their[recipient]}; we ${our[recipient]}`);
    }
  }
  assert.deepEqual(unexplained, []);
  assert.deepEqual(used, new Set(differences.map(({ why }) => why)));
});
