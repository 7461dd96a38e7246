// `signpost check` on a configuration and a message: everything that was decided, and from which line it follows.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { check } from "../../src/cli/check.ts";
import { sign } from "../../src/cli/sign.ts";
import { zipOf } from "../support/archives.ts";
import { createTestKey } from "../support/daemon.ts";
import { shownBlock } from "../support/document-blocks.ts";
import { startFakeClamd } from "../support/fake-clamd.ts";
import { spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { test } from "../support/limited.ts";
import { base64Lines } from "../support/mail-parts.ts";
import { folderFor, run } from "../unit/cli/run.ts";

const key = createTestKey("ed25519");

const yaml = `myhostname: mail.example.com
mydomain: example.com
local_domains_maps: [[.example.com]]
mynetworks: [10.0.0.0/8]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(key.pem)} }]
interface_policy: { "10026": ORIGINATING }
inet_socket_port: [10024, 10026]
author_to_policy_bank_maps:
  - { partner.example: PARTNER }
score_sender_maps: [{ .: [{ .partner.example: -3 }] }]
signer_reputation_maps: [{ partner.example: -5 }]
blacklist_sender_maps: [[bad@partner.example]]
policy_bank:
  ORIGINATING:
    originating: true
    dkim_signature_options_bysender_maps:
      - { .other.example: { d: example.com } }
  PARTNER: { spam_lovers_maps: { joe@example.com: 1 } }
`;

interface Told {
  readonly recipients?: readonly { readonly address: string }[];
  readonly policyBankPath: string;
  readonly explanation: {
    readonly banks: readonly { bank: string; why: string; key?: string; origin?: string }[];
    readonly maps: readonly { map: string; address: string; value: unknown; key: string; origin?: string }[];
    readonly signatures: readonly { domain: string; standing: string }[];
    readonly signing: Signing;
    readonly ifOriginating?: Signing;
    readonly authorDoubt?: string;
    readonly scores: readonly { recipient: string; steps: readonly { test: string; points: number }[] }[];
  };
}

interface Signing {
  readonly signatures: readonly { result: string; domain?: string; reason?: string }[];
  readonly candidates: readonly {
    source: string;
    address: string;
    attempts: readonly { result: string; domain?: string; selector?: string }[];
    matches: readonly { key: string; origin?: string }[];
  }[];
}

function setUp(test: TestContext, text: string) {
  const folder = folderFor(test);
  writeFileSync(join(folder, "c.yaml"), yaml);
  writeFileSync(join(folder, "m.eml"), text);
  writeFileSync(join(folder, "dns.json"), JSON.stringify({ "s._domainkey.partner.example": { TXT: [key.record] } }));
  const said = (...args: string[]) => run(check, ["--config", "c.yaml", "--dns", "dns.json", ...args, "m.eml"], folder);
  const told = async (...args: string[]): Promise<Told> => {
    const { code, stdout, stderr } = await said("--json", ...args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  return { said, told };
}

/** Signed by partner.example with the test key, made by `sign`. */
async function signedByPartner(test: TestContext, author = "ann@partner.example"): Promise<string> {
  const folder = folderFor(test);
  writeFileSync(
    join(folder, "p.yaml"),
    `enable_dkim_signing: true\noriginating: true\ndkim_keys: [{ domain: partner.example, selector: s, key: ${JSON.stringify(key.pem)} }]\n` +
      `dkim_signature_options_bysender_maps: [{ .: { d: partner.example } }]\nallowed_added_header_fields: { received: false }\n`,
  );
  writeFileSync(join(folder, "p.eml"), `From: ${author}\r\nTo: joe@example.com\r\nSubject: hi\r\n\r\nhello\r\n`);
  const { stdout, stderr } = await run(sign, ["--config", "p.yaml", "p.eml"], folder);
  assert.equal(stderr, "");
  return stdout;
}

test("banks are told in order, each with the reason, the key and its line", async (t) => {
  const { told } = setUp(t, await signedByPartner(t));
  const { policyBankPath, explanation } = await told(
    "--client",
    "10.1.2.3",
    "--mail-from",
    "ann@partner.example",
    "--rcpt-to",
    "joe@example.com",
    "--port",
    "10026",
  );
  assert.equal(policyBankPath, "ORIGINATING/MYNETS/PARTNER");
  assert.deepEqual(
    explanation.banks.map(({ bank, why, key: by, origin }) => [bank, why, by, origin]),
    [
      ["ORIGINATING", "port", "10026", "c.yaml:8:30"],
      ["MYNETS", "client-network", "10.0.0.0/8", "c.yaml:4:14"],
      ["PARTNER", "author", "partner.example", "c.yaml:11:24"],
    ],
  );
  assert.deepEqual(explanation.signatures, [
    { domain: "partner.example", selector: "s", result: "pass", standing: "counts" },
  ]);
});

test("what each map yields is told with its key and the line it stands in", async (t) => {
  const { told } = setUp(t, await signedByPartner(t));
  const { explanation } = await told("--mail-from", "x@partner.example", "--rcpt-to", "joe@example.com");
  const yields = explanation.maps.filter(({ origin }) => origin !== undefined);
  assert.deepEqual(
    yields.map(({ map, address, value, key: by, origin }) => [map, address, value, by, origin]).toSorted(),
    [
      ["author_to_policy_bank_maps", "ann@partner.example", ["PARTNER"], "partner.example", "c.yaml:11:24"],
      ["local_domains_maps", "joe@example.com", true, ".example.com", "c.yaml:3:23"],
      ["score_sender_maps", "joe@example.com < x@partner.example", -3, ".partner.example", "c.yaml:12:47"],
      ["signer_reputation_maps", "@partner.example", -5, "partner.example", "c.yaml:13:45"],
      ["spam_lovers_maps", "joe@example.com", true, "joe@example.com", "c.yaml:20:51"],
    ],
  );
  const byDefault = explanation.maps.find(({ map }) => map === "banned_filename_maps");
  assert.deepEqual([byDefault?.value, byDefault?.origin], ["DEFAULT", undefined]);
  assert.deepEqual(
    explanation.scores.map(({ recipient, steps }) => [
      recipient,
      ...steps.map((step) => [step.test, Number(step.points.toFixed(3))]),
    ]),
    [["joe@example.com", ["AM.WBL", -3], ["AM.DKIM_REPUT", -0.4]]],
  );
});

test("addresses in UTF-8 on the command line are those of mail", async (t) => {
  const { told } = setUp(t, "From: jö@example.com\nTo: x\n\nhi\n");
  const report = await told(
    "--client",
    "10.0.0.1",
    "--mail-from",
    "jö@bücher.example",
    "--rcpt-to",
    "δ@Bücher.example",
  );
  assert.deepEqual(
    report.recipients?.map(({ address }) => address),
    ["δ@Bücher.example"],
  );
  assert.equal(report.explanation.signing.signatures[0]?.result, "signed");
  // Octets taken for Latin-1.
  assert.doesNotMatch(JSON.stringify(report), /[ÃÎ]/);
});

test("who would sign is told, and why the others fell out", async (t) => {
  const { told } = setUp(t, "From: a@sub.other.example\nSender: b@nokey.example\nTo: x\n\nhi\n");
  const { explanation } = await told("--port", "10026", "--mail-from", "c@example.com");
  assert.deepEqual(explanation.signing, {
    signatures: [{ result: "signed", domain: "example.com", selector: "s", algorithm: "ed25519-sha256" }],
    candidates: [
      {
        source: "From",
        address: "a@sub.other.example",
        attempts: [{ result: "chosen", domain: "example.com", selector: "s" }],
        matches: [{ key: ".other.example", origin: "c.yaml:19:27" }],
      },
    ],
  });
  const { told: other } = setUp(t, "From: a@nokey.example\nSender: b@none.example\nTo: x\n\nhi\n");
  const { candidates } = (await other("--port", "10026", "--mail-from", "c@example.com")).explanation.signing;
  assert.deepEqual(
    candidates.map(({ source, attempts }) => [source, attempts[0]?.result]),
    [
      ["From", "no-key-for-domain"],
      ["Sender", "no-key-for-domain"],
      ["mail_from", "chosen"],
    ],
  );
});

test("mail that is not ours is told with who would sign it if it were", async (t) => {
  const { told } = setUp(t, "From: a@example.com\nTo: x\n\nhi\n");
  const { explanation } = await told("--client", "192.0.2.1");
  assert.deepEqual(explanation.signing.signatures, [{ result: "skipped", reason: "not-originating" }]);
  assert.equal(explanation.ifOriginating?.signatures[0]?.result, "signed");
});

test("authors who are not believed are told with the doubt", async (t) => {
  const { told } = setUp(t, "From: a@example.com\nFrom: b@example.com\nTo: x\n\nhi\n");
  const { explanation } = await told("--bank", "ORIGINATING");
  assert.equal(explanation.authorDoubt, "two-from-fields");
  assert.deepEqual(explanation.signing.signatures, [{ result: "skipped", reason: "two-from-fields" }]);
});

test("as text it is the same, line by line", async (t) => {
  const { said } = setUp(t, await signedByPartner(t));
  const { stdout } = await said(
    "--client",
    "10.1.2.3",
    "--mail-from",
    "bad@partner.example",
    "--rcpt-to",
    "joe@example.com",
  );
  for (const line of [
    "  client: 10.1.2.3",
    "  authors: ann@partner.example",
    "  policy banks, in this order:",
    "    1. MYNETS, by the client's network: 10.0.0.0/8 at c.yaml:4:14",
    "    2. PARTNER, by the verified author: partner.example at c.yaml:11:24",
    "  originating: yes",
    "  signature d=partner.example s=s counts for banks, reputation and lists",
    "    spam_lovers_maps(recipient joe@example.com) = true, by joe@example.com at c.yaml:20:51",
    "  not signed: no-key-for-domain (partner.example)",
    "    candidate From ann@partner.example",
    "      no-key-for-domain d=partner.example",
    "    AM.WBL=-3 (bad@partner.example: -3 by .partner.example at c.yaml:12:47)",
    "    on a black list: bad@partner.example, by bad@partner.example at c.yaml:14:26",
    "  recipient joe@example.com (Internal): would go to smtp:[127.0.0.1]:10025",
  ]) {
    assert.ok(stdout.split("\n").includes(line), `${line}\n---\n${stdout}`);
  }
});

test("signatures that nobody looked at are not told as none", async (t) => {
  const fields = Array.from({ length: 1100 }, (_, index) => `X-${index}: y\r\n`).join("");
  const signature = "DKIM-Signature: v=1; a=rsa-sha256; d=partner.example; s=s; h=from; bh=AAAA; b=AAAA\r\n";
  const { said } = setUp(t, `From: a@partner.example\r\n${fields}${signature}\r\nHello\r\n`);
  const { stdout } = await said("--client", "10.1.2.3");
  assert.match(stdout, /^ {2}dkim=policy \(header-too-large\)$/m);
  assert.doesNotMatch(stdout, /no signature/);
});

test("where verification is off, a signature is told as not looked at, not as missing", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "m.eml"), await signedByPartner(t));
  writeFileSync(join(folder, "off.yaml"), "enable_dkim_verification: false\n");
  const { stdout } = await run(check, ["--config", "off.yaml", "m.eml"], folder);
  assert.match(stdout, /^ {2}signatures not looked at: enable_dkim_verification is off$/m);
  assert.doesNotMatch(stdout, /no signature/);
});

