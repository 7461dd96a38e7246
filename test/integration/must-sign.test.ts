// "Discard fake mail of domains that always sign" through the whole daemon, and what `check` says of the same mail.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../src/cli/check.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";
import { run } from "../unit/cli/run.ts";
import { signByHand } from "../unit/dkim/hand-made.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const key = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
const record = { TXT: [[`v=DKIM1; k=ed25519; p=${key}`]] };
const zone = {
  "s._domainkey.bank.example": record,
  "s._domainkey.mail.esp.example": record,
  "s._domainkey.evil.example": record,
  "gone._domainkey.bank.example": { rcode: "SERVFAIL" },
};

const config = `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
enable_dkim_verification: true
inet_socket_port: [@0@, @1@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
dns: { servers: ["@DNS@"], timeout: 10s, tries: 1 }
author_must_sign_maps: [{ bank.example: true, shop.example: ".esp.example" }]
final_must_sign_destiny: D_DISCARD
interface_policy: { "@1@": OURS }
policy_bank: { OURS: { originating: true } }
`;

let paths: Paths;
before(async () => {
  paths = await startPaths({ config, zone, ports: 2 });
});
after(() => paths?.close());

const body = "Your account, please.\r\n";

/** Mail of an author, signed by domains. */
function mail(author: string, ...signers: readonly string[]): string {
  const fields = [`From: ${author}\r\n`, "Subject: account\r\n", "Date: Fri, 06 Nov 2026 10:00:00 +0000\r\n"];
  const signatures = signers.map((signer) => {
    const [d = "", s = "s"] = signer.split(" ");
    return signByHand({ tags: { d, s, a: "ed25519-sha256" }, key: privateKey, fields, body });
  });
  return `${signatures.join("")}${fields.join("")}\r\n${body}`;
}

const passed = /^250 2\.0\.0 from MTA/;
const discarded = /^250 2\.7\.0 Ok, discarded, id=\S+ - mail of \S+ must be signed/;
const cases: readonly (readonly [title: string, octets: string, reply: RegExp, port?: 1])[] = [
  ["signed by the author's domain", mail("a@bank.example", "bank.example"), passed],
  ["not signed", mail("a@bank.example"), discarded],
  ["signed by somebody else", mail("a@bank.example", "evil.example"), discarded],
  ["changed on its way", mail("a@bank.example", "bank.example").replace("account,", "password,"), discarded],
  ["a second From on top", `From: x@evil.example\r\n${mail("a@bank.example", "bank.example")}`, discarded],
  ["a key that the DNS does not give", mail("a@bank.example", "bank.example gone"), /^451 4\.7\.20 /],
  ["signed by who sends for the author", mail("a@shop.example", "mail.esp.example"), passed],
  ["signed by the author where another has to", mail("a@shop.example", "bank.example"), discarded],
  ["an author who need not", mail("a@other.example"), passed],
  ["mail of our own users", mail("a@bank.example"), passed, 1],
];

for (const [title, octets, reply, port = 0] of cases) {
  test(title, async () => {
    const seen = await paths.send({ octets }, paths.ports[port]);
    assert.match(seen.reply, reply);
    assert.equal(seen.hop, reply === passed ? "A" : undefined);
    assert.equal(/rule=must-sign/.test(seen.log), reply !== passed, seen.log);

    const { folder, configFile } = paths.daemon;
    writeFileSync(join(folder, "m.eml"), octets);
    writeFileSync(join(folder, "dns.json"), JSON.stringify(zone));
    const where = ["--config", configFile, "--dns", "dns.json", "--port", String(paths.ports[port])];
    const { stdout } = await run(check, [...where, "--rcpt-to", "joe@example.com", "--json", "m.eml"], folder);
    const [told] = JSON.parse(stdout).recipients;
    assert.deepEqual(
      [told.rule, told.action],
      reply === passed ? [undefined, "accept"] : ["must-sign", reply === discarded ? "discard" : "tempfail"],
    );
  });
}
