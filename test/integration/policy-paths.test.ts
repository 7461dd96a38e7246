// biome-ignore-all lint/suspicious/noTemplateCurlyInString: amavisd writes banners so
// The howto's three paths through real sockets, its banks word by word in both configuration languages: what each port
// offers, whom it takes for ours, where it sends mail on, and how it signs.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { createTestKey } from "../support/daemon.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";
import { smtpClient } from "../support/smtp-client.ts";

const yaml = `
myhostname: mail.example.com
mydomain: example.com
local_domains_maps: [[.example.com]]
mynetworks: [0.0.0.0/8, 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys:
  - { domain: example.com, selector: foo, file: "@FOLDER@/example-foo.key.pem" }
dkim_signature_options_bysender_maps:
  - { ".": { ttl: 21d, c: relaxed/simple } }
inet_socket_port: [@0@, @1@, @2@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
notify_method: "@B@"
banned_rules: { ALT-RULES: { regexp: [["\\\\.exe$", 1]] } }
interface_policy: { "@1@": ORIGINATING, "@2@": NOCHECKS }
policy_bank:
  ORIGINATING:
    originating: true
    smtpd_discard_ehlo_keywords: [8BITMIME]
    forward_method: "@B@"
    spam_admin_maps: ["spamalert@example.com"]
    virus_admin_maps: ["virusalert@example.com"]
    banned_filename_maps: [ALT-RULES]
    spam_quarantine_cutoff_level_maps: null
    spam_dsn_cutoff_level_maps: null
    spam_dsn_cutoff_level_bysender_maps: [{ .example.com: null, ".": 15 }]
  NOCHECKS:
    originating: true
    forward_method: "@A@"
    smtpd_greeting_banner: "\${helo-name} \${protocol} \${product} NOCHECKS service ready"
    mynetworks_maps: []
    os_fingerprint_method: null
    penpals_bonus_score: null
    bounce_killer_score: 0
    bypass_decode_parts: 1
    bypass_header_checks_maps: [1]
    bypass_virus_checks_maps: [1]
    bypass_spam_checks_maps: [1]
    bypass_banned_checks_maps: [1]
    spam_lovers_maps: [1]
    banned_files_lovers_maps: [1]
    archive_quarantine_to_maps: []
    remove_existing_x_scanned_headers: null
    remove_existing_spam_headers: null
    signed_header_fields: { Sender: 1 }
`;

const perl = `
use strict;
$myhostname = 'mail.example.com';
$mydomain = 'example.com';
@local_domains_maps = ( [".$mydomain"] );
$enable_dkim_verification = 1;
$enable_dkim_signing = 1;
dkim_key('example.com', 'foo', '@FOLDER@/example-foo.key.pem');
@dkim_signature_options_bysender_maps = (
{ '.' => { ttl => 21*24*3600, c => 'relaxed/simple' } } );
@mynetworks = qw(0.0.0.0/8 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12
192.168.0.0/16); # list your internal networks
$inet_socket_port = [@0@,@1@,@2@];
$inet_socket_bind = '127.0.0.1';
$forward_method = '@A@'; # MTA with non-signing service
$notify_method = '@B@'; # MTA with signing service
%banned_rules = ( 'ALT-RULES' => new_RE( qr/\\.exe$/ ) );
# switch policy bank to 'ORIGINATING' for mail received on port 10026:
$interface_policy{'@1@'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = { # mail originating from our users
originating => 1, # indicates client is ours, allows signing
#
# force MTA to convert mail to 7-bit before DKIM signing
# to avoid later conversions which could destroy signature:
smtpd_discard_ehlo_keywords => ['8BITMIME'],
#
# forward to a smtpd service providing DKIM signing service
# (if using a signing milter instead of signing by amavisd):
forward_method => '@B@',
#
# other special treatment of locally originating mail,
# just some suggestions here:
spam_admin_maps => ["spamalert\\@$mydomain"], # warn of spam from us
virus_admin_maps => ["virusalert\\@$mydomain"],
banned_filename_maps => ['ALT-RULES'], # more relaxed rules
spam_quarantine_cutoff_level_maps => undef, # quarantine all spam
spam_dsn_cutoff_level_maps => undef,
spam_dsn_cutoff_level_bysender_maps => # bounce to local senders only
[ { lc(".$mydomain") => undef, '.' => 15 } ],
};
$interface_policy{'@2@'} = 'NOCHECKS';
$policy_bank{'NOCHECKS'} = { # no checks, just DKIM signing
originating => 1, # allows signing
forward_method => '@A@',
smtpd_greeting_banner =>
'\${helo-name} \${protocol} \${product} NOCHECKS service ready',
mynetworks_maps => [], # avoids loading MYNETS policy unnecessarily
os_fingerprint_method => undef,
penpals_bonus_score => undef,
bounce_killer_score => 0,
bypass_decode_parts => 1,
bypass_header_checks_maps => [1],
bypass_virus_checks_maps => [1],
bypass_spam_checks_maps => [1],
bypass_banned_checks_maps => [1],
spam_lovers_maps => [1],
banned_files_lovers_maps => [1],
archive_quarantine_to_maps => [],
remove_existing_x_scanned_headers => undef,
remove_existing_spam_headers => undef,
signed_header_fields => { 'Sender' => 1 },
};
1;
`;