test("an IPv6 client may be written as XFORWARD writes it", async (t) => {
  const { said } = setUp(t, "From: a@example.com\n\nhi\n");
  assert.match((await said("--client", "IPv6:2001:db8::1")).stdout, /^ {2}client: 2001:db8::1$/m);
});

test("a bank or a port that makes no sense is a usage error", async (t) => {
  const { said } = setUp(t, "From: a@example.com\n\nhi\n");
  await assert.rejects(said("--bank", "NONE"), /there is no policy bank "NONE"/);
  await assert.rejects(said("--port", "smtp"), /--port takes a number/);
  await assert.rejects(said("--client", "client.example"), /--client takes an IP address/);
});

test("sign tells who it tried when it does not sign", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "c.yaml"), yaml);
  writeFileSync(join(folder, "m.eml"), "From: a@nokey.example\r\nSender: b@none.example\r\n\r\nhi\r\n");
  const { code, stderr } = await run(sign, ["--config", "c.yaml", "m.eml"], folder);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    "not signed: no-key-for-domain (nokey.example, none.example)\n" +
      "  No key is configured for the domain of any author or sender.\n" +
      '  Next: Make one ("signpost genrsa FILE"), declare it in dkim_keys, publish what "signpost showkeys DOMAIN" prints, then "signpost reload".\n' +
      "  candidate From a@nokey.example\n    no-key-for-domain d=nokey.example\n" +
      "  candidate Sender b@none.example\n    no-key-for-domain d=none.example\n",
  );
});

