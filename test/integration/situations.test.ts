// What an administrator asks on the first days, each as a mail and a configuration: the answer says what is the matter and
// names the next step.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../src/cli/check.ts";
import { explain } from "../../src/cli/explain.ts";
import { sign } from "../../src/cli/sign.ts";
import { createTestKey } from "../support/daemon.ts";
import { test } from "../support/limited.ts";
import { folderFor, run } from "../unit/cli/run.ts";

const key = createTestKey("ed25519");

const base = `myhostname: mail.example.com
mydomain: example.com
local_domains_maps: [[.example.com]]
mynetworks: [10.0.0.0/8]
enable_dkim_verification: true
enable_spf_verification: true
enable_dmarc_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(key.pem)} }]
interface_policy: { "10026": ORIGINATING }
inet_socket_port: [10024, 10026]
forward_method: "smtp:[127.0.0.1]:10025"
policy_bank:
  ORIGINATING: { originating: true }
`;

const zone = {
  "s._domainkey.example.com": { TXT: [[key.record].flat()] },
  "down._domainkey.example.com": { rcode: "SERVFAIL" },
  "_dmarc.bank.example": { TXT: [["v=DMARC1; p=reject"]] },
  "bank.example": { TXT: [["v=spf1 -all"]] },
  "shop.example": { TXT: [["v=spf1 ip4:203.0.113.9 -all"]] },
};

const plain = "From: alice@example.com\r\nSubject: Hello\r\nDate: Sun, 29 Nov 2026 09:00:00 +0000\r\n\r\nhello\r\n";
/** Seconds. */
const signedAt = 1_795_942_800;

interface Situation {
  readonly name: string;
  /** The command with its options, the file left out. */
  readonly args?: readonly string[];
  readonly command?: "check" | "sign";
  readonly config?: string;
  readonly message?: string;
  /** Made of the mail that `sign` prints. */
  readonly altered?: (signed: string) => string;
  readonly ttl?: string;
  readonly says: readonly RegExp[];
  readonly not?: readonly RegExp[];
}

const originating = ["--port", "10026"];
const incoming = ["--client", "203.0.113.9", "--mail-from", "alice@example.com", "--rcpt-to", "bob@example.com"];

