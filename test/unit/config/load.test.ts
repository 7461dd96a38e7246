import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { printConfig } from "../../../src/config/print.ts";
import type { Files } from "../../../src/config/yaml-source.ts";

/** Files in memory: the configuration is read without a disk. */
function memory(files: Readonly<Record<string, string>>): Files {
  return {
    read(path) {
      const text = files[path];
      if (text === undefined) throw new Error("no such file");
      return text;
    },
    glob(pattern) {
      const form = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
      return Object.keys(files)
        .filter((name) => form.test(name))
        .sort();
    },
  };
}

function load(text: string, more: Readonly<Record<string, string>> = {}) {
  return loadConfig("/etc/signpost.yaml", {
    files: memory({ "/etc/signpost.yaml": text, ...more }),
    hostname: "host.example.org",
    cwd: "/",
  });
}

test("an empty file is a whole configuration", async () => {
  const { config, problems } = await load("");
  assert.deepEqual(problems, []);
  assert.equal(config?.base.myhostname, "host.example.org");
  assert.deepEqual(config?.inet_socket_bind, ["127.0.0.1"]);
  assert.deepEqual(config?.base.mynetworks_maps, [config?.mynetworks]);
});

test("a scalar for a map is a constant, null and [] are an empty map", async () => {
  const { config } = await load("spam_lovers_maps: 1\nlocal_domains_maps: null\nvirus_lovers_maps: []\n");
  assert.deepEqual(config?.base.spam_lovers_maps, [true]);
  assert.deepEqual(config?.base.local_domains_maps, []);
  assert.deepEqual(config?.base.virus_lovers_maps, []);
});

test("a bank keeps only the keys it sets", async () => {
  const { config } = await load("policy_bank:\n  A:\n    originating: 1\n    mynetworks_maps: []\n  B:\n");
  assert.deepEqual(config?.policy_bank.get("A"), { originating: true, mynetworks_maps: [] });
  assert.deepEqual(config?.policy_bank.get("B"), {});
});

test("a number without quotes keeps its spelling where it is text, and is a number where one is wanted", async () => {
  const { config, problems } = await load(
    [
      "mynetworks: [ 172.20, 10., 10 ]",
      "unix_socket_mode: 0660",
      "drain_timeout: 090.0",
      "local_domains_maps: [ { 10.20: 1.0, example.com: 0.0 } ]",
      "signer_reputation_maps: [ { .: 5.0 }, -7.50 ]",
      "spam_scanners: [ { name: SA, type: spamd, address: 127.0.0.1:783 } ]",
      "dkim_keys: [ { domain: example.com, selector: 2024.10, file: /k } ]",
    ].join("\n"),
  );
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.deepEqual(config?.mynetworks, ["172.20", "10.", "10"]);
  assert.equal(config?.unix_socket_mode, 0o660);
  assert.equal(config?.drain_timeout, 90);
  assert.deepEqual(config?.base.local_domains_maps, [{ "10.20": true, "example.com": false }]);
  assert.deepEqual(config?.base.signer_reputation_maps, [{ ".": 5 }, -7.5]);
  assert.equal(config?.dkim_keys[0]?.selector, "2024.10");
});

test("numbers in forms that only YAML knows are texts too where text is meant", async () => {
  const selectors = ["6e8", "0x1f", "0o17", "20241015123456789"];
  const { config, problems } = await load(
    [
      "unix_socket_mode: 0o0660",
      "drain_timeout: 1e2",
      "smtpd_message_size_limit: 0x100000",
      "smtpd_recipient_limit: 1e3",
      "signer_reputation_maps: [ { .: 2.5e0 }, 3.14159265358979323846 ]",
      "spam_scanners: [ { name: SA, type: spamd, address: 127.0.0.1:783 } ]",
      "local_domains_maps: [ { 1e3: 0x1, 0x1f: 0e0 } ]",
      "dkim_keys:",
      ...selectors.map((selector) => `  - { domain: example.com, selector: ${selector}, file: /k }`),
    ].join("\n"),
  );
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error").map(({ message }) => message),
    [],
  );
  assert.equal(config?.unix_socket_mode, 0o660);
  assert.equal(config?.drain_timeout, 100);
  assert.equal(config?.base.smtpd_message_size_limit, 0x100000);
  assert.equal(config?.smtpd_recipient_limit, 1000);
  assert.deepEqual(config?.base.signer_reputation_maps, [{ ".": 2.5 }, Math.PI]);
  assert.deepEqual(config?.base.local_domains_maps, [{ "1e3": true, "0x1f": false }]);
  assert.deepEqual(
    config?.dkim_keys.map(({ selector }) => selector),
    selectors,
  );
});

