// What the pages' blocks of commands need before, between and after, so that each runs as it is printed: on a mail server of
// its own that is thrown away (docs-stage.sh has the words that stand here), in the order of the rows.

import { shownBlock } from "./document-blocks.ts";

export interface RunBlock {
  readonly page: string;
  /** How its first line begins. */
  readonly begins: string;
  /** Before it. */
  readonly before?: string;
  /** What the outer world does after a line of it: the line's beginning, and what is done. */
  readonly between?: Readonly<Record<string, string>>;
  /** What must be so afterwards. */
  readonly after?: string;
  /** What stands for something of the reader's. */
  readonly put?: Readonly<Record<string, string>>;
}

export interface Scenario {
  readonly title: string;
  readonly setUp: string;
  readonly blocks: readonly RunBlock[];
}

/** Postfix's line of a mail that was sent, as a pattern for grep -E: as the page shows it, of any size and queue id. */
const sentLine = shownBlock("docs/postfix.md", "status=sent (250")
  .replaceAll(/[()[\].]/g, "\\$&")
  .replace(/\d+ bytes queued as \w+/, "[0-9]+ bytes queued as [0-9A-Za-z]+");

const mailServer = "service_files; stock_postfix; dns";
/** A mail with a banned name, kept: $id is its copy in the quarantine. */
const quarantined = `service_files
cat > /etc/signpost/signpost.yaml <<'YAML'
myhostname: mx.example.org
local_domains_maps: [[.example.org]]
inet_socket_port: [10024]
forward_method: "smtp:[127.0.0.1]:10025"
notify_method: "smtp:[127.0.0.1]:10025"
release_method: "smtp:[127.0.0.1]:10025"
banned_filename_re: [["(?i)\\\\.exe$", true]]
final_banned_destiny: D_DISCARD
virus_quarantine_method: null
banned_files_quarantine_method: "local:banned-%m"
banned_quarantine_to_maps: ["banned-quarantine"]
dns: { servers: ["127.0.0.1:53"] }
QUARANTINEDIR: /var/lib/signpost/quarantine
YAML
dns
smtp-sink -u nobody -d /tmp/sink.%M 127.0.0.1:10025 10 &
systemctl enable --now signpost
printf 'From: a@example.net\\nTo: b@example.org\\nSubject: hello\\nDate: Fri, 06 Nov 2026 10:00:00 +0000\\nMIME-Version: 1.0\\nContent-Type: application/octet-stream; name=a.exe\\n\\nMZ\\n' > /tmp/bad.eml
swaks --server 127.0.0.1 --port 10024 --from a@example.net --to b@example.org --data @/tmp/bad.eml > /tmp/swaks.log
await sh -c 'ls /var/lib/signpost/quarantine/* | grep -q banned-'
id=$(signpost quarantine list --json | sed -n 's/.*"mail_id":"\\([^"]*\\)".*/\\1/p')`;