const situations: readonly Situation[] = [
  {
    name: "1: is it signed, and with which key",
    args: originating,
    says: [/signed: d=example\.com s=s a=ed25519-sha256/],
  },
  {
    name: "2: there is no key for the domain",
    args: originating,
    message: plain.replace("alice@example.com", "alice@elsewhere.example"),
    says: [/not signed: no-key-for-domain \(elsewhere\.example/, /Next: Make one \("signpost genrsa FILE"\)/],
    not: [/There is a key for/],
  },
  {
    name: "3: the parent domain has a key",
    args: originating,
    message: plain.replace("alice@example.com", "alice@news.example.com"),
    says: [
      /not signed: no-key-for-domain \(news\.example\.com/,
      /There is a key for example\.com, the parent of news\.example\.com\. To sign with it:/,
      /dkim_signature_options_bysender_maps: \[\{ "\.example\.com": \{ d: example\.com \} \}\]/,
    ],
  },
  {
    name: "4: there are two authors",
    args: originating,
    message: plain.replace("alice@example.com", "alice@example.com, bob@elsewhere.example"),
    says: [/not signed: two-from-domains/, /Next: Let the program name one author in From/],
  },
  {
    name: "5: the display name of a bank, unquoted",
    args: originating,
    message: plain.replace("alice@example.com", "service@bank.example alice@example.com"),
    says: [/not signed: malformed-from/, /Next: Let the program quote display names/],
  },
  {
    name: "6: the key cannot be read",
    args: originating,
    config: base.replace(/dkim_keys: .*/, "dkim_keys: [{ domain: example.com, selector: s, file: gone.pem }]"),
    says: [
      /not signed: key-unavailable/,
      /Next: Let the daemon's user read the file \(chgrp signpost FILE; chmod 0640 FILE\)/,
      /would be put off by rule key-unavailable: 451 4\.7\.5/,
    ],
  },
  {
    name: "7: a user outside of mynetworks",
    args: ["--port", "10024", "--client", "203.0.113.9", "--rcpt-to", "bob@elsewhere.example"],
    says: [
      /not signed: not-originating/,
      /the client 203\.0\.113\.9 is not in mynetworks: 10\.0\.0\.0\/8 at .*signpost\.yaml:4:\d+/,
      /mail counts as ours when it comes in at 10026 \(ORIGINATING\)/,
      /Next: Mail from outside is right so\. If it is of a user of yours, send it to the port whose bank sets originating/,
    ],
  },
  {
    name: "7: a client that nobody told of",
    args: ["--port", "10024", "--rcpt-to", "bob@elsewhere.example"],
    says: [/a client that is not told is never in mynetworks \(10\.0\.0\.0\/8 at .*signpost\.yaml:4:\d+\)/],
  },
  {
    name: "8: the bank has another name, and sign does not know it",
    command: "sign",
    config: base.replaceAll("ORIGINATING", "OUTGOING"),
    says: [/not signed: not-originating/, /Next: .*send it to the port whose bank sets originating/],
  },
  {
    name: "9: the body was changed",
    args: incoming,
    altered: (signed) =>
      `Received: from mail.example.com by list.example.net; Sun, 29 Nov 2026 09:00:01 +0000\r\nList-Id: <talk.example.net>\r\n${signed}${"_".repeat(40)}\r\nTalk mailing list\r\n`,
    says: [
      /dkim=fail d=example\.com s=s .*: body-hash-mismatch/,
      /The body is not the body that was signed/,
      /it came through a mailing list \(list-id: <talk\.example\.net>\)/,
      /the body ends with the footer of a mailing list/,
      /since the topmost signature it passed .*list\.example\.net/,
    ],
  },
  {
    name: "10: the subject was changed",
    args: incoming,
    altered: (signed) => signed.replace("Subject: Hello", "Subject: [talk] Hello"),
    says: [
      /dkim=fail .*: signature-mismatch/,
      /Subject has the mark \[talk\], as lists add it/,
      /Next: Look for a relay or list that rewrites Subject/,
    ],
  },
  {
    name: "11: there is no key in the DNS",
    args: incoming,
    altered: (signed) => signed.replace("s=s;", "s=old;"),
    says: [
      /dkim=permerror d=example\.com s=old .*: no-key/,
      /TXT old\._domainkey\.example\.com, asked of the answers in dns\.json/,
      /Next: They withdrew the key too early or never published it/,
    ],
  },
  {
    name: "12: the DNS is down",
    args: incoming,
    altered: (signed) => signed.replace("s=s;", "s=down;"),
    says: [
      /dkim=temperror .*: key-lookup-failed/,
      /TXT down\._domainkey\.example\.com, asked of/,
      /Next: Check dns\.servers, and ask the same name yourself/,
    ],
  },
  {
    name: "13: the signature has expired",
    args: [...incoming, "--now", String(signedAt + 90_000)],
    ttl: "1h",
    says: [
      /dkim=permerror .*: expired/,
      /x= is 2026-11-29 10:00:00 UTC, the mail came at 2026-11-30 10:00:00 UTC: 24 hours too late/,
      /check the clock of this host/,
    ],
  },
  {
    name: "13: the signature is of the future",
    args: [...incoming, "--now", String(signedAt - 7200)],
    says: [
      /dkim=permerror .*: signed-in-the-future/,
      /t= is 2026-11-29 09:00:00 UTC, the clock here said 2026-11-29 07:00:00 UTC: 2 hours ahead/,
      /Next: Check the clock of this host first/,
    ],
  },
  {
    name: "14: DMARC failed with p=reject, and the mail was delivered",
    args: ["--client", "203.0.113.9", "--mail-from", "x@bank.example", "--rcpt-to", "bob@example.com"],
    message: plain.replace("alice@example.com", "service@bank.example"),
    says: [
      /spf=fail smtp\.mailfrom=x@bank\.example client 203\.0\.113\.9\n +The record's term that matched: -all\n/,
      /dmarc=fail header\.from=bank\.example/,
      /SPF did not pass \(fail for bank\.example\); there is no DKIM signature\./,
      /The domain's policy is reject \(TXT _dmarc\.bank\.example/,
      /final_dmarc_destiny is D_PASS: the mail was not refused for it/,
      /Next: if the mail is genuine/,
    ],
  },
  {
    name: "14: DMARC failed with p=reject, and the mail was refused",
    args: ["--client", "203.0.113.9", "--mail-from", "x@bank.example", "--rcpt-to", "bob@example.com"],
    config: `${base}final_dmarc_destiny: D_REJECT\n`,
    message: plain.replace("alice@example.com", "service@bank.example"),
    says: [
      /would be refused by rule dmarc: 550 5\.7\.26/,
      /Next: If the mail was wanted, the sender has to mend SPF or DKIM/,
    ],
  },
  {
    name: "a domain without a DMARC policy: nobody looked whether anything is aligned",
    args: ["--client", "203.0.113.9", "--mail-from", "x@shop.example", "--rcpt-to", "bob@example.com"],
    message: plain.replace("alice@example.com", "service@shop.example"),
    says: [/spf=pass/, /ip4:203\.0\.113\.9/, /dmarc=none/],
    not: [/aligned/],
  },
  {
    name: "why is there no Authentication-Results in my mail",
    args: ["--client", "203.0.113.9", "--mail-from", "alice@example.com", "--rcpt-to", "bob@elsewhere.example"],
    says: [/no Authentication-Results: no recipient is local \(local_domains_maps\)/],
    not: [/^ *Authentication-Results:/m],
  },
  {
    name: "what Authentication-Results a local recipient gets",
    args: incoming,
    says: [/^ *Authentication-Results: mail\.example\.com;/m],
    not: [/no Authentication-Results:/],
  },
  {
    name: "a saved mailbox is no message",
    args: incoming,
    message: `From alice@example.com Sun Nov 29 09:00:00 2026\r\n${plain}`,
    says: [/the file begins with "From ": it is a mailbox/],
  },
];

for (const {
  name,
  command = "check",
  args = [],
  config = base,
  message = plain,
  altered,
  ttl,
  says,
  not = [],
} of situations) {
  test(name, async (t) => {
    const folder = folderFor(t);
    writeFileSync(join(folder, "signpost.yaml"), config);
    writeFileSync(join(folder, "dns.json"), JSON.stringify(zone));
    let octets = message;
    if (altered !== undefined || ttl !== undefined || name.startsWith("13")) {
      const lifetime = ttl === undefined ? "" : `dkim_signature_options_bysender_maps: [{ ".": { ttl: ${ttl} } }]\n`;
      writeFileSync(join(folder, "signing.yaml"), `${base}${lifetime}`);
      writeFileSync(join(folder, "plain.eml"), message);
      const signing = ["--config", "signing.yaml", "--dns", "dns.json", "--now", String(signedAt), "plain.eml"];
      const signed = await run(sign, signing, folder);
      assert.equal(signed.code, 0, signed.stderr);
      octets = altered?.(signed.stdout) ?? signed.stdout;
      if (altered !== undefined) assert.notEqual(octets, signed.stdout);
    }
    writeFileSync(join(folder, "mail.eml"), octets);
    const time = args.includes("--now") ? [] : ["--now", String(signedAt + 60)];
    const all = ["--config", "signpost.yaml", "--dns", "dns.json", ...time, ...args, "mail.eml"];
    const said = await run(command === "sign" ? sign : check, all, folder);
    const text = `${said.stdout}${said.stderr}`;
    for (const pattern of says) assert.match(text, pattern);
    for (const pattern of not) assert.doesNotMatch(text, pattern);
  });
}

test("each reason that is met above is explained without a daemon, too", async (t) => {
  const folder = folderFor(t);
  for (const word of [
    "no-key-for-domain",
    "two-from-domains",
    "body-hash-mismatch",
    "expired",
    "dmarc",
    "OpenRelay",
    "451",
  ]) {
    const { code, stdout } = await run(explain, [word], folder);
    assert.equal(code, 0, word);
    const page = /\n {2}\S.*\n {2}Next: \S.*\n {2}More: (\/\S+\/docs\/[\w-]+\.md)/.exec(stdout)?.[1];
    assert.ok(
      page !== undefined && existsSync(page),
      `${word}: the page is named by a path that can be opened from anywhere`,
    );
  }
  const unknown = await run(explain, ["no-such-word-at-all"], folder);
  assert.equal(unknown.code, 1);
});
