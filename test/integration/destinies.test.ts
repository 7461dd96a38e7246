// What becomes of mail, cell by cell: each category of contents by each destiny, for recipients who take such mail, love it or
// have it unchecked, by SMTP to one, by SMTP to two, by LMTP. Of each cell the reply, what leaves, what is kept, who is told.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { signpost } from "../support/command.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, type Filter, startFilter } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { type SmtpClient, smtpClient } from "../support/smtp-client.ts";

interface Contents {
  /** Header fields and body that make it so. */
  readonly mail: { readonly fields?: string; readonly body?: string };
  /** Of a refusal: code and enhanced status, words. */
  readonly refusal: RegExp;
  /** The category of the copy; absent: none is kept. */
  readonly copy?: string;
  /** Whether an administrator is told. */
  readonly admin: boolean;
  /** What a recipient who gets it anyway is shown. */
  readonly mark?: RegExp;
  /** The sender is made up, by rule: told nothing, and a bounce is no answer. */
  readonly isForged?: boolean;
  readonly canBypass: boolean;
}

const multipart = (body: string) => ({
  fields: 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n',
  body,
});

const contents: Readonly<Record<string, Contents>> = {
  CC_VIRUS: {
    mail: { body: "STUB-VIRUS\r\n" },
    refusal: /^554 5\.7\.0 Reject, id=\S+ - INFECTED: Stub\.Virus$/,
    copy: "CC_VIRUS",
    admin: true,
    mark: /^X-Amavis-Alert: INFECTED, message contains virus: Stub\.Virus\r$[\s\S]*^Subject: \*\*\*INFECTED\*\*\* /m,
    isForged: true,
    canBypass: true,
  },
  CC_BANNED: {
    mail: multipart('--b\r\nContent-Type: application/x; name="evil.exe"\r\n\r\nx\r\n--b--\r\n'),
    refusal: /^554 5\.7\.0 Reject, id=\S+ - BANNED: .*evil\.exe/,
    copy: "CC_BANNED",
    admin: true,
    mark: /^X-Amavis-Alert: BANNED, message contains .*evil\.exe/m,
    canBypass: true,
  },
  CC_UNCHECKED: {
    mail: {
      fields: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a; boundary=b\r\n",
      body: "--a\r\n\r\nx\r\n--b\r\n\r\ny\r\n--a--\r\n--b--\r\n",
    },
    refusal: /^554 5\.7\.0 Reject, id=\S+ - UNCHECKED: ambiguous content$/,
    copy: "CC_UNCHECKED",
    admin: true,
    mark: /^Subject: \*\*\*UNCHECKED\*\*\* /m,
    canBypass: true,
  },
  CC_SPAM: {
    mail: { body: "STUB-SPAM 8\r\n" },
    refusal: /^554 5\.7\.0 Reject, id=\S+ - spam$/,
    copy: "CC_SPAM",
    admin: true,
    mark: /^X-Spam-Flag: YES\r$[\s\S]*^Subject: \*\*\*SPAM\*\*\* /m,
    canBypass: true,
  },
  CC_SPAMMY: {
    mail: { body: "STUB-SPAM 6\r\n" },
    refusal: /^554 5\.7\.0 Reject, id=\S+ - spammy$/,
    admin: false,
    mark: /^X-Spam-Flag: YES\r$[\s\S]*^Subject: \*\*\*SPAM\*\*\* /m,
    canBypass: true,
  },
  CC_BADH: {
    mail: { fields: "X-Broken: \xe9\r\n" },
    refusal: /^554 5\.6\.3 Reject, id=\S+ - BAD HEADER: nonencoded 8-bit character$/,
    copy: "CC_BADH",
    admin: true,
    mark: /^X-Amavis-Alert: BAD HEADER SECTION, /m,
    canBypass: true,
  },
  CC_OVERSIZED: {
    mail: { body: `${"x".repeat(70)}\r\n`.repeat(1000) },
    refusal: /^552 5\.3\.4 Reject, id=\S+ - Message size exceeds recipient's size limit$/,
    admin: false,
    canBypass: false,
  },
  CC_CLEAN: { mail: {}, refusal: /^554 5\.7\.0 Reject, id=\S+ - CLEAN$/, admin: false, canBypass: false },
};