test("lines are those of an amavisd.conf, too, of tables in files, of other settings that a map is made of", async (t) => {
  const folder = folderFor(t);
  const conf = `$myhostname = 'mail.example.com';
@local_domains_maps = ( [".example.com"] );
$sa_kill_level_deflt = 6.31;
@spam_lovers_maps = ( new_RE( qr/^abuse@/i ), read_hash("${folder}/lovers") );
$policy_bank{'WHITE'} = { bypass_spam_checks_maps => [1] };
$interface_policy{'10024'} = 'WHITE';
1;
`;
  writeFileSync(join(folder, "a.conf"), conf);
  writeFileSync(join(folder, "lovers"), "# who wants all\njoe@example.com 1\n");
  writeFileSync(join(folder, "m.eml"), "From: a@x.example\r\n\r\nhi\r\n");
  const recipients = ["joe@example.com", "abuse@example.com"].flatMap((address) => ["--rcpt-to", address]);
  const { stdout } = await run(check, ["--json", "--config", "a.conf", ...recipients, "m.eml"], folder);
  const told: Told = JSON.parse(stdout);
  const lines = told.explanation.maps
    .filter(({ origin }) => origin !== undefined)
    .map(({ map, address, origin = "" }) => `${map} ${address.split("@")[0]} ${origin.replace(`${folder}/`, "")}`);
  for (const wanted of [
    /^local_domains_maps joe a\.conf:2:\d+$/,
    /^spam_kill_level_maps joe a\.conf:3:\d+$/,
    /^spam_lovers_maps abuse a\.conf:4:\d+$/,
    /^spam_lovers_maps joe lovers:2$/,
    /^bypass_spam_checks_maps joe a\.conf:5:\d+$/,
  ]) {
    assert.ok(
      lines.some((line) => wanted.test(line)),
      `${wanted}\n${lines.join("\n")}`,
    );
  }
  assert.match(told.explanation.banks[0]?.origin ?? "", /^a\.conf:6:\d+$/);
});