export const scenarios: readonly Scenario[] = [
  {
    title: "the README, beside a stock Postfix",
    setUp: mailServer,
    blocks: [
      { page: "README.md", begins: "signpost init", between: { "signpost init": "publish" } },
      {
        page: "README.md",
        begins: "signpost check-config",
        after: "own_mail 1; signed 1; says dkim_new=s1:example.org signpost log",
      },
      {
        page: "docs/content.md",
        begins: "signpost check --parts",
        before: "cd /tmp; mail_file mail.eml",
      },
    ],
  },
  {
    title: "a service that runs: Postfix's lines, a mail by hand, the unit",
    setUp: `${mailServer}
signpost init example.org > /tmp/init.log 2>&1; signpost postfix --apply > /dev/null 2>&1
systemctl enable --now signpost`,
    blocks: [
      { page: "docs/postfix.md", begins: "signpost postfix --print", before: "signpost postfix --undo 2> /dev/null" },
      {
        page: "docs/postfix.md",
        begins: "swaks --server",
        before: "signpost postfix --apply > /dev/null 2>&1; mail_file /tmp/arrived",
        put: { "somebody@example.net": "bob@example.org", "/path/to/the/mail/that/arrived": "/tmp/arrived" },
        after: `await mails 1; await grep -E '${sentLine}' /var/log/postfix.log`,
      },
      {
        page: "docs/operations.md",
        begins: "signpost print-unit",
        after: "systemctl restart signpost; own_mail 2; signed 1",
      },
    ],
  },
  {
    title: "keys: the first, one by hand, the next, a record in each form",
    setUp: mailServer,
    blocks: [
      {
        page: "docs/keys.md",
        begins: "signpost init",
        between: { "signpost init": "publish; systemctl enable --now signpost" },
      },
      {
        page: "docs/dns.md",
        begins: "signpost showkeys --format line",
        // What nsupdate is given goes to the DNS: there is no name server of others here.
        before: `rm /published/*
cat > /usr/local/bin/nsupdate <<'NSUPDATE'
#!/bin/sh
[ "$*" = "-k /etc/bind/update.key" ] || exit 1
sed -n 's/^update add \\([^ ]*\\)\\. [0-9]* \\(IN \\)\\?TXT \\(.*\\)$/[{"name":"\\1","strings":[\\3]}]/p' | sed 's/" "/","/g' > /published.new
[ -s /published.new ] && mv /published.new /published/updated
NSUPDATE
chmod 755 /usr/local/bin/nsupdate`,
      },
      { page: "docs/dns.md", begins: "signpost genrsa", after: "says /s2.pem signpost showkeys" },
      {
        page: "docs/keys.md",
        begins: "mkdir -p /var/lib/signpost/keys/example.org",
        before: "rm /var/lib/signpost/keys/example.org/*; rmdir /var/lib/signpost/keys/example.org",
        after: "signpost reload; says s1._domainkey.example.org signpost showkeys",
      },
    ],
  },
  {
    title: "amavisd's configuration: looked at, run from, translated",
    setUp: `${mailServer}
mkdir -p /etc/amavisd /var/db/dkim; cp /checkout/test/corpora/howto/2-two-paths.conf /etc/amavisd/amavisd.conf
cat >> /etc/amavisd/amavisd.conf <<'CONF'
$mydomain = 'example.com'; $myhostname = 'mail.example.com'; @local_domains_maps = ( [".$mydomain"] );
dkim_key('example.com', 'foo', '/var/db/dkim/example-foo.key.pem');
1;
CONF
signpost genrsa /var/db/dkim/example-foo.key.pem 2> /dev/null
chgrp signpost /var/db/dkim/example-foo.key.pem; cd /tmp`,
    blocks: [
      {
        page: "docs/amavisd-conf.md",
        begins: "signpost check-config --config",
        // It runs until it is ended.
        put: { "signpost start": "until_ready signpost start" },
        after: "says policy_bank: cat signpost.yaml",
      },
      { page: "docs/from-amavisd.md", begins: "signpost import" },
      {
        page: "docs/from-amavisd.md",
        begins: "signpost check-config",
        between: { "signpost check-config": "publish" },
      },
      {
        page: "docs/from-amavisd.md",
        begins: "systemctl disable",
        before: "signpost postfix --apply > /dev/null 2>&1",
      },
    ],
  },
  {
    title: "OpenDKIM's place as a milter",
    setUp: `${mailServer}
install -d -m 700 /etc/dkimkeys; signpost genrsa /etc/dkimkeys/s1.private 2> /dev/null
chgrp root /etc/dkimkeys/s1.private; chmod 600 /etc/dkimkeys/s1.private
configuration docs/from-opendkim.md > /etc/signpost/signpost.yaml`,
    blocks: [
      {
        page: "docs/from-opendkim.md",
        begins: "chgrp -R signpost",
        between: { "signpost check-config": "publish" },
        after: "postconf -e smtpd_milters=inet:127.0.0.1:8891; postfix reload 2> /dev/null; own_mail 1; signed 1",
      },
    ],
  },
  {
    title: "beside rspamd",
    setUp: `${mailServer}
install -d -m 700 /var/lib/rspamd/dkim
signpost genrsa /var/lib/rspamd/dkim/example.org.dkim.key 2> /dev/null`,
    blocks: [
      {
        page: "docs/from-rspamd.md",
        begins: "install -D",
        after:
          "configuration docs/from-rspamd.md >> /etc/signpost/signpost.yaml; [ ! -e /var/lib/signpost/keys/example.org/s1.pem ]",
      },
      {
        page: "docs/from-rspamd.md",
        begins: "signpost check-config",
        between: { "signpost check-config": "publish" },
        after: "own_mail 1; signed 1",
      },
    ],
  },
  {
    title: "the commands of the quarantine",
    setUp: quarantined,
    blocks: [
      {
        page: "docs/quarantine.md",
        begins: "signpost quarantine list",
        // Of spam.example there is nothing to delete: exit 1.
        put: {
          t5bDoRaO1a6J: "$id",
          "--category virus": "--category banned",
          "--before 7d": "--before 7d || [ $? = 1 ]",
        },
        after: "await grep -l X-Amavis-Released /tmp/sink.*",
      },
    ],
  },
  {
    title: "from source",
    setUp: `${mailServer}
cp -a /checkout /source; rm -rf /source/node_modules; cd /source
export npm_config_offline=true npm_config_audit=false npm_config_fund=false`,
    blocks: [
      { page: "README.md", begins: "npm ci && npm run demo" },
      {
        page: "docs/install.md",
        begins: "npm ci && npm pack",
        // A new Node is on the machine, as the page wants it, and no signpost; the registry is one of this checkout's packages.
        before: `rm /usr/local/bin/signpost
ln -s /checkout/node_modules/.bin/node /usr/local/bin/node
unset npm_config_offline
export npm_config_registry=http://127.0.0.1:4873/ npm_config_prefix=/usr/local npm_config_cache=/tmp/npm-cache
node test/support/own-registry.ts 4873 > /tmp/registry.log 2>&1 &
await grep -q ready /tmp/registry.log`,
        put: { "npm ci": ":", "signpost-VERSION": "signpost-*" },
        after: `says "ExecStart=$(readlink -f /usr/local/bin/node) /usr/local/lib/node_modules/signpost/dist/src/cli/main.js start" cat /etc/systemd/system/signpost.service
signpost init example.org > /tmp/init.log 2>&1; publish; signpost postfix --apply > /dev/null 2>&1
systemctl enable --now signpost; own_mail 1; signed 1
signpost postfix --undo > /dev/null 2>&1; systemctl disable --now signpost
npm uninstall -g signpost; [ ! -e /usr/local/bin/signpost ]; [ ! -e /usr/local/lib/node_modules/signpost ]
rm -r /etc/signpost /var/lib/signpost/keys /usr/local/bin/node; unset npm_config_registry npm_config_prefix`,
      },
      {
        page: "docs/install.md",
        begins: "npm ci                 ",
        // It was done a moment ago, and takes long.
        put: { "npm ci ": ": ", "npm start": "until_ready npm start" },
      },
    ],
  },
];