test("our own names in U-labels are their A-labels, for header fields and replies hold no others", async () => {
  const { config } = await load(
    "myhostname: mx.MÜNCHEN.example\nmydomain: münchen.example\nmyauthservid: münchen.example",
  );
  assert.equal(config?.base.myhostname, "mx.xn--mnchen-3ya.example");
  assert.equal(config?.mydomain, "xn--mnchen-3ya.example");
  assert.equal(config?.base.myauthservid, "xn--mnchen-3ya.example");
  const { config: plain } = await load("myhostname: MX.example\nmyauthservid: our relay");
  assert.deepEqual([plain?.base.myhostname, plain?.base.myauthservid], ["MX.example", "our relay"]);
});

test("durations and sizes take units", async () => {
  const { config } = await load(
    'smtpd_message_size_limit: 10M\ndrain_timeout: "2m"\ndkim_signature_options_bysender_maps: [{ ".": { ttl: 21d } }]\n',
  );
  assert.equal(config?.base.smtpd_message_size_limit, 10 * 1024 ** 2);
  assert.equal(config?.drain_timeout, 120);
  assert.deepEqual(config?.base.dkim_signature_options_bysender_maps, [{ ".": { ttl: 1814400 } }]);
});

test("null where a setting has a null of its own is kept, elsewhere it is the default", async () => {
  const { config } = await load("smtpd_message_size_limit: null\nsmtpd_timeout: null\n");
  assert.equal(config?.base.smtpd_message_size_limit, null);
  assert.equal(config?.base.smtpd_timeout, 300);
});

test("signed_header_fields is laid over the defaults in lower case, REPLACE discards them", async () => {
  const { config } = await load(
    "signed_header_fields: { Sender: 1 }\npolicy_bank:\n  X: { signed_header_fields: { REPLACE: 1, From: 2 } }\n",
  );
  assert.equal(config?.base.signed_header_fields["sender"], 1);
  assert.equal(config?.base.signed_header_fields["from"], 2);
  assert.deepEqual(config?.policy_bank.get("X")?.signed_header_fields, { REPLACE: 1, from: 2 });
});

test("building blocks make the default of their map", async () => {
  const { config } = await load("sa_kill_level_deflt: 6.31\nvirus_admin: postmaster@example.com\n");
  assert.deepEqual(config?.base.spam_kill_level_maps, [6.31]);
  assert.deepEqual(config?.base.virus_admin_maps, ["postmaster@example.com"]);
});

test("client_ipaddr_policy is read in its three spellings", async () => {
  const wanted = [{ networks: ["192.0.2.0/24"], banks: ["A", "B"] }];
  const banks = "policy_bank: { A: {}, B: {} }\n";
  for (const spelling of [
    "[{ networks: [192.0.2.0/24], banks: [A, B] }]",
    '[[[192.0.2.0/24], "A, B"]]',
    '[[192.0.2.0/24], "A,B"]',
  ]) {
    const { config, problems } = await load(`${banks}client_ipaddr_policy: ${spelling}\n`);
    assert.deepEqual(problems, []);
    assert.deepEqual(config?.base.client_ipaddr_policy, wanted, spelling);
  }
});

test("names of files start at the folder of the file that names them", async () => {
  const { config } = await load("include: sub/*.yaml\ndkim_keys: [{ domain: a.example, selector: s, file: a.pem }]\n", {
    "/etc/sub/keys.yaml":
      "dkim_keys: [{ domain: b.example, selector: s, file: b.pem }]\ndkim_signingtable: refile:signing\n" +
      "local_domains_maps: [{ file: ./domains }]\n",
  });
  assert.deepEqual(
    config?.dkim_keys.map(({ file }) => file),
    ["/etc/sub/b.pem", "/etc/a.pem"],
  );
  assert.equal(config?.dkim_signingtable, "refile:/etc/sub/signing");
  assert.deepEqual(config?.base.local_domains_maps, [{ file: "/etc/sub/domains" }]);
});

