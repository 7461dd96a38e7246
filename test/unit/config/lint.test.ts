// What check-config advises: for each advice a configuration that gets it, and one next to it that does not.
import assert from "node:assert/strict";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkConfig } from "../../../src/cli/check-config.ts";
import { folderFor, run } from "../cli/run.ts";
import { rsaPem } from "../signing/keys.ts";

const key = "dkim_keys: [{ domain: example.com, selector: s, file: key.pem }]\n";
const banks = (more: string) => `inet_socket_port: [10024, 10026]\n${more}`;
const milter = (more: string) => `inet_socket_port: []\n${more}`;

/** The advice, what gets it, and what does not; modes are those of key.pem and signpost.yaml. */
const advices: readonly (readonly [
  advice: RegExp,
  firing: string,
  silent: string,
  modes?: { readonly key?: readonly [number, number]; readonly config?: readonly [number, number] },
])[] = [
  [
    /warning: banned_filename_maps\[0\]: banned_rules has no "ALT-RULES": nothing is banned by it/,
    "banned_filename_maps: [ALT-RULES]\n",
    "banned_filename_maps: [ALT-RULES]\nbanned_rules: { ALT-RULES: { regexp: [['.exe$', 1]] } }\n",
  ],
  [
    /error: tls_security_level_in: TLS needs a certificate: smtpd_tls_cert_file/,
    "tls_security_level_in: may\n",
    "tls_security_level_out: may\n",
  ],
  [
    /error: smtp_tls_wrappermode: needs tls_security_level_out/,
    "smtp_tls_wrappermode: true\n",
    "smtp_tls_wrappermode: true\ntls_security_level_out: encrypt\n",
  ],
  [
    /error: auth_required_inp: nobody could log in/,
    "auth_required_inp: true\namavis_auth_user: a\namavis_auth_pass: b\n",
    "auth_required_inp: true\namavis_auth_user: a\namavis_auth_pass: b\nauth_mech_avail: [PLAIN]\n",
  ],
  [
    /error: auth_required_out: a login needs amavis_auth_user and amavis_auth_pass/,
    "auth_required_out: true\n",
    "auth_required_out: true\namavis_auth_user: a\namavis_auth_pass: b\n",
  ],
  [
    /warning: auth_mech_avail: not spoken here: DIGEST-MD5/,
    "auth_mech_avail: [PLAIN, DIGEST-MD5]\n",
    "auth_mech_avail: [PLAIN]\n",
  ],
  [/error: smtp_tls_CAfile: .* cannot be read/, "smtp_tls_CAfile: /nowhere/ca.pem\n", "smtp_tls_CAfile: null\n"],
  [
    /warning: policy_bank\.LIST: nothing loads this bank/,
    banks("policy_bank: { LIST: { originating: true } }\n"),
    banks("policy_bank: { LIST: { originating: true } }\ninterface_policy: { '10026': LIST }\n"),
  ],
  [
    /warning: policy_bank\.SUBMISSION: nothing loads this bank/,
    "policy_bank: { SUBMISSION: { originating: true } }\n",
    // The MTA's daemon may have this name.
    milter("milter_listen: ['127.0.0.1:8893']\npolicy_bank: { SUBMISSION: { originating: true } }\n"),
  ],
  [
    /error: interface_policy\.10026\[0\]: no policy bank "LISTS", did you mean "LIST"\?/,
    banks("policy_bank: { LIST: {} }\ninterface_policy: { '10024': LIST, '10026': LISTS }\n"),
    banks("policy_bank: { LIST: {} }\ninterface_policy: { '10024': LIST, '10026': LIST }\n"),
  ],
  [
    /warning: policy_bank\.MYNETS\.smtpd_greeting_banner: no effect here/,
    "policy_bank: { MYNETS: { smtpd_greeting_banner: hello } }\n",
    "policy_bank: { MYNETS: { log_level: 3 } }\n",
  ],
  [
    /error: policy_bank\.LIST\.mynetworks: .*(?:daemon|everywhere|global)/i,
    banks("policy_bank: { LIST: { mynetworks: [10.0.0.0/8] } }\ninterface_policy: { '10026': LIST }\n"),
    banks("policy_bank: { LIST: { mynetworks_maps: [[10.0.0.0/8]] } }\ninterface_policy: { '10026': LIST }\n"),
  ],
  [
    /warning: spam_tag_level_maps\[1\]: never reached/,
    "spam_tag_level_maps: [5, { '.': 3 }]\n",
    "spam_tag_level_maps: [{ '.example.com': 3 }, 5]\n",
  ],
  [
    /error: dkim_keys\[1\]: selector "s" of this domain is declared twice/,
    "dkim_keys:\n  - { domain: example.com, selector: s, file: key.pem }\n  - { domain: Example.Com, selector: s, file: key.pem }\n",
    "dkim_keys:\n  - { domain: example.com, selector: s, file: key.pem }\n  - { domain: example.com, selector: t, file: key.pem }\n",
  ],
  [
    /warning: .*\.d: example\.com never aligns with From addresses in example\.org/,
    `${key}dkim_signature_options_bysender_maps: [{ .example.org: { d: example.com } }]\n`,
    `${key}dkim_signature_options_bysender_maps: [{ .sub.example.com: { d: example.com } }]\n`,
  ],
  [
    /warning: .*\.d: no key is declared for example\.com: nothing is signed with it/,
    "dkim_signature_options_bysender_maps: [{ .example.com: { d: example.com } }]\n",
    `${key}dkim_signature_options_bysender_maps: [{ .example.com: { d: example.com } }]\n`,
  ],
  [
    /warning: .*a: rsa-sha1 must not be signed with .*; rsa-sha256 is used/,
    "dkim_signature_options_bysender_maps: [{ '.': { a: rsa-sha1 } }]\n",
    "dkim_signature_options_bysender_maps: [{ '.': { a: rsa-sha256 } }]\n",
  ],
  [
    /warning: Can't open PEM file .*gone\.pem: No such file or directory; mail of example\.com is deferred/,
    key.replace("key.pem", "gone.pem"),
    key,
  ],
  [/warning: .*everybody on this machine can use the key .*key\.pem/, key, key, { key: [0o644, 0o600] }],
  [/note: .*the group of .*key\.pem can read the key/, key, key, { key: [0o640, 0o600] }],
  [
    /warning: redis\.url: .*signpost\.yaml holds this secret and can be read by everybody/,
    "redis: { url: 'redis://:secret@127.0.0.1:6379' }\n",
    "redis: { url: 'redis://:secret@127.0.0.1:6379' }\n",
    { config: [0o644, 0o640] },
  ],
  [
    /warning: redis\.url: .*signpost\.yaml holds this secret and can be read by everybody/,
    "redis: { url: 'unix:///run/redis.sock?password=secret' }\n",
    "redis: { url: 'unix:///run/redis.sock' }\n",
    { config: [0o644, 0o644] },
  ],
  [
    /warning: inet_socket_port\[0\]: port 10024 at every address is reachable from outside, but inet_acl is not set/,
    "inet_socket_port: 10024\ninet_socket_bind: null\n",
    "inet_socket_port: 10024\ninet_socket_bind: null\ninet_acl: [127.0.0.1, 192.0.2.7]\n",
  ],
  [
    /error: inet_acl: anybody can send mail through port 10024/,
    "inet_socket_port: 10024\ninet_socket_bind: '0'\ninet_acl: [0.0.0.0/0]\n",
    "inet_socket_port: 10024\ninet_socket_bind: 127.0.0.1\ninet_acl: [0.0.0.0/0]\n",
  ],
  [
    /warning: milter_listen\[0\]: port 8893 at 0\.0\.0\.0 is reachable from outside, but inet_acl is not set/,
    milter("milter_listen: ['0.0.0.0:8893']\n"),
    milter("milter_listen: ['0.0.0.0:8893']\ninet_acl: [192.0.2.7]\n"),
  ],
  [
    /error: policy_bank\.OPEN\.inet_acl: anybody can have mail signed by port 8893/,
    milter(
      "milter_listen: [{ address: '0.0.0.0:8893', bank: OPEN }]\npolicy_bank: { OPEN: { inet_acl: [0.0.0.0/0] } }\n",
    ),
    milter(
      "milter_listen: [{ address: 127.0.0.1:8893, bank: OPEN }]\npolicy_bank: { OPEN: { inet_acl: [0.0.0.0/0] } }\n",
    ),
  ],
  [
    /error: forward_method: .*sent to port 10025, which is ours: it never gets out/,
    "inet_socket_port: [10024, 10025]\n",
    "inet_socket_port: [10024, 10026]\n",
  ],
  [
    /warning: interface_policy\.10028: nothing listens there/,
    banks("policy_bank: { LIST: {} }\ninterface_policy: { '10028': LIST, '10026': LIST }\n"),
    banks("policy_bank: { LIST: {} }\ninterface_policy: { '10024': LIST, '10026': LIST }\n"),
  ],
  [
    /note: mynetworks: needs the client from Postfix: .* smtp_send_xforward_command=yes/,
    "mynetworks: [10.0.0.0/8]\nenable_dkim_signing: true\n",
    // A milter is told the client by the MTA.
    "mynetworks: [10.0.0.0/8]\nenable_dkim_signing: true\ninet_socket_port: []\nmilter_listen: ['127.0.0.1:8893']\n",
  ],
  [
    /note: local_domains_maps\[0\]\["\.Example\.COM"\]: names are looked up in lower case/,
    "local_domains_maps: [{ .Example.COM: true }]\n",
    "local_domains_maps: [{ .example.com: true }]\n",
  ],
  [
    /warning: metrics\.listen: the endpoint can be reached from other machines/,
    "metrics: { listen: '0.0.0.0:9925' }\n",
    "metrics: { listen: '127.0.0.1:9925' }\n",
  ],
];

for (const [advice, firing, silent, modes = {}] of advices) {
  test(`advises ${advice.source.replaceAll("\\", "")}, and only then`, async (t) => {
    const folder = folderFor(t);
    const [keyFile, config] = [join(folder, "key.pem"), join(folder, "signpost.yaml")];
    writeFileSync(keyFile, rsaPem);
    if (process.getuid?.() === 0) {
      // Root looks as the daemon's user, nobody.
      chownSync(keyFile, 65534, 0);
      chmodSync(folder, 0o755);
    }
    const said = async (text: string, at: 0 | 1) => {
      writeFileSync(config, text);
      chmodSync(keyFile, (modes.key ?? [0o600, 0o600])[at]);
      chmodSync(config, (modes.config ?? [0o640, 0o640])[at]);
      return (await run(checkConfig, ["signpost.yaml"], folder)).stderr;
    };
    assert.match(await said(firing, 0), advice);
    assert.match(await said(firing, 0), /^signpost\.yaml:\d+:\d+: /);
    assert.doesNotMatch(await said(silent, 1), new RegExp(`${advice.source}|: error: `));
  });
}
