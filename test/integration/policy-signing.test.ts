// Which signatures a mail of ours leaves with, option by option and source of keys by source, judged by mailauth.
import assert from "node:assert/strict";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { createTestKey, type TestKey } from "../support/daemon.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";

const keys = {
  "r._domainkey.example.com": createTestKey("rsa"),
  "e._domainkey.example.com": createTestKey("ed25519"),
  "t._domainkey.third.example": createTestKey("ed25519"),
  "d1._domainkey.dir.example": createTestKey("ed25519"),
  "sel._domainkey.tabled.example": createTestKey("ed25519"),
};
const zone: Record<string, { TXT: string[][] }> = Object.fromEntries(
  Object.entries(keys).map(([name, { record }]): [string, { TXT: string[][] }] => [name, { TXT: [[...record]] }]),
);
const pem = (key: TestKey) => JSON.stringify(key.pem);

const config = `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: []
originating: true
enable_dkim_signing: true
dkim_keys:
  - { domain: example.com, selector: r, key: ${pem(keys["r._domainkey.example.com"])} }
  - { domain: example.com, selector: e, key: ${pem(keys["e._domainkey.example.com"])} }
  - { domain: third.example, selector: t, key: ${pem(keys["t._domainkey.third.example"])} }
  - { domain: broken.example, selector: b, file: nothing-here.pem }
dkim_key_dir: "@FOLDER@/keys"
dkim_keytable: "@FOLDER@/KeyTable"
dkim_signingtable: "refile:@FOLDER@/SigningTable"
dkim_signature_options_bysender_maps:
  - ann@example.com: { ttl: 1d }
    nosign@example.com: { d: null }
    astray@example.com: { i: "@other.example" }
    idle@example.com: { i: "idle@lists.example.com" }
    example.com: [{ s: r, c: relaxed/relaxed }, { s: e }]
    ".": { ttl: 21d, c: simple/simple }
  - guest.example: { d: third.example, s: t, ttl: 2d }
  - .example.com: { d: example.com, s: e }
inet_socket_port: [@0@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
dns: { servers: ["@DNS@"] }
`;

let paths: Paths;
before(async () => {
  paths = await startPaths({
    config,
    zone,
    files: {
      "keys/dir.example/d1.pem": keys["d1._domainkey.dir.example"].pem,
      "table.pem": keys["sel._domainkey.tabled.example"].pem,
      KeyTable: "k1 tabled.example:sel:table.pem\nk2 lost.example:sel:lost.pem\nthis line is none\n",
      SigningTable: "*@tabled.example k1\n*@lost.example k2\n*@nokey.example k3\n",
    },
  });
});
after(() => paths?.close());