test("with --parts it is told what is in the mail, archives opened, and what could not be looked through", async (t) => {
  const zip = zipOf([
    { name: "évil.exe", content: "MZ\x90\0" },
    { name: "t.txt", localName: "u.txt", content: "hi" },
  ]);
  const mail =
    "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n" +
    `Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(zip)}--b--\r\n`;
  const { said } = setUp(t, mail);
  const { stdout } = await said("--parts");
  for (const line of [
    "1.1 text/plain .asc 2 octets",
    '1.2.1 .exe .exe-ms "évil.exe" 4 octets',
    '1.2.2 .asc "t.txt" "u.txt" 2 octets',
  ])
    assert.ok(stdout.includes(`${line}\n`), stdout);
  assert.match(stdout, /unchecked:\n +ambiguous at 1.2: a member that the directory describes otherwise/);
  const { parts, unchecked } = JSON.parse((await said("--parts", "--json")).stdout);
  assert.deepEqual(parts[2], {
    path: "1.2",
    parent: 0,
    declaredType: "application/zip",
    names: ["a.zip"],
    types: ["zip"],
    sizeBytes: zip.length,
    encrypted: false,
  });
  assert.equal(unchecked[0].reason, "ambiguous");
  assert.doesNotMatch((await said()).stdout, /^ *parts:/m);
});

test("all that looked into a mail is in the JSON: parts, viruses, score, banned names, header faults", async (t) => {
  const folder = folderFor(t);
  const clamd = await startFakeClamd();
  const spamd = await startFakeSpamd();
  t.after(() => Promise.all([clamd.close(), spamd.close()]));
  clamd.script = () => "stream: Points.Only FOUND";
  spamd.script = () => spamdReply(3, "A=3");
  const config = [
    "local_domains_maps: [[.example.com]]",
    "banned_filename_re: { regexp: [['\\.exe$', true]] }",
    "virus_name_to_spam_score_maps: [{ Points.Only: 2 }]",
    "sa_tag2_level_deflt: 4",
    `av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}" }]`,
    `spam_scanners: [{ name: SA, type: spamd, address: "${spamd.address}" }]`,
    "",
  ];
  writeFileSync(join(folder, "c.yaml"), config.join("\n"));
  writeFileSync(join(folder, "dns.json"), "{}");
  const mail =
    "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n--b\r\n" +
    "Content-Disposition: attachment; filename=evil.exe\r\n\r\nMZ\r\n--b--\r\n";
  writeFileSync(join(folder, "m.eml"), mail);
  const args = ["--config", "c.yaml", "--dns", "dns.json", "--mail-from", "a@b.example", "--rcpt-to", "j@example.com"];
  const { stdout, stderr } = await run(check, [...args, "--json", "m.eml"], folder);
  assert.equal(stderr, "");
  const { scan, recipients } = JSON.parse(stdout);
  assert.deepEqual([scan.parts, scan.unchecked[0].reason], [2, "ambiguous"]);
  assert.deepEqual(scan.virus, {
    answers: [{ scanner: "ClamAV", result: "infected", detail: ["Points.Only"] }],
    failed: false,
    cached: false,
  });
  assert.deepEqual(scan.spam, { scanner: "SA", cached: false, score: 3 });
  const [recipient] = recipients;
  assert.deepEqual(
    [recipient.category, recipient.score, recipient.tests],
    ["CC_BANNED", 5, ["A=3", "AV:Points.Only=2"]],
  );
  assert.match(recipient.banned.names[0], /evil\.exe/);
  assert.match(recipient.header_faults.join(), /^MIME error: .*,Missing required header field: "Date"$/);
  const text = (await run(check, [...args, "m.eml"], folder)).stdout;
  for (const wanted of [
    /^ {2}unchecked, ambiguous: /m,
    /^ {2}virus scan by ClamAV: infected, Points\.Only$/m,
    /^ {2}spam scan by SA: 3$/m,
  ])
    assert.match(text, wanted);
});