const destinies = ["D_PASS", "D_BOUNCE", "D_REJECT", "D_DISCARD", "D_TEMPFAIL"] as const;
type Destiny = (typeof destinies)[number];
const attitudes = ["none", "lover", "bypass"] as const;
const doors = ["SMTP to one", "SMTP to two", "LMTP to two"] as const;
type Door = (typeof doors)[number];

/** Gets everything, has no copies and no administrator. */
const other = "other@example.com";
const passed = /^250 2\.0\.0 from MTA\(smtp:\[127\.0\.0\.1\]:\d+\): 250 /;
const discarded = /^250 2\.7\.0 Ok, discarded, id=/;
const suppressed = /^250 2\.5\.0 Ok, id=\S+, DISCARD\(bounce\.suppressed\)$/;
const putOff = /^451 4\.\d\.\d /;

interface Fate {
  readonly replies: readonly RegExp[];
  /** Who gets the mail. */
  readonly gets: "both" | "other" | "recipient" | "nobody";
  readonly isDsnSent: boolean;
  /** The mail comes again: nothing of it is kept or told of. */
  readonly comesAgain: boolean;
}

/** The table itself. */
function fateOf(destiny: Destiny | "passes", door: Door, { refusal, isForged = false }: Contents): Fate {
  const nothing = { isDsnSent: false, comesAgain: false } as const;
  const isAlone = door === "SMTP to one";
  switch (destiny) {
    case "passes":
    case "D_PASS":
      if (isAlone) return { replies: [passed], gets: "recipient", ...nothing };
      return { replies: door === "LMTP to two" ? [passed, passed] : [passed], gets: "both", ...nothing };
    case "D_BOUNCE":
    case "D_REJECT": {
      const isSilent = destiny === "D_BOUNCE" && isForged;
      const own = isSilent ? suppressed : refusal;
      if (isAlone) return { replies: [own], gets: "nobody", ...nothing };
      if (door === "LMTP to two") return { replies: [own, passed], gets: "other", ...nothing };
      const remark = isSilent ? /^250 .*, but 1 DISCARD$/ : /^250 .*, but 1 REJECT$/;
      return { replies: [remark], gets: "other", isDsnSent: !isForged, comesAgain: false };
    }
    case "D_DISCARD":
      if (isAlone) return { replies: [discarded], gets: "nobody", ...nothing };
      if (door === "LMTP to two") return { replies: [discarded, passed], gets: "other", ...nothing };
      return { replies: [/^250 .*, but 1 DISCARD$/], gets: "other", ...nothing };
    case "D_TEMPFAIL":
      if (door === "LMTP to two") return { replies: [putOff, passed], gets: "other", ...nothing };
      return { replies: [putOff], gets: "nobody", isDsnSent: false, comesAgain: true };
  }
}

interface Cell {
  readonly id: string;
  readonly category: string;
  readonly destiny: Destiny;
  readonly attitude: (typeof attitudes)[number];
  readonly door: Door;
}

const cells: readonly Cell[] = Object.entries(contents).flatMap(([category, { canBypass }]) =>
  destinies.flatMap((destiny) =>
    attitudes
      .filter((attitude) => canBypass || attitude !== "bypass")
      .flatMap((attitude) =>
        doors.map((door) => {
          const id = [category, destiny, attitude, door].join("-").replaceAll(/\W+/g, "-").toLowerCase();
          return { id: `cell-${id}-`, category, destiny, attitude, door };
        }),
      ),
  ),
);

function recipientOf({ destiny, attitude }: Pick<Cell, "destiny" | "attitude">): string {
  return `${destiny.slice(2).toLowerCase()}.${attitude}@example.com`;
}

const everybody = (value: string) => (wanted: (cell: Pick<Cell, "destiny" | "attitude">) => boolean) =>
  `{ ${destinies
    .flatMap((destiny) => attitudes.map((attitude) => ({ destiny, attitude })))
    .filter(wanted)
    .map((each) => `${recipientOf(each)}: ${value === "" ? each.destiny : value}`)
    .join(", ")} }`;

const lovers = everybody("true")(({ attitude }) => attitude === "lover");
const bypasses = everybody("true")(({ attitude }) => attitude === "bypass");
const byDestiny = everybody("")(() => true);
const admins = `{ ${other}: "" }, { regexp: [['^(.+)@example\\.com$', 'admin-$1@notify.example']] }`;
const everyCategory = Object.keys(contents);

