import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { writeYaml } from "../../../src/amavis/write-yaml.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { readOpendkimConf, takenNames } from "../../../src/opendkim/opendkim-conf.ts";
import { untakenNames, untakenOption } from "../../../src/opendkim/opendkim-options.ts";

const other: Readonly<Record<string, string>> = {
  "/etc/opendkim/TrustedHosts": "# ours\n127.0.0.1\n::1\n10.0.0.0/8\n!10.1.0.0/16\n",
  "/etc/opendkim/names": "mail.example.com\n192.0.2.1\n",
  "/etc/more.conf": "Selector included\n",
};

function read(text: string) {
  return readOpendkimConf("/etc/opendkim.conf", (path) => {
    if (path === "/etc/opendkim.conf") return text;
    const found = other[path];
    if (found === undefined) throw new Error(`${path}: no such file`);
    return found;
  });
}

const single = "Domain example.com,example.org\nKeyFile /etc/k.pem\nSelector s\n";

/** The option, and what it makes of settings. */
const taken: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  [
    single,
    {
      dkim_keys: [
        { domain: "example.com", selector: "s", file: "/etc/k.pem" },
        { domain: "example.org", selector: "s", file: "/etc/k.pem" },
      ],
    },
  ],
  ["KeyTable refile:/etc/opendkim/KeyTable", { dkim_keytable: "refile:/etc/opendkim/KeyTable" }],
  ["SigningTable refile:/etc/opendkim/SigningTable", { dkim_signingtable: "refile:/etc/opendkim/SigningTable" }],
  ["BaseDirectory /run/opendkim\nKeyTable file:keys", { dkim_keytable: "file:/run/opendkim/keys" }],
  ["MultipleSignatures yes", { dkim_multiple_signatures: true }],
  ["Mode v", { enable_dkim_signing: false, enable_dkim_verification: true }],
  ["Mode s", { enable_dkim_signing: true, enable_dkim_verification: false }],
  ["", { enable_dkim_signing: true, enable_dkim_verification: true, inet_socket_port: [], mynetworks: ["127.0.0.1"] }],
  [
    "Canonicalization relaxed/simple # as Debian",
    { dkim_signature_options_bysender_maps: [{ ".": { c: "relaxed/simple" } }] },
  ],
  ["Canonicalization relaxed", { dkim_signature_options_bysender_maps: [{ ".": { c: "relaxed/simple" } }] }],
  ["SignatureTTL 86400", { dkim_signature_options_bysender_maps: [{ ".": { c: "simple/simple", ttl: 86400 } }] }],
  [
    `${single}SubDomains yes`,
    {
      dkim_signature_options_bysender_maps: [
        {
          ".example.com": { c: "simple/simple", d: "example.com" },
          ".example.org": { c: "simple/simple", d: "example.org" },
          ".": { c: "simple/simple" },
        },
      ],
    },
  ],
  [
    "KeyTable file:/t\nSigningTable refile:/s\nDomain example.com\nSubDomains yes",
    { dkim_signature_options_bysender_maps: [{ ".": { c: "simple/simple" } }] },
  ],
  ["OversignHeaders From,Subject", { signed_header_fields: { From: 2, Subject: 2 } }],
  [
    "SignHeaders *,+X-Ours,-X-Theirs\nOmitHeaders *,+X-More",
    { signed_header_fields: { "X-Ours": 1, "X-Theirs": 0, "X-More": 0 } },
  ],
  ["SignHeaders Subject,To", { signed_header_fields: { REPLACE: 1, Subject: 1, To: 1, From: 1 } }],
  ["InternalHosts /etc/opendkim/TrustedHosts", { mynetworks: ["127.0.0.1", "[::1]", "!10.1.0.0/16", "10.0.0.0/8"] }],
  [
    "InternalHosts 0.0.0.0/0, 10.0.0.0/8, 10.1.0.0/16, !10.1.0.0/16, !10.2.0.1, 2001:db8::/32, !2001:db8::1",
    {
      mynetworks: [
        "!10.2.0.1",
        "![2001:db8::1]",
        "!10.1.0.0/16",
        "10.1.0.0/16",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "[2001:db8::]/32",
      ],
    },
  ],
  ["InternalHosts 192.0.2.0/24, [2001:db8::]/32", { mynetworks: ["192.0.2.0/24", "[2001:db8::]/32"] }],
  ["MTA ORIGINATING,MSA", { policy_bank: { ORIGINATING: { originating: true }, MSA: { originating: true } } }],
  ["Socket inet:8891@localhost", { milter_listen: [{ address: "127.0.0.1:8891" }] }],
  ["Socket inet:8891", { milter_listen: [{ address: "0.0.0.0:8891" }] }],
  ["Socket inet6:8891@[::1]", { milter_listen: [{ address: "[::1]:8891" }] }],
  [
    "Socket local:/run/opendkim/opendkim.sock\nUMask 007",
    { milter_listen: [{ address: "/run/opendkim/opendkim.sock" }], unix_socket_mode: "0660" },
  ],
  ["AuthservID mx.example.com", { myauthservid: "mx.example.com" }],
  ["MinimumKeyBits 2048", { dkim_minimum_key_bits: 2048 }],
  ["ClockDrift 60\nMaximumSignaturesToVerify 3", { dkim_clock_drift: 60, dkim_max_signatures: 3 }],
  [
    "Nameservers 127.0.0.1,127.0.0.2\nDNSTimeout 4",
    { dns: { servers: ["127.0.0.1", "127.0.0.2"], lookup_timeout: 4 } },
  ],
  [
    "UserID opendkim:opendkim\nPidFile /run/o.pid",
    { daemon_user: "opendkim", daemon_group: "opendkim", pid_file: "/run/o.pid" },
  ],
  [
    "Syslog yes\nSyslogFacility local3\nSyslogName x\nLogWhy yes",
    { log: { to: "syslog" }, syslog_facility: "local3", syslog_ident: "x", log_level: 2 },
  ],
  [
    "Domain example.com\nKeyFile /k\nInclude /etc/more.conf",
    { dkim_keys: [{ domain: "example.com", selector: "included", file: "/k" }] },
  ],
];