test("what was found is said for each recipient, and what would follow", async (t) => {
  const folder = folderFor(t);
  const config = [
    "local_domains_maps: [[.example.com]]",
    "banned_filename_re: { regexp: [['\\.exe$', true]] }",
    "final_banned_destiny: D_DISCARD",
    "banned_admin_maps: [postmaster@example.com]",
    "banned_quarantine_to_maps: [banned-quarantine]",
    'banned_files_quarantine_method: "local:banned-%m"',
    `QUARANTINEDIR: ${folder}`,
    "",
  ];
  writeFileSync(join(folder, "c.yaml"), config.join("\n"));
  writeFileSync(join(folder, "dns.json"), "{}");
  writeFileSync(
    join(folder, "m.eml"),
    'From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; name="evil.exe"\r\n\r\nhello\r\n',
  );
  const args = ["--config", "c.yaml", "--dns", "dns.json", "--mail-from", "a@b.example", "--rcpt-to", "j@example.com"];
  const { stdout, stderr } = await run(check, [...args, "m.eml"], folder);
  assert.equal(stderr, "");
  const lines = stdout.split("\n");
  for (const wanted of [
    /^ {4}category: BANNED, BAD-HEADER \(minor 7\)$/,
    /^ {4}banned: .*evil\.exe, by .*\.exe\$.* at c\.yaml:2:\d+$/,
    /^ {4}header fault: Missing required header field: "Date"$/,
    /^ {4}copy would be kept: quarantine of BANNED, by local:banned-%m to banned-quarantine$/,
    /^ {4}notice to an administrator <postmaster@example\.com>: would be sent$/,
  ]) {
    assert.ok(
      lines.some((line) => wanted.test(line)),
      `${wanted}\n---\n${stdout}`,
    );
  }
});

test("docs/policy-banks.md shows a configuration and what check says with it", async (t) => {
  const folder = folderFor(t);
  const { pem, record } = createTestKey("rsa");
  const keys = `dkim_keys: [{ domain: partner.example, selector: s, key: ${JSON.stringify(pem)} }]\n`;
  writeFileSync(join(folder, "p.yaml"), `enable_dkim_signing: true\noriginating: true\n${keys}`);
  const mail =
    "From: ann@partner.example\r\nTo: joe@example.com\r\nSubject: hi\r\nDate: Mon, 6 Jul 2026 09:15:00 +0000\r\n";
  writeFileSync(join(folder, "m.eml"), `${mail}\r\nhello\r\n`);
  const signed = await run(sign, ["--config", "p.yaml", "m.eml"], folder);
  writeFileSync(join(folder, "m.eml"), signed.stdout);
  // Root looks as the daemon's user.
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "keys"));
  writeFileSync(join(folder, "c.yaml"), shownBlock("docs/policy-banks.md", "myhostname: mail.example.com"));
  writeFileSync(join(folder, "dns.json"), JSON.stringify({ "s._domainkey.partner.example": { TXT: [record] } }));
  const shown = shownBlock("docs/policy-banks.md", "$ signpost check");
  const [command = "", ...lines] = shown.split("\n");
  const args = command.replace("$ signpost check ", "").split(" ");
  const { stdout, stderr } = await run(check, ["--dns", "dns.json", ...args], folder);
  assert.equal(stderr, "");
  // In quotes where the eight characters have a "/" or "+" among them.
  const masked = (text: string) => text.replace(/header\.b=("?)\S{8}\1/, "header.b=").trimEnd();
  assert.equal(masked(stdout), masked(lines.join("\n")));
});