function settings(clamd: FakeClamd, spamd: FakeSpamd): string {
  return `
control: { socket: '@FOLDER@/control.sock' }
QUARANTINEDIR: '@FOLDER@/quarantine'
quarantine_subdir_levels: 0
av_scanners: [{ name: stub, type: clamd, address: "${clamd.address}" }]
spam_scanners: [{ name: stub, type: spamd, address: "${spamd.address}" }]
banned_filename_re: [["(?i)\\\\.exe$", true]]
message_size_limit_maps: [65536]
spam_tag2_level_maps: [5]
spam_kill_level_maps: [7]
spam_subject_tag2_maps: ["***SPAM*** "]
final_destiny_maps_by_ccat: { ${everyCategory.map((name) => `${name}: [${byDestiny}]`).join(", ")} }
lovers_maps_by_ccat: { ${everyCategory.map((name) => `${name}: [${lovers}]`).join(", ")} }
${["virus", "banned", "spam", "header"].map((name) => `bypass_${name}_checks_maps: [${bypasses}]`).join("\n")}
unchecked_quarantine_method: "local:%m"
spam_quarantine_method: "local:spam-%m"
${["virus", "banned", "unchecked", "spam", "bad_header"].map((name) => `${name}_quarantine_to_maps: [{ ${other}: null, .: q }]`).join("\n")}
${["virus", "banned", "spam", "bad_header"].map((name) => `${name}_admin_maps: [${admins}]`).join("\n")}
`;
}

let filter: Filter;
let clamd: FakeClamd;
let spamd: FakeSpamd;
let smtp: SmtpClient;
let lmtp: SmtpClient;
const seen = new Set<string>();
let owedNotices = 0;
let owedOthers = 0;

before(async () => {
  [clamd, spamd] = [await startFakeClamd(), await startFakeSpamd()];
  clamd.script = ({ octets }) => (octets.includes("STUB-VIRUS") ? "stream: Stub.Virus FOUND" : undefined);
  spamd.script = ({ content }) =>
    spamdReply(Number(/STUB-SPAM (\d)/.exec(content.toString("latin1"))?.[1] ?? 0), "A=1");
  filter = await startFilter({ extra: settings(clamd, spamd) });
  smtp = await connected(filter.ports.originating);
  lmtp = smtpClient(filter.ports.originating);
  await lmtp.reply();
  await lmtp.ask("LHLO client.example");
});

after(async () => {
  smtp?.socket.destroy();
  lmtp?.socket.destroy();
  await filter?.close();
  await clamd?.close();
  await spamd?.close();
});

/** Copies that were not there when this was asked last. */
function newCopies(): readonly string[] {
  const folder = join(filter.daemon.folder, "quarantine");
  const fresh = readdirSync(folder).filter((name) => !name.startsWith(".") && !seen.has(name));
  for (const name of fresh) seen.add(name);
  return fresh.map((name) => readFileSync(join(folder, name), "latin1"));
}

/** The replies to its final dot. */
async function send({ id, category, door, ...cell }: Cell): Promise<readonly string[]> {
  const client = door === "LMTP to two" ? lmtp : smtp;
  const { fields = "", body = "Hello.\r\n" } = contents[category]?.mail ?? {};
  const to = [recipientOf(cell), ...(door === "SMTP to one" ? [] : [other])];
  assert.match(await client.ask(`MAIL FROM:<from-${id}@example.com>`), /^250 /);
  for (const address of to) assert.match(await client.ask(`RCPT TO:<${address}>`), /^250 /);
  assert.match(await client.ask("DATA"), /^354 /);
  client.send(
    `From: from-${id}@example.com\r\nTo: x@example.com\r\nSubject: ${id}\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\n` +
      `${fields}\r\n${body}`,
  );
  const replies = [await client.ask(".")];
  if (door === "LMTP to two") replies.push((await client.line()) ?? "");
  return replies;
}