for (const [text, settings] of taken) {
  test(`takes ${JSON.stringify(text)}`, async () => {
    const source = read(text);
    for (const [name, value] of Object.entries(settings)) assert.deepEqual(source.settings[name], value, name);
    assert.deepEqual(
      source.problems.filter(({ severity }) => severity === "error"),
      [],
    );
    const loaded = await loadConfig("/etc/signpost.yaml", {
      files: { read: () => writeYaml(source, ["opendkim.conf"]), glob: (name) => [name] },
    });
    assert.deepEqual(
      loaded.problems.filter(({ severity, message }) => severity === "error" && !/KeyTable|SigningTable/.test(message)),
      [],
    );
  });
}

const told: readonly (readonly [string, RegExp])[] = [
  ["KeyTabel x", /^error: unknown option KeyTabel, did you mean KeyTable\?/],
  ["Domain example.com", /^error: Domain: a key needs KeyFile and Selector as well/],
  ["KeyTable dsn:mysql://db/keys", /^error: KeyTable: dsn:.*tables are read from files/],
  ["KeyFile /k\nKeyTable file:/t", /^error: KeyFile: stands beside KeyTable/],
  ["KeyTable file:/t\nDomain example.com", /^note: Domain: of no effect beside KeyTable/],
  ["KeyTable file:/t\nSelector s", /^note: Selector: of no effect beside KeyTable/],
  [
    "KeyTable file:/t\nDomain example.com\nSubDomains yes",
    /^note: SubDomains: of no effect without Domain, or beside KeyTable/,
  ],
  ["SubDomains yes", /^note: SubDomains: of no effect without Domain/],
  ["SignatureAlgorithm ed25519-sha256", /^note: SignatureAlgorithm: the key says/],
  ["MultipleSignatures maybe", /^error: MultipleSignatures: expected yes or no, found maybe/],
  ["SubDomains sure\nDomain a.example\nKeyFile /k\nSelector s", /^error: SubDomains: expected yes or no, found sure/],
  ["Syslog on", /^error: Syslog: expected yes or no, found on/],
  ["LogWhy", /^error: LogWhy: expected yes or no, found nothing/],
  ["DNSTimeout 5s", /^error: DNSTimeout: expected seconds, found 5s/],
  ["UMask 9", /^error: UMask: expected an octal number, found 9/],
  ["InternalHosts ldap:x", /^error: InternalHosts: ldap:x: data sets are read from files and lists/],
  ["InternalHosts /etc/opendkim/names", /^error: InternalHosts: mail\.example\.com: clients are known by address/],
  ["InternalHosts /nowhere", /^error: InternalHosts: \/nowhere: no such file/],
  ["Mode x", /^error: Mode: expected s, v or sv/],
  ["Canonicalization nowsp", /^error: Canonicalization: expected simple or relaxed/],
  ["SignatureAlgorithm rsa-sha1", /^warning: SignatureAlgorithm: rsa-sha1 is not made/],
  ["MinimumKeyBits 0", /^warning: MinimumKeyBits: 0 becomes 512/],
  ["Socket 8891", /^error: Socket: expected inet:port@host/],
  ["Socket inet:8891", /^warning: Socket: every address is listened on/],
  ["ExternalIgnoreList refile:/x", /^note: ExternalIgnoreList: /],
  ["On-BadSignature reject", /^error: On-BadSignature: mail is not refused for a signature alone/],
  ["On-BadSignature accept", /^note: On-BadSignature: /],
  ["On-DNSError tempfail", /^note: On-DNSError: /],
  ["ScreenPolicyScript /x.lua", /^error: ScreenPolicyScript: scripts decide here/],
  ["ResignAll no", /^note: ResignAll: /],
  ["SendReports yes", /^warning: SendReports: no report is sent/],
];

for (const [text, message] of told) {
  test(`says of ${JSON.stringify(text)} what it is`, () => {
    const said = read(text).problems.map((problem) => `${problem.severity}: ${problem.message}`);
    assert.ok(
      said.some((line) => message.test(line)),
      said.join("\n"),
    );
  });
}

test("an option has one fate, and the page on it names all", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/opendkim.md"), "utf8");
  for (const name of takenNames) assert.equal(untakenOption(name), undefined, name);
  for (const name of [...takenNames, ...untakenNames])
    assert.ok(page.includes(`\`${name}\``), `docs/opendkim.md lacks ${name}`);
});
