// Levels of the spam score through the whole daemon, at and below each: kill, the cutoffs of notifications, of copies and of notices;
// for mail from outside, and for that of our users with the howto's ORIGINATING bank.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let spamd: FakeSpamd;

before(async () => {
  spamd = await startFakeSpamd();
  spamd.script = ({ content }) =>
    spamdReply(Number(/SCORE ([\d.]+)/.exec(content.toString("latin1"))?.[1] ?? 0), "A=1");
  filter = await startFilter({
    extra: `
QUARANTINEDIR: '@FOLDER@/quarantine'
quarantine_subdir_levels: 0
spam_quarantine_method: "local:%m"
spam_scanners: [{ name: stub, type: spamd, address: "${spamd.address}" }]
final_spam_destiny: D_BOUNCE
sa_tag2_level_deflt: 5
sa_kill_level_deflt: 8
sa_dsn_cutoff_level: 10
sa_quarantine_cutoff_level: 20
spam_notifyadmin_cutoff_level_maps: [30]
spam_admin: alert@notify.example
enable_spf_verification: true
`,
    originating:
      "spam_admin_maps: [spamalert@notify.example], spam_quarantine_cutoff_level_maps: [null], spam_dsn_cutoff_level_maps: [null], " +
      'spam_dsn_cutoff_level_bysender_maps: [{ .example.com: null, ".": 15 }]',
  });
  filter.dns.serve({ "partner.example": { TXT: [["v=spf1 ip4:198.51.100.7 -all"]] } });
});

after(async () => {
  await filter?.close();
  await spamd?.close();
});

const passes = /^250 2\.0\.0 from MTA/;
const bounced = /^554 5\.7\.0 Reject, id=\S+ - spam$/;
const suppressed = /^250 2\.5\.0 Ok, id=\S+, DISCARD\(bounce\.suppressed\)$/;

interface Case {
  readonly title: string;
  readonly door: "incoming" | "originating";
  readonly from: string;
  readonly score: number;
  readonly reply: RegExp;
  readonly isKept: boolean;
  readonly admin?: string;
}

const incoming = { door: "incoming", from: "joe@partner.example" } as const;
const ours = { door: "originating", from: "alice@example.com" } as const;
const foreign = { door: "originating", from: "guest@elsewhere.example" } as const;
const [alert, spamalert] = ["alert@notify.example", "spamalert@notify.example"];

const cases: readonly Case[] = [
  { title: "below kill", ...incoming, score: 7.9, reply: passes, isKept: false },
  { title: "at kill", ...incoming, score: 8, reply: bounced, isKept: true, admin: alert },
  { title: "below the dsn cutoff", ...incoming, score: 9.9, reply: bounced, isKept: true, admin: alert },
  { title: "at the dsn cutoff", ...incoming, score: 10, reply: suppressed, isKept: true, admin: alert },
  { title: "below the quarantine cutoff", ...incoming, score: 19.9, reply: suppressed, isKept: true, admin: alert },
  { title: "at the quarantine cutoff", ...incoming, score: 20, reply: suppressed, isKept: false, admin: alert },
  { title: "below the admins' cutoff", ...incoming, score: 29.9, reply: suppressed, isKept: false, admin: alert },
  { title: "at the admins' cutoff", ...incoming, score: 30, reply: suppressed, isKept: false },
  { title: "our sender at kill", ...ours, score: 8, reply: bounced, isKept: true, admin: spamalert },
  { title: "our sender has no dsn cutoff", ...ours, score: 29, reply: bounced, isKept: true, admin: spamalert },
  {
    title: "another below the cutoff by sender",
    ...foreign,
    score: 14.9,
    reply: bounced,
    isKept: true,
    admin: spamalert,
  },
  {
    title: "another at the cutoff by sender",
    ...foreign,
    score: 15,
    reply: suppressed,
    isKept: true,
    admin: spamalert,
  },
  { title: "ORIGINATING keeps spam of any score", ...foreign, score: 64, reply: suppressed, isKept: true },
];

for (const [place, { title, door, from, score, reply, isKept, admin }] of cases.entries()) {
  test(`${door}: ${title}`, async () => {
    const subject = `level-${place}-`;
    const before = filter.hop.mails.length;
    const client = await connected(filter.ports[door]);
    if (door === "incoming") assert.match(await client.ask("XFORWARD ADDR=198.51.100.7 NAME=mx"), /^250 /);
    assert.match(await submit(client, { from, data: mailText(subject, `SCORE ${score} ${subject}\r\n`) }), reply);
    client.socket.end("QUIT\r\n");
    const folder = join(filter.daemon.folder, "quarantine");
    const copies = readdirSync(folder).filter(
      (name) => !name.startsWith(".") && readFileSync(join(folder, name), "latin1").includes(`\nSubject: ${subject}\n`),
    );
    assert.equal(copies.length, isKept ? 1 : 0);
    const expected = (reply === passes ? 1 : 0) + (admin === undefined ? 0 : 1);
    await filter.hop.received(before + expected);
    const told = filter.hop.mails.slice(before).filter(({ octets }) => octets.includes(subject));
    const rcpts = told.map(({ rcpts: lines }) => /<(.*?)>/.exec(lines.join())?.[1]).sort();
    assert.deepEqual(rcpts, [
      ...(admin === undefined ? [] : [admin]),
      ...(reply === passes ? ["one@example.com"] : []),
    ]);
  });
}
