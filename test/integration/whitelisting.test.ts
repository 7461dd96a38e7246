// Whitelisting by signature, with the very lines of docs/destinies.md: a bank by verified author lifts the checks for spam and
// banned names, and nothing but a signature of the author's own domain loads it.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { documentBlocks } from "../support/document-blocks.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";
import { signByHand } from "../unit/dkim/hand-made.ts";

const recipe = await documentBlocks("destinies.md");
const key = generateKeyPairSync("ed25519");
const record = `v=DKIM1; k=ed25519; p=${key.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64")}`;
const zone = Object.fromEntries(
  ["friend.example", "sub.partner.example", "other.example"].map((domain) => [
    `s._domainkey.${domain}`,
    { TXT: [[record]] },
  ]),
);

const forms = [
  {
    name: "signpost.yaml",
    config: `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
enable_dkim_verification: true
inet_socket_port: [@0@]
forward_method: "@A@"
dns: { servers: ["@DNS@"], timeout: 10s, tries: 1 }
banned_filename_re: [["\\\\.exe$", true]]
final_banned_destiny: D_REJECT
final_spam_destiny: D_REJECT
final_virus_destiny: D_REJECT
sa_kill_level_deflt: 6
av_scanners: [{ name: ClamAV, type: clamd, address: "@CLAMD@" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "@SPAMD@" }]
${recipe("whitelisting.yaml")}
`,
  },
  {
    name: "amavisd.conf",
    config: `
$myhostname = 'mail.example.com';
@local_domains_maps = ( ['.example.com'] );
$enable_dkim_verification = 1;
$inet_socket_port = [@0@];
$forward_method = '@A@';
%dns = (servers => ['@DNS@'], timeout => '10s', tries => 1);
$banned_filename_re = new_RE( qr'\\.exe$' );
$final_banned_destiny = D_REJECT;
$final_spam_destiny = D_REJECT;
$final_virus_destiny = D_REJECT;
$sa_kill_level_deflt = 6;
@av_scanners = ( { name => 'ClamAV', type => 'clamd', address => '@CLAMD@' } );
@spam_scanners = ( { name => 'SpamAssassin', type => 'spamd', address => '@SPAMD@' } );
${recipe("whitelisting.conf")}
`,
  },
];

let clamd: FakeClamd;
let spamd: FakeSpamd;
const filters = new Map<string, Paths>();

before(async () => {
  clamd = await startFakeClamd();
  spamd = await startFakeSpamd();
  clamd.script = ({ octets }) => (octets.includes("a virus") ? "stream: Test.Virus FOUND" : undefined);
  spamd.script = ({ content }) => spamdReply(content.includes("buy now") ? 9 : 1, "T");
  for (const { name, config } of forms) {
    const text = config.replace("@CLAMD@", clamd.address).replace("@SPAMD@", spamd.address);
    filters.set(name, await startPaths({ config: text, name, zone }));
  }
});

after(async () => {
  for (const filter of filters.values()) await filter.close();
  await clamd?.close();
  await spamd?.close();
});

interface Mail {
  readonly from: string;
  /** Of the signature; absent: there is none. */
  readonly signer?: string;
  readonly isExe?: boolean;
  readonly body?: string;
  /** What becomes of the mail once it is signed. */
  readonly change?: (text: string) => string;
}

/** Bodies differ, so that no verdict is remembered. */
let made = 0;
function mail({ from, signer, isExe = false, body = "Hello", change = (text) => text }: Mail): string {
  made += 1;
  const fields = [
    `From: ${from}\r\n`,
    "To: joe@example.com\r\n",
    "Subject: hello\r\n",
    "Date: Fri, 06 Nov 2026 10:00:00 +0000\r\n",
    ...(isExe ? ['Content-Type: application/octet-stream; name="game.exe"\r\n'] : []),
  ];
  const text = `${body} ${made}\r\n`;
  const tags = { d: signer, a: "ed25519-sha256" };
  const signature = signer === undefined ? "" : signByHand({ tags, key: key.privateKey, fields, body: text });
  return change(`${signature}${fields.join("")}\r\n${text}`);
}

const friend = { from: "ann@friend.example", signer: "friend.example" };
const partner = { from: "pat@sub.partner.example", signer: "sub.partner.example" };
const spam = "buy now";

const cells: readonly (readonly [string, Mail, RegExp])[] = [
  ["a friend's banned file", { ...friend, isExe: true }, /Passed CLEAN .*WHITELIST\/NOBANNEDCHECK/],
  ["a friend's spam, which no scanner is asked about", { ...friend, body: spam }, /Passed CLEAN .* Hits: -,/],
  ["a partner's banned file", { ...partner, isExe: true }, /Passed CLEAN .*, NOBANNEDCHECK .* Hits: 1,/],
  ["a partner's spam", { ...partner, body: spam }, /Blocked SPAM .* Hits: 9,/],
  ["a friend's virus", { ...friend, body: "a virus" }, /Blocked INFECTED \(Test\.Virus\)/],
  ["the friend's name without a signature", { from: friend.from, isExe: true }, /Blocked BANNED/],
  ["spam under the friend's name without a signature", { from: friend.from, body: spam }, /Blocked SPAM/],
  [
    "the friend's name, signed by another domain",
    { ...friend, signer: "other.example", isExe: true },
    /Blocked BANNED/,
  ],
  [
    "a friend's mail that was changed",
    { ...friend, isExe: true, change: (text) => `${text}more\r\n` },
    /Blocked BANNED .*dkim_fail=s:friend\.example:body-hash-mismatch/,
  ],
  [
    "a friend's mail with a second author",
    { ...friend, isExe: true, change: (text) => `From: eve@evil.example\r\n${text}` },
    /Blocked BANNED/,
  ],
  [
    "a stranger's banned file, well signed",
    { from: "x@other.example", signer: "other.example", isExe: true },
    /Blocked BANNED/,
  ],
];

for (const { name } of forms) {
  for (const [what, given, expected] of cells) {
    test(`${name}: ${what}`, async () => {
      const filter = filters.get(name);
      assert.ok(filter !== undefined);
      const { log } = await filter.send({ octets: mail(given), sender: "x@elsewhere.example" });
      assert.match(log, expected);
    });
  }
}