test("a file overrides what it includes, and says so", async () => {
  const { config, problems } = await load("include: [one.yaml]\nlog_level: 2\n", {
    "/etc/one.yaml": "\nlog_level: 5\n",
  });
  assert.equal(config?.base.log_level, 2);
  assert.deepEqual(
    problems.map(({ severity, message, place }) => [severity, message, place?.line]),
    [["note", "log_level is set at /etc/one.yaml:2, too; this one is used", 2]],
  );
});

test("a problem in an included file is placed there", async () => {
  const { problems } = await load("include: [one.yaml]\n", {
    "/etc/one.yaml": "policy_bank:\n  A: { originating: maybe }\n",
  });
  assert.deepEqual(problems[0]?.place, { file: "/etc/one.yaml", line: 2, column: 21 });
});

test("every setting knows where it came from", async () => {
  const { origin } = await load(
    "policy_bank:\n  A:\n    spam_lovers_maps:\n      - { x@example.com: 1 }\n      - [b]\n",
  );
  assert.equal(origin(["policy_bank", "A", "spam_lovers_maps", 1]), "/etc/signpost.yaml:5:9");
  assert.equal(origin(["policy_bank", "A", "spam_lovers_maps", 0, "x@example.com"]), "/etc/signpost.yaml:4:26");
});

test("the configuration is frozen all the way down", async () => {
  const { config } = await load("policy_bank: { A: { spam_lovers_maps: [{ a@b: 1 }] } }\n");
  assert.ok(Object.isFrozen(config?.dns));
  assert.ok(Object.isFrozen(config?.policy_bank.get("A")?.spam_lovers_maps?.[0]));
});

test("what is printed reads back as the same configuration", async () => {
  const first = await load(
    `
unsupported: warn
mydomain: example.com
unix_socket_mode: "0600"
signed_header_fields: { REPLACE: 1, From: 2, Subject: true }
allowed_header_tests: { utf8: true }
smtpd_message_size_limit: null
client_ipaddr_policy: [[10.0.0.0/8], A]
forward_method: ["smtp:[127.0.0.1]:10025", "smtp:[127.0.0.2]:10025"]
banned_rules: { ALT: { regexp: ['^\\.exe$', ['^\\.zip$', 0]] } }
score_sender_maps: [{ ".": [{ "yes@example.com": -3.5, "no": "0x1F", "12": "1e3" }] }]
metrics: { listen: 9925 }
policy_bank:
  A: { signed_header_fields: { REPLACE: 1, from: 1 }, penpals_bonus_score: null, "final_spam_destiny": -3 }
  "yes": {}
`,
  );
  assert.ok(first.config !== undefined, JSON.stringify(first.problems));
  const second = await load(printConfig(first.config));
  assert.deepStrictEqual(second.config, first.config);
});

test("every default survives printing", async () => {
  const first = await load("");
  assert.ok(first.config !== undefined);
  assert.deepStrictEqual((await load(printConfig(first.config))).config, first.config);
});

test("a table that stands alone for a map is found as its first", async () => {
  const { origin } = await load("log_level: 1\nspam_lovers_maps:\n  x@example.com: 1\n");
  assert.equal(origin(["spam_lovers_maps", 0, "x@example.com"]), "/etc/signpost.yaml:3:18");
});

test("what is read and kept without effect is told once, members of groups too", async () => {
  const { problems } = await load(
    "limits: { header_field_size: 8k, errors: 5 }\nsmtp_connection_cache_on_demand: true\n",
  );
  assert.deepEqual(
    problems.map(({ severity, message }) => [severity, message]),
    [
      [
        "warning",
        "these have no effect, nothing acts on them: limits.header_field_size, smtp_connection_cache_on_demand",
      ],
    ],
  );
});