async function resolver(name: string, type: string): Promise<string[][]> {
  const found = type === "TXT" ? zone[name]?.TXT : undefined;
  if (found === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
  return found;
}

interface Sent {
  /** "d/s a c days i=", as mailauth found them to be valid, from the top. */
  readonly signatures: readonly string[];
  readonly reply: string;
  readonly log: string;
}

async function send(from: string, { sender = "x@nowhere.example", more = "" } = {}): Promise<Sent> {
  const octets = `From: ${from}\r\n${more}To: joe@example.net\r\nSubject: hi\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\n\r\nHello\r\n`;
  const { reply, text, log } = await paths.send({ octets, sender });
  const signatures: string[] = [];
  if (text !== "") {
    const { results } = await dkimVerify(Buffer.from(text, "latin1"), { resolver });
    const fields = [...text.matchAll(/^DKIM-Signature: ((?:.*\r\n)(?:[ \t].*\r\n)*)/gm)].map((match) => match[1] ?? "");
    for (const [index, { status, signingDomain, selector, algo, format }] of results.entries()) {
      if (signingDomain === undefined) continue;
      const tag = (name: string) =>
        new RegExp(`[;\\s]${name}=([^;]*)`).exec(fields[index] ?? "")?.[1]?.replaceAll(/\s/g, "");
      const days = (Number(tag("x")) - Number(tag("t"))) / 86_400;
      const identity = tag("i") === undefined ? "" : ` i=${tag("i")}`;
      signatures.push(
        `${status.result} ${signingDomain}/${selector} ${algo} ${format} ${Math.round(days)}d${identity}`,
      );
    }
  }
  return { signatures, reply, log };
}

test("tags come one by one from the most specific entry that has them, over all tables", async () => {
  assert.deepEqual((await send("ann@example.com")).signatures, [
    "pass example.com/r rsa-sha256 relaxed/relaxed 1d",
    "pass example.com/e ed25519-sha256 simple/simple 1d",
  ]);
  assert.deepEqual((await send("bob@example.com")).signatures, [
    "pass example.com/r rsa-sha256 relaxed/relaxed 21d",
    "pass example.com/e ed25519-sha256 simple/simple 21d",
  ]);
});

test("a third party signs where an option names it, and the log tells", async () => {
  const { signatures, log } = await send("joe@guest.example");
  assert.deepEqual(signatures, ["pass third.example/t ed25519-sha256 simple/simple 21d"]);
  assert.match(log, /dkim_new=t:third\.example/);
});

test("a subdomain is signed for by the domain above only where an option says so", async () => {
  assert.deepEqual((await send("joe@sub.example.com")).signatures, [
    "pass example.com/e ed25519-sha256 simple/simple 21d i=@sub.example.com",
  ]);
  const { signatures, log } = await send("joe@sub.dir.example");
  assert.deepEqual(signatures, []);
  assert.match(log, /dkim_skip=no-key-for-domain/);
});

test("d: null drops a candidate, and the next one is tried", async () => {
  const { signatures, log } = await send("nosign@example.com", { sender: "nosign@example.com" });
  assert.deepEqual(signatures, []);
  assert.match(log, /dkim_skip=empty-signing-domain/);
  assert.deepEqual((await send("nosign@example.com", { more: "Sender: list@dir.example\r\n" })).signatures, [
    "pass dir.example/d1 ed25519-sha256 simple/simple 21d",
  ]);
});

test("a foreign author with an envelope sender of ours is signed for by the latter", async () => {
  const { signatures } = await send("x@foreign.example", { sender: "ann@dir.example" });
  assert.deepEqual(signatures, ["pass dir.example/d1 ed25519-sha256 simple/simple 21d"]);
});

test("an i= within d= is put in; with one outside nothing is signed", async () => {
  const { signatures, log } = await send("idle@example.com");
  assert.deepEqual(signatures, [
    "pass example.com/r rsa-sha256 relaxed/relaxed 21d i=idle@lists.example.com",
    "pass example.com/e ed25519-sha256 simple/simple 21d i=idle@lists.example.com",
  ]);
  assert.match(log, /dkim_new=/);
  const astray = await send("astray@example.com");
  assert.deepEqual(astray.signatures, []);
  assert.match(astray.log, /dkim_skip=identity-outside-domain/);
});

test("keys come from a folder and from OpenDKIM's tables, too", async () => {
  assert.deepEqual((await send("a@dir.example")).signatures, ["pass dir.example/d1 ed25519-sha256 simple/simple 21d"]);
  assert.deepEqual((await send("a@tabled.example")).signatures, [
    "pass tabled.example/sel ed25519-sha256 simple/simple 21d",
  ]);
});

for (const domain of ["broken.example", "lost.example", "nokey.example"]) {
  test(`mail of ${domain}, whose key cannot be had, is put off; all other mail goes on`, async () => {
    const { reply, log } = await send(`a@${domain}`);
    assert.match(reply, /^451 4\.7\.5 id=\S+ - Signing key not available, please try again later$/);
    assert.match(log, /Blocked .*\{TempFailedInternal\}.*dkim_skip=key-unavailable/);
    assert.equal((await send("a@dir.example")).signatures.length, 1);
  });
}

test("two From fields, authors of two domains: no signature, whoever has keys", async () => {
  for (const [from, more, reason] of [
    ["a@dir.example", "From: b@dir.example\r\n", "two-from-fields"],
    ["a@dir.example, b@tabled.example", "", "two-from-domains"],
    ["a@dir.example", "Resent-From: b@dir.example\r\n", undefined],
  ] as const) {
    const { signatures, log } = await send(from, { more });
    assert.equal(signatures.length, reason === undefined ? 1 : 0);
    if (reason !== undefined) assert.match(log, new RegExp(`dkim_skip=${reason}`));
  }
});