for (const cell of cells) {
  const { id, category, destiny, attitude, door } = cell;
  test(`${category}, ${destiny}, ${attitude}, ${door}`, async () => {
    const what = contents[category];
    assert.ok(what !== undefined);
    const recipient = recipientOf(cell);
    const before = filter.hop.mails.length;
    // Who has it unchecked gets it as clean mail, which has a destiny of its own here.
    const isClean = attitude === "bypass";
    const fate = isClean
      ? fateOf(destiny, door, { ...(contents["CC_CLEAN"] ?? what) })
      : fateOf(attitude === "lover" ? "passes" : destiny, door, what);

    const replies = await send(cell);
    assert.equal(replies.length, fate.replies.length);
    for (const [index, reply] of replies.entries()) assert.match(reply, fate.replies[index] ?? /^$/);

    const left = filter.hop.mails.slice(before).filter(({ octets }) => octets.includes(id));
    const mails = left.filter(({ mail }) => mail.startsWith(`MAIL FROM:<from-${id}@`));
    const gets = (address: string) => mails.some(({ rcpts }) => rcpts.some((line) => line.includes(`<${address}>`)));
    assert.deepEqual(
      { recipient: gets(recipient), other: gets(other) },
      { recipient: ["both", "recipient"].includes(fate.gets), other: ["both", "other"].includes(fate.gets) },
    );
    const toRecipient = mails.find(({ rcpts }) => rcpts.join().includes(recipient));
    if (toRecipient !== undefined && what.mark !== undefined) {
      const text = toRecipient.octets.toString("latin1");
      if (isClean) assert.doesNotMatch(text, /X-Amavis-Alert|X-Spam-Flag: YES|\*\*\*/);
      else assert.match(text, what.mark);
    }
    const dsns = left.filter(({ rcpts }) => rcpts.join().includes(`<from-${id}@example.com>`));
    assert.equal(dsns.length, fate.isDsnSent ? 1 : 0);

    const isTold = !isClean && !fate.comesAgain;
    const copies = newCopies();
    assert.equal(copies.length, isTold && what.copy !== undefined ? 1 : 0);
    for (const copy of copies) {
      assert.match(copy, new RegExp(`^X-Signpost-Copy: .*"category":"${what.copy}"`, "m"));
      assert.match(copy, new RegExp(`^X-Envelope-To: <${recipient}>$`, "m"));
      assert.equal(/^X-Envelope-To-Blocked:/m.test(copy), !["both", "recipient"].includes(fate.gets));
    }
    // Notices leave beside the reply: they are counted in the end.
    const isPutOffAlone = destiny === "D_TEMPFAIL" && attitude === "none";
    owedNotices += isTold && what.admin && !isPutOffAlone ? 1 : 0;
    owedOthers += mails.length + dsns.length;
  });
}

test("why says of a recipient what was decided, by which entry of which line, where the copy is and who was told", async () => {
  const cell = cells.find(({ id }) => id === "cell-cc_virus-d_discard-none-smtp-to-one-");
  assert.ok(cell !== undefined);
  const [reply = ""] = await send({ ...cell, id: `${cell.id}why-` });
  newCopies();
  owedNotices += 1;
  const logId = /id=(\S+)/.exec(reply)?.[1] ?? "";
  const { stdout, code } = await signpost("why", logId, "--config", filter.daemon.configFile);
  assert.equal(code, 0);
  for (const wanted of [
    /discard\.none@example\.com/,
    /category: INFECTED/,
    /virus: Stub\.Virus/,
    /final_destiny_maps_by_ccat.*discard\.none@example\.com.*signpost\.yaml:\d+:\d+/,
    /virus-[\w-]{12}/,
    /notice to an administrator/,
  ]) {
    assert.match(stdout, wanted);
  }
});

test("administrators are told of what concerns them, once each, and nobody else is told of anything", async () => {
  await filter.hop.received(owedOthers + owedNotices);
  const notices = filter.hop.mails.filter(({ rcpts }) => rcpts.join().includes("@notify.example"));
  assert.equal(notices.length, owedNotices);
  assert.equal(filter.hop.mails.length, owedOthers + owedNotices);
  assert.ok(notices.every(({ mail }) => mail.startsWith("MAIL FROM:<>")));
  const about = notices.map(({ octets }) => /^Subject: (cell-\S+)\r$/m.exec(octets.toString("latin1"))?.[1]);
  assert.equal(new Set(about).size, owedNotices);
});
