// SPF, DMARC and ARC in the running daemon: real sockets, a DNS on loopback, and others' eyes on what we seal.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { arcByDkimpy, arcByMailauth, dkimpyMissing, sealByMailauth, type Zone } from "../support/arc-peers.ts";
import { createTestKey } from "../support/daemon.ts";
import { connected, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { type Passed, type Paths, startPaths } from "../support/paths.ts";
import { skipWithout } from "../support/peers.ts";
import { signByHand } from "../unit/dkim/hand-made.ts";

const ours = createTestKey("rsa");
const relay = createTestKey("rsa");
const author = generateKeyPairSync("rsa", { modulusLength: 2048 });
const authorRecord = `v=DKIM1; k=rsa; p=${author.publicKey.export({ format: "der", type: "spki" }).toString("base64")}`;

const zone: Zone = {
  "s._domainkey.example.com": { TXT: [ours.record] },
  "s._domainkey.relay.example": { TXT: [relay.record] },
  "s._domainkey.other.example": { TXT: [relay.record] },
  "s._domainkey.strict.example": { TXT: [authorRecord.match(/.{1,200}/g) ?? []] },
  "s._domainkey.mom.za.org": { TXT: [authorRecord.match(/.{1,200}/g) ?? []] },
  "spf.example": { TXT: [["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"]] },
  "soft.example": { TXT: [["v=spf1 ip4:192.0.2.0/24 ~all"]] },
  "helo.spf.example": { TXT: [["v=spf1 ip4:192.0.2.7 -all"]] },
  "strict.example": { TXT: [["v=spf1 ip4:192.0.2.0/24 -all"]] },
  "_dmarc.strict.example": { TXT: [["v=DMARC1; p=reject"]] },
  "_dmarc.quarantine.example": { TXT: [["v=DMARC1; p=quarantine"]] },
  // By the public suffix list both names are of mom.za.org; by the tree walk each is its own (docs/checks.md).
  "_dmarc.my.mom.za.org": { TXT: [["v=DMARC1; p=reject"]] },
};

const config = `
myhostname: mail.example.com
mydomain: example.com
local_domains_maps: [[.example.com]]
mynetworks: [10.0.0.0/8]
enable_dkim_verification: true
enable_spf_verification: true
enable_dmarc_verification: true
enable_arc_verification: true
arc_trusted_sealers: [relay.example]
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(ours.pem)} }]
inet_socket_port: [@0@, @1@, @2@, @3@, @4@, @5@]
inet_socket_bind: [127.0.0.1]
forward_method: "@A@"
notify_method: "@A@"
interface_policy: { "@1@": STRICT, "@2@": "STRICT, OLDSTYLE", "@3@": LISTS, "@4@": QUIET, "@5@": TRACELESS }
policy_bank:
  STRICT: { final_dmarc_destiny: D_REJECT }
  OLDSTYLE: { dmarc_mode: rfc7489 }
  LISTS: { arc_seal: true, originating: true, enable_dkim_signing: true, forward_method: "@B@" }
  TRACELESS: { allowed_added_header_fields: { Received: false } }
  QUIET:
    enable_dkim_verification: false
    enable_spf_verification: false
    enable_dmarc_verification: false
    enable_arc_verification: false
dns: { servers: ["@DNS@"], timeout: 1s, tries: 1 }
`;
const [lenient, strict, oldStyle, lists, quiet, traceless] = [0, 1, 2, 3, 4, 5] as const;

let paths: Paths;
before(async () => {
  paths = await startPaths({ config, zone, ports: 6 });
});
after(() => paths?.close());

const rest = "To: joe@example.com\r\nSubject: hi\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\n";
const mailFrom = (from: string, body = "Hello\r\n") => `From: ${from}\r\n${rest}\r\n${body}`;

function signedMail(from: string, domain: string, body = "Hello\r\n"): string {
  const fields = [`From: ${from}\r\n`, ...rest.split(/(?<=\r\n)/)];
  return `${signByHand({ tags: { d: domain }, key: author.privateKey, fields, body })}${fields.join("")}\r\n${body}`;
}

interface Way {
  readonly port?: number;
  readonly client?: string;
  readonly sender?: string;
  readonly helo?: string;
}

function send(octets: string, { port = lenient, client, sender, helo }: Way = {}): Promise<Passed> {
  const attributes = [client === undefined ? "" : `ADDR=${client}`, helo === undefined ? "" : `HELO=${helo}`];
  const xforward = attributes.filter((attribute) => attribute !== "").join(" ");
  return paths.send(
    { octets, ...(xforward === "" ? {} : { xforward }), ...(sender === undefined ? {} : { sender }) },
    paths.ports[port],
  );
}

/** The results of our field, unfolded, without its authserv-id. */
function results(text: string): readonly string[] {
  const fields = [...text.matchAll(/^Authentication-Results: mail\.example\.com;((?:.*\r\n)(?:[ \t].*\r\n)*)/gm)];
  assert.equal(fields.length, 1, text);
  return (fields[0]?.[1] ?? "").split(";").map((result) => result.replaceAll(/\s+/g, " ").trim());
}

const spfWays: readonly (readonly [Way, string | undefined])[] = [
  [{ client: "192.0.2.7", sender: "a@spf.example" }, "spf=pass smtp.mailfrom=a@spf.example"],
  [{ client: "IPv6:2001:db8::7", sender: "a@spf.example" }, "spf=pass smtp.mailfrom=a@spf.example"],
  [{ client: "198.51.100.1", sender: "a@spf.example" }, "spf=fail smtp.mailfrom=a@spf.example"],
  [{ client: "198.51.100.1", sender: "a@soft.example" }, "spf=softfail smtp.mailfrom=a@soft.example"],
  [{ client: "192.0.2.7", sender: "a@none.example" }, "spf=none smtp.mailfrom=a@none.example"],
  [{ client: "192.0.2.7", sender: "", helo: "helo.spf.example" }, "spf=pass smtp.helo=helo.spf.example"],
  [{ client: "192.0.2.8", sender: "", helo: "helo.spf.example" }, "spf=fail smtp.helo=helo.spf.example"],
  // Mail that was submitted on the host has no client to speak of.
  [{ sender: "a@spf.example" }, undefined],
];

for (const [way, wanted] of spfWays) {
  test(`SPF is that of the client that XFORWARD tells: ${JSON.stringify(way)}`, async () => {
    const { reply, text } = await send(mailFrom("a@plain.example"), way);
    assert.match(reply, /^250 /);
    assert.equal(
      results(text).find((result) => result.startsWith("spf=")),
      wanted,
    );
  });
}

test("SPF of the second mail of a connection is that of its own client", async () => {
  const client = await connected(paths.ports[lenient] ?? 0);
  const seen: string[] = [];
  for (const address of ["192.0.2.7", "198.51.100.1", undefined]) {
    const from = paths.daemon.lines.length;
    if (address !== undefined) await client.ask(`XFORWARD ADDR=${address}`);
    await submit(client, { data: mailFrom("a@plain.example"), from: "a@spf.example", to: ["joe@example.com"] });
    await paths.daemon.line(" mail_id: ", from);
    const text = paths.arrived("A").at(-1)?.octets.toString("latin1") ?? "";
    seen.push(results(text).find((result) => result.startsWith("spf=")) ?? "nothing");
  }
  client.socket.end("QUIT\r\n");
  assert.deepEqual(seen, ["spf=pass smtp.mailfrom=a@spf.example", "spf=fail smtp.mailfrom=a@spf.example", "nothing"]);
});

test("all methods stand in one field of ours, in order, and what others said in our name is gone", async () => {
  const forged = "Authentication-Results: mail.example.com; dmarc=pass header.from=bank.example\r\n";
  const foreign = "Authentication-Results: mx.other.example; spf=pass smtp.mailfrom=x@y.example\r\n";
  const { text } = await send(forged + foreign + signedMail("a@strict.example", "strict.example"), {
    client: "192.0.2.7",
    sender: "b@strict.example",
  });
  assert.deepEqual(
    results(text).map((result) => /^\w+=\w+/.exec(result)?.[0]),
    ["dkim=pass", "spf=pass", "dmarc=pass", "arc=none"],
  );
  assert.ok(text.startsWith("Authentication-Results: mail.example.com;"), text);
  assert.ok(text.includes(foreign));
  assert.doesNotMatch(text, /bank\.example/);
});

test("a mail that begins with a blank adds nothing to the results of ours", async () => {
  const forged = " ; dmarc=pass header.from=bank.example\r\n\t;\r\n dkim=pass header.d=bank.example\r\n";
  for (const port of [lenient, traceless]) {
    const { text } = await send(`${forged}${mailFrom("a@plain.example")}`, { port });
    assert.ok(text.includes(forged), text);
    assert.doesNotMatch(results(text).join(";"), /bank\.example/);
  }
  const { text } = await send(mailFrom("a@plain.example"), { port: traceless });
  assert.doesNotMatch(text, /^Received:/m);
});

test("a path with everything off says nothing and asks the DNS nothing", async () => {
  const octets = signedMail("a@quiet.example", "quiet.example");
  const way = { client: "192.0.2.7", sender: "b@quiet.example" };
  const asked = () => paths.dns.asked.filter(({ name }) => name.endsWith("quiet.example")).length;
  const { text } = await send(octets, { port: quiet, ...way });
  assert.doesNotMatch(text, /^Authentication-Results/m);
  assert.equal(asked(), 0);
  await send(octets, { port: lenient, ...way });
  assert.ok(asked() > 0);
});

const dmarcWays: readonly (readonly [title: string, octets: () => string, Way, reply: RegExp])[] = [
  ["D_REJECT, failed, p=reject", () => mailFrom("a@strict.example"), { port: strict }, /^550 5\.7\.26 /],
  ["D_REJECT, subdomain of p=reject", () => mailFrom("a@sub.strict.example"), { port: strict }, /^550 5\.7\.26 /],
  ["D_PASS, failed, p=reject", () => mailFrom("a@strict.example"), { port: lenient }, /^250 /],
  ["D_REJECT, failed, p=quarantine", () => mailFrom("a@quarantine.example"), { port: strict }, /^250 /],
  ["D_REJECT, no policy", () => mailFrom("a@plain.example"), { port: strict }, /^250 /],
  ["D_REJECT, passed by DKIM", () => signedMail("a@strict.example", "strict.example"), { port: strict }, /^250 /],
  [
    "D_REJECT, passed by SPF",
    () => mailFrom("a@strict.example"),
    { port: strict, client: "192.0.2.7", sender: "b@strict.example" },
    /^250 /,
  ],
  [
    "D_REJECT, SPF passed for somebody else",
    () => mailFrom("a@strict.example"),
    { port: strict, client: "192.0.2.7", sender: "b@spf.example" },
    /^550 5\.7\.26 /,
  ],
  [
    "D_REJECT, mail of our own users",
    () => mailFrom("a@strict.example"),
    { port: strict, client: "10.0.0.1" },
    /^250 /,
  ],
  [
    "tree walk: a signature of mom.za.org does not align with my.mom.za.org",
    () => signedMail("a@my.mom.za.org", "mom.za.org"),
    { port: strict },
    /^550 5\.7\.26 /,
  ],
  ["public suffix list: it does", () => signedMail("a@my.mom.za.org", "mom.za.org"), { port: oldStyle }, /^250 /],
];

for (const [title, octets, way, wanted] of dmarcWays) {
  test(`DMARC: ${title}`, async () => {
    const { reply, hop, log } = await send(octets(), way);
    assert.match(reply, wanted);
    if (!reply.startsWith("250")) {
      assert.equal(hop, undefined);
      assert.match(reply, /rejected by the DMARC policy of /);
      assert.match(log, /Blocked .*\{RejectedInbound\}/);
    }
  });
}

/** What a list does: takes a mail, adds to its body, seals what it found out before. */
function throughList(sealer: string, { signed = true } = {}): Promise<string> {
  const sent = signed ? signedMail("a@strict.example", "strict.example") : mailFrom("a@strict.example");
  return sealByMailauth(`${sent}-- \r\nthe list\r\n`, zone, {
    domain: sealer,
    selector: "s",
    pem: relay.pem,
    client: signed ? "192.0.2.7" : "198.51.100.1",
    sender: "b@strict.example",
  });
}

test("DMARC is not acted on for a chain of nothing but trusted sealers", async () => {
  const trusted = await send(await throughList("relay.example"), { port: strict });
  assert.match(trusted.reply, /^250 /);
  const found = results(trusted.text);
  assert.match(found.find((result) => result.startsWith("dmarc=")) ?? "", /^dmarc=fail /);
  assert.match(found.find((result) => result.startsWith("arc=")) ?? "", /^arc=pass \(i=1\) reason=trusted-sealer/);

  assert.match((await send(await throughList("other.example"), { port: strict })).reply, /^550 5\.7\.26 /);
  const mixed = await sealByMailauth(await throughList("other.example"), zone, {
    domain: "relay.example",
    selector: "s",
    pem: relay.pem,
  });
  assert.match((await send(mixed, { port: strict })).reply, /^550 5\.7\.26 /);
  // Whoever let a forgery in and sealed that, told so.
  const forged = await throughList("relay.example", { signed: false });
  assert.match((await send(forged, { port: strict })).reply, /^550 5\.7\.26 /);
  const broken = (await throughList("relay.example")).replace("the list", "the fist");
  assert.match((await send(broken, { port: strict })).reply, /^550 5\.7\.26 /);
});

test("what we seal is a valid chain to mailauth and dkimpy, set upon set, at any size", async (t) => {
  const large = `${"A line of a large body, seventy characters or so, again and again.\r\n".repeat(40_000)}`;
  const sealed: string[] = [];
  for (const octets of [
    mailFrom("ann@example.com"),
    mailFrom("ann@example.com", large),
    await throughList("other.example"),
  ]) {
    const { reply, hop, text, log } = await send(octets, { port: lists, sender: "list@example.com" });
    assert.match(log, /, arc_new=s:example\.com, /);
    assert.match(reply, /^250 /);
    assert.equal(hop, "B");
    assert.match(text, /^ARC-Seal: /);
    sealed.push(text);
  }
  // Sealed once more by the same path, which signs nothing twice.
  sealed.push((await send(sealed[1] ?? "", { port: lists })).text);
  assert.deepEqual(
    sealed.map((text) => text.match(/^ARC-Seal:/gm)?.length),
    [1, 1, 2, 2],
  );
  assert.deepEqual(await Promise.all(sealed.map((text) => arcByMailauth(text, zone))), Array(4).fill("pass"));
  await t.test("dkimpy", { skip: skipWithout(dkimpyMissing()) }, async () => {
    assert.deepEqual(await arcByDkimpy(sealed, zone), Array(4).fill("pass"));
  });
  // And to ourselves, with digests made while the body arrived.
  const back = await send(sealed[1] ?? "", { port: lenient });
  assert.ok(results(back.text).some((result) => result.startsWith("arc=pass (i=1)")));
});

test("a chain that broke is closed with cv=fail, and nothing is put on a closed one", async () => {
  const { text: good } = await send(mailFrom("ann@example.com"), { port: lists });
  const { text: closed } = await send(good.replace("Hello", "Hullo"), { port: lists });
  assert.match(closed, /^ARC-Seal: (?:.*\r\n\t?)*?.*cv=fail/);
  assert.equal(closed.match(/^ARC-Seal:/gm)?.length, 2);
  const { text: after, reply, log } = await send(closed, { port: lists });
  assert.match(log, /, arc_skip=chain-failed, /);
  assert.match(reply, /^250 /);
  assert.equal(after.match(/^ARC-Seal:/gm)?.length, 2);
});
