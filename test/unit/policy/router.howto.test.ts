// biome-ignore-all lint/suspicious/noTemplateCurlyInString: amavisd writes banners so
// The howto's three paths, written in both configuration languages and read by their own fronts: the banks do what the
// howto says, key by key.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { createRouter, type Router } from "../../../src/policy/router.ts";
import { fronts } from "../../../src/reading/fronts.ts";
import { client, port } from "./setup.ts";

const yaml = `
myhostname: mail.example.com
mydomain: example.com
local_domains_maps: [[.example.com]]
mynetworks: [0.0.0.0/8, 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_signature_options_bysender_maps:
  - { ".": { ttl: 21d, c: relaxed/simple } }
inet_socket_port: [10024, 10026, 10028]
forward_method: "smtp:[127.0.0.1]:10025"
notify_method: "smtp:[127.0.0.1]:10027"
banned_rules: { ALT-RULES: { regexp: [["\\\\.exe$", 1]] } }
interface_policy: { "10026": ORIGINATING, "10028": NOCHECKS }
policy_bank:
  ORIGINATING:
    originating: true
    smtpd_discard_ehlo_keywords: [8BITMIME]
    forward_method: "smtp:[127.0.0.1]:10027"
    spam_admin_maps: ["spamalert@example.com"]
    virus_admin_maps: ["virusalert@example.com"]
    banned_filename_maps: [ALT-RULES]
    spam_quarantine_cutoff_level_maps: null
    spam_dsn_cutoff_level_maps: null
    spam_dsn_cutoff_level_bysender_maps: [{ .example.com: null, ".": 15 }]
  NOCHECKS:
    originating: true
    forward_method: "smtp:[127.0.0.1]:10025"
    smtpd_greeting_banner: "\${helo-name} \${protocol} \${product} NOCHECKS service ready"
    mynetworks_maps: []
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
$myhostname = 'mail.example.com';
$mydomain = 'example.com';
@local_domains_maps = ( [".$mydomain"] );
@mynetworks = qw(0.0.0.0/8 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12
                 192.168.0.0/16);  # list your internal networks
$enable_dkim_verification = 1;
$enable_dkim_signing = 1;
@dkim_signature_options_bysender_maps = (
  { '.' => { ttl => 21*24*3600, c => 'relaxed/simple' } } );
$inet_socket_port = [10024,10026,10028];
$forward_method = 'smtp:[127.0.0.1]:10025';
$notify_method = 'smtp:[127.0.0.1]:10027';
%banned_rules = ( 'ALT-RULES' => new_RE( qr/\\.exe$/ ) );
$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = {  # mail originating from our users
  originating => 1,
  smtpd_discard_ehlo_keywords => ['8BITMIME'],
  forward_method => 'smtp:[127.0.0.1]:10027',
  spam_admin_maps => ["spamalert\\@$mydomain"],
  virus_admin_maps => ["virusalert\\@$mydomain"],
  banned_filename_maps => ['ALT-RULES'],
  spam_quarantine_cutoff_level_maps => undef,
  spam_dsn_cutoff_level_maps => undef,
  spam_dsn_cutoff_level_bysender_maps =>
    [ { lc(".$mydomain") => undef, '.' => 15 } ],
};
$interface_policy{'10028'} = 'NOCHECKS';
$policy_bank{'NOCHECKS'} = {  # no checks, just DKIM signing
  originating => 1,
  forward_method => 'smtp:[127.0.0.1]:10025',
  smtpd_greeting_banner =>
    '\${helo-name} \${protocol} \${product} NOCHECKS service ready',
  mynetworks_maps => [],
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

async function routerFor(name: string, text: string): Promise<Router> {
  const files = { read: () => text, glob: (pattern: string) => (pattern.includes("*") ? [] : [pattern]) };
  const { config, problems, origin } = await loadConfig(name, {
    files,
    cwd: "/",
    hostname: "mail.example.com",
    fronts,
  });
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.ok(config !== undefined);
  return createRouter(config, {
    origin,
    readFile: () => "",
    problem: (problem) => assert.fail(`${problem.path.join(".")}: ${problem.message}`),
  });
}

for (const [name, text] of [
  ["signpost.yaml", yaml],
  ["amavisd.conf", perl],
] as const) {
  test(`${name}: three ports lead to three banks`, async () => {
    const { atConnect, atMail } = await routerFor(name, text);
    const path = (number: number, address?: string) => {
      const bank = atMail(atConnect(port(number)), client(address), "joe@example.com");
      return [bank.path, bank.originating];
    };
    assert.deepEqual(path(10024, "203.0.113.9"), ["", false]);
    assert.deepEqual(path(10024, "192.168.7.7"), ["MYNETS", true]);
    assert.deepEqual(path(10024), ["MYNETS", true]);
    assert.deepEqual(path(10026, "203.0.113.9"), ["ORIGINATING", true]);
    assert.deepEqual(path(10026, "192.168.7.7"), ["ORIGINATING/MYNETS", true]);
    assert.deepEqual(path(10028, "203.0.113.9"), ["NOCHECKS", true]);
    assert.deepEqual(path(10028, "192.168.7.7"), ["NOCHECKS", true]);
    assert.deepEqual(path(10028), ["NOCHECKS", true]);
  });

  test(`${name}: the base bank`, async () => {
    const { base } = await routerFor(name, text);
    assert.equal(base.enable_dkim_verification && base.enable_dkim_signing, true);
    assert.equal(base.forward_method, "smtp:[127.0.0.1]:10025");
    assert.equal(base.notify_method, "smtp:[127.0.0.1]:10027");
    assert.equal(base.local_domains_maps.first("a@sub.example.com")?.value, true);
    assert.deepEqual(
      base.dkim_signature_options_bysender_maps.all("x@y.example").map(({ value }) => value),
      [[{ ttl: 21 * 24 * 3600, c: "relaxed/simple" }]],
    );
  });

  test(`${name}: ORIGINATING`, async () => {
    const { base, atConnect } = await routerFor(name, text);
    const bank = atConnect(port(10026));
    assert.deepEqual(bank.smtpd_discard_ehlo_keywords, ["8BITMIME"]);
    assert.deepEqual(base.smtpd_discard_ehlo_keywords, []);
    assert.equal(bank.forward_method, "smtp:[127.0.0.1]:10027");
    assert.equal(bank.notify_method, "smtp:[127.0.0.1]:10027");
    assert.equal(bank.spam_admin_maps.first("x@y.example")?.value, "spamalert@example.com");
    assert.equal(bank.virus_admin_maps.first("x@y.example")?.value, "virusalert@example.com");
    assert.deepEqual(
      bank.banned_filename_maps.first("x@y.example")?.value.map(({ name }) => name),
      ["ALT-RULES"],
    );
    assert.equal(bank.spam_quarantine_cutoff_level_maps.first("x@y.example"), undefined);
    assert.equal(bank.spam_dsn_cutoff_level_maps.first("x@y.example"), undefined);
    assert.equal(bank.spam_dsn_cutoff_level_bysender_maps.first("a@sub.example.com"), undefined);
    assert.equal(bank.spam_dsn_cutoff_level_bysender_maps.first("a@y.example")?.value, 15);
    assert.deepEqual(bank.signed_header_fields, base.signed_header_fields);
  });

  test(`${name}: NOCHECKS`, async () => {
    const { base, atConnect } = await routerFor(name, text);
    const bank = atConnect(port(10028));
    assert.equal(bank.forward_method, "smtp:[127.0.0.1]:10025");
    assert.equal(bank.smtpd_greeting_banner, "${helo-name} ${protocol} ${product} NOCHECKS service ready");
    assert.equal(bank.mynetworks_maps.contains("10.0.0.1"), undefined);
    assert.equal(bank.bypass_decode_parts, true);
    for (const map of [
      bank.bypass_header_checks_maps,
      bank.bypass_virus_checks_maps,
      bank.bypass_spam_checks_maps,
      bank.bypass_banned_checks_maps,
      bank.spam_lovers_maps,
      bank.banned_files_lovers_maps,
    ]) {
      assert.equal(map.first("x@y.example")?.value, true);
    }
    assert.equal(bank.archive_quarantine_to_maps.first("x@y.example"), undefined);
    assert.equal(bank.remove_existing_x_scanned_headers, false);
    assert.equal(bank.remove_existing_spam_headers, false);
    assert.deepEqual(bank.signed_header_fields, { ...base.signed_header_fields, sender: 1 });
    assert.equal(base.signed_header_fields["sender"], 0);
  });
}
