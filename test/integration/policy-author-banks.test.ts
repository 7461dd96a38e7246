// Friends and foes: which mail loads the bank of a trusted domain. Its bank has another next hop and leaves our
// Authentication-Results out, so that the way taken shows in three places: who got it, with what header, in the log.
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { connected, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { type Paths, startPaths } from "../support/paths.ts";
import { signByHand } from "../unit/dkim/hand-made.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 768 });
const ed25519 = generateKeyPairSync("ed25519");

const record = ({ publicKey }: { publicKey: KeyObject }, tags = ""): readonly string[] => {
  const der = publicKey.export({ format: "der", type: "spki" });
  const isRsa = publicKey.asymmetricKeyType === "rsa";
  const data = (isRsa ? der : der.subarray(-32)).toString("base64");
  return [`v=DKIM1; k=${isRsa ? "rsa" : "ed25519"}; ${tags}p=`, ...(data.match(/.{1,200}/g) ?? [])];
};

const zone = {
  "s._domainkey.partner.example": { TXT: [record(rsa)] },
  "ed._domainkey.partner.example": { TXT: [record(ed25519)] },
  "weak._domainkey.partner.example": { TXT: [record(weak)] },
  "testing._domainkey.partner.example": { TXT: [record(rsa, "t=y; ")] },
  "gone._domainkey.partner.example": { rcode: "SERVFAIL" },
  "s._domainkey.sub.partner.example": { TXT: [record(rsa)] },
  "s._domainkey.evil.example": { TXT: [record(rsa)] },
  "s._domainkey.relay.example": { TXT: [record(rsa)] },
};

const config = `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [10.0.0.0/8]
enable_dkim_verification: true
inet_socket_port: [@0@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
dns: { servers: ["@DNS@"], timeout: 10s, tries: 1 }
author_to_policy_bank_maps:
  - { .partner.example: PARTNER, "ann@lists.example/@relay.example": PARTNER }
policy_bank:
  PARTNER: { forward_method: "@B@", allowed_added_header_fields: { authentication-results: false } }
`;

let paths: Paths;
before(async () => {
  paths = await startPaths({ config, zone });
});
after(() => paths?.close());

interface Made {
  readonly from?: string;
  readonly tags?: Readonly<Record<string, string | undefined>>;
  readonly key?: KeyObject;
  readonly body?: string;
}

const rest = ["To: joe@example.com\r\n", "Subject: offer\r\n", "Date: Fri, 06 Nov 2026 10:00:00 +0000\r\n"];
const usualBody = "first line\r\nsecond line\r\n";

/** Header and body of a signed mail, apart, for tests that change them afterwards. */
function made({ from = "Ann <ann@partner.example>", tags, key = rsa.privateKey, body = usualBody }: Made = {}) {
  const fields = [`From: ${from}\r\n`, ...rest];
  const signature = signByHand({ tags: { d: "partner.example", ...tags }, key, fields, body });
  return { header: signature + fields.join(""), body };
}

function mail(options: Made = {}): string {
  const { header, body } = made(options);
  return `${header}\r\n${body}`;
}

/** What was made, with something put in place of something else. */
function changed(options: Made, from: string | RegExp, to: string): string {
  const text = mail(options);
  assert.notEqual(text.search(from), -1);
  return text.replace(from, to);
}

const sub = "ann@sub.partner.example";

const friends: readonly (readonly [title: string, octets: () => string])[] = [
  ["a signature of the author's domain", () => mail()],
  ["an Ed25519 signature of it", () => mail({ tags: { s: "ed", a: "ed25519-sha256" }, key: ed25519.privateKey })],
  ["one whose l= covers the whole body", () => mail({ tags: { l: String(usualBody.length) } })],
  [
    "an author below the domain with a signature of just that",
    () => mail({ from: sub, tags: { d: "sub.partner.example" } }),
  ],
  ["two authors of the one domain", () => mail({ from: "ann@partner.example, bob@partner.example" })],
  [
    "a broken signature beside a good one",
    () => `${signByHand({ tags: { d: "partner.example", bh: "AAAA" }, key: rsa.privateKey })}${mail()}`,
  ],
  [
    "a third party's signature where the map asks for that very one",
    () => mail({ from: "ann@lists.example", tags: { d: "relay.example" } }),
  ],
];

/** What DKIM says of each, too: a signature that passes is not yet one that counts. */
const foes: readonly (readonly [title: string, dkim: string, octets: () => string])[] = [
  ["no signature at all", "none", () => `From: ann@partner.example\r\n${rest.join("")}\r\n${usualBody}`],
  ["a changed body", "fail", () => changed({}, "second", "third")],
  ["a changed Subject", "fail", () => changed({}, "offer", "bargain")],
  ["lines added behind an l=", "policy", () => `${mail({ tags: { l: "12" } })}added\r\n`],
  ["an l= that leaves some of the body unsigned", "policy", () => mail({ tags: { l: "12" } })],
  ["a second From on top", "pass", () => `From: evil@evil.example\r\n${mail()}`],
  ["a second From below", "permerror", () => changed({}, "To: joe", "From: evil@evil.example\r\nTo: joe")],
  [
    "a From that only lenient readers see",
    "policy",
    () => changed({}, "To: joe", "From\r\n : evil@evil.example\r\nTo: joe"),
  ],
  ["a line that is no field above a good mail", "policy", () => `Pay to account 4711 please, now.\r\n${mail()}`],
  ["a From that was not signed", "permerror", () => mail({ tags: { h: "To:Subject:Date" } })],
  ["a second Subject that was not signed", "pass", () => `Subject: buy\r\n${mail()}`],
  ["rsa-sha1", "policy", () => mail({ tags: { a: "rsa-sha1" } })],
  ["a key of 768 bits", "policy", () => mail({ tags: { s: "weak" }, key: weak.privateKey })],
  ["a key in testing", "pass", () => mail({ tags: { s: "testing" } })],
  ["a key that the DNS does not tell", "temperror", () => mail({ tags: { s: "gone" } })],
  ["a signature that has expired", "permerror", () => mail({ tags: { t: "1000", x: "2000" } })],
  ["the signature of somebody else", "pass", () => mail({ tags: { d: "evil.example" } })],
  [
    "the map's third party for another author",
    "pass",
    () => mail({ from: "bob@lists.example", tags: { d: "relay.example" } }),
  ],
  [
    "the address as somebody's display name",
    "pass",
    () => mail({ from: '"ann@partner.example" <x@evil.example>', tags: { d: "evil.example" } }),
  ],
  [
    "an author of the domain beside one of another",
    "pass",
    () => mail({ from: "ann@partner.example, x@evil.example" }),
  ],
  ["an author below the domain, signed for by the domain above", "pass", () => mail({ from: sub })],
  ["a name that ends alike", "pass", () => mail({ from: "ann@notpartner.example" })],
];

for (const [title, octets] of friends) {
  test(`a friend: ${title}`, async () => {
    const { reply, hop, text, log } = await paths.send({ octets: octets() });
    assert.match(reply, /^250 /);
    assert.equal(hop, "B");
    assert.doesNotMatch(text, /^Authentication-Results:/m);
    assert.match(log, /\{RelayedInbound\}, PARTNER </);
  });
}

for (const [title, dkim, octets] of foes) {
  test(`a foe: ${title}`, async () => {
    const { reply, hop, text, log } = await paths.send({ octets: octets() });
    assert.match(reply, /^250 /);
    assert.equal(hop, "A");
    assert.match(text, new RegExp(`^Authentication-Results: mail\\.example\\.com;\r\n\tdkim=${dkim}\\b`, "m"));
    assert.doesNotMatch(log, /PARTNER/);
  });
}

test("the bank that one mail earned is gone for the next of the same connection", async () => {
  const client = await connected(paths.ports[0] ?? 0);
  const from = paths.daemon.lines.length;
  await submit(client, { data: mail(), to: ["joe@example.com"] });
  const first = await paths.daemon.line(" mail_id: ", from);
  await submit(client, { data: changed({}, "second", "third"), to: ["joe@example.com"] });
  const second = await paths.daemon.line(" mail_id: ", paths.daemon.lines.indexOf(first, from) + 1);
  client.socket.end("QUIT\r\n");
  assert.match(first, /, PARTNER </);
  assert.doesNotMatch(second, /PARTNER/);
});

test("the client's network and the author both count, in that order", async () => {
  const { log, hop } = await paths.send({ octets: mail(), xforward: "ADDR=10.1.2.3" });
  assert.equal(hop, "B");
  assert.match(log, /, MYNETS\/PARTNER LOCAL \[10\.1\.2\.3\] </);
});