const key = createTestKey("rsa");
const octets =
  "From: Ann <ann@example.com>\r\nSender: list@example.com\r\nTo: joe@elsewhere.example\r\nSubject: hi\r\n" +
  "Date: Fri, 06 Nov 2026 10:00:00 +0000\r\nX-Spam-Status: No\r\n\r\nHello\r\n";

const foreign = "ADDR=203.0.113.9";
const inside = "ADDR=192.168.7.7";

/** Port, client, path and direction in the log, next hop, whether it is signed. */
const ways = [
  [0, foreign, "{RelayedInbound}, [203.0.113.9]", "A", false],
  [0, inside, "{RelayedInternal}, MYNETS LOCAL [192.168.7.7]", "A", true],
  [0, "IDENT=4711 SOURCE=LOCAL", "{RelayedInternal}, MYNETS LOCAL <", "A", true],
  [0, undefined, "{RelayedInbound}, <", "A", false],
  [1, foreign, "{RelayedInternal}, ORIGINATING LOCAL [203.0.113.9]", "B", true],
  [1, inside, "{RelayedInternal}, ORIGINATING/MYNETS LOCAL [192.168.7.7]", "B", true],
  [2, foreign, "{RelayedInternal}, NOCHECKS LOCAL [203.0.113.9]", "A", true],
  [2, inside, "{RelayedInternal}, NOCHECKS LOCAL [192.168.7.7]", "A", true],
  [2, undefined, "{RelayedInternal}, NOCHECKS LOCAL <", "A", true],
] as const;

for (const [name, config] of [
  ["signpost.yaml", yaml],
  ["amavisd.conf", perl],
] as const) {
  describe(`the howto in ${name}`, () => {
    let paths: Paths;
    before(async () => {
      paths = await startPaths({ config, name, ports: 3, files: { "example-foo.key.pem": key.pem } });
    });
    after(() => paths?.close());

    test("each port greets and offers what its bank says", async () => {
      const seen: string[] = [];
      for (const port of paths.ports) {
        const client = smtpClient(port);
        const [greeting] = await client.reply();
        client.send("EHLO mta.example.com\r\n");
        const offered = (await client.reply()).map((line) => line.slice(4));
        const eight = ["8BITMIME", "SMTPUTF8"].map((keyword) => offered.includes(keyword)).join();
        seen.push(`${greeting} ${eight}`);
        client.socket.end("QUIT\r\n");
      }
      assert.deepEqual(seen, [
        "220 [127.0.0.1] ESMTP signpost service ready true,true",
        "220 [127.0.0.1] ESMTP signpost service ready false,false",
        "220 [127.0.0.1] ESMTP signpost NOCHECKS service ready true,true",
      ]);
    });

    for (const [place, xforward, path, wantedHop, signed] of ways) {
      test(`port ${place}, client ${xforward ?? "unknown"}: ${path}`, async () => {
        const more = xforward === undefined ? {} : { xforward };
        const { reply, hop, text, log } = await paths.send({ octets, ...more }, paths.ports[place]);
        assert.match(reply, /^250 /);
        assert.equal(hop, wantedHop);
        assert.ok(log.includes(path), log);
        assert.equal(/^DKIM-Signature: /.test(text), signed, text);
        assert.equal(log.includes("dkim_new=foo:example.com"), signed, log);
        assert.match(text, /^X-Spam-Status: No\r$/m);
      });
    }

    test("signatures last 21 days, are relaxed/simple, and cover Sender on the one path that says so", async () => {
      for (const place of [1, 2]) {
        const { text } = await paths.send({ octets }, paths.ports[place]);
        const signature = /^DKIM-Signature: ((?:.*\r\n)(?:[ \t].*\r\n)*)/.exec(text)?.[1]?.replaceAll(/\s/g, "") ?? "";
        const tags = new Map(signature.split(";").map((tag) => [tag.slice(0, 1), tag.slice(2)] as const));
        assert.equal(tags.get("c"), "relaxed/simple");
        assert.equal(Math.round((Number(tags.get("x")) - Number(tags.get("t"))) / 86_400), 21);
        assert.equal(tags.get("h")?.split(":").includes("sender"), place === 2, tags.get("h") ?? "no h=");
      }
    });
  });
}
