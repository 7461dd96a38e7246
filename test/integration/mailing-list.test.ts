// A post to a mailing list, from its author's signature to the members: verified on its way in, changed by the list manager, signed
// again and sealed on the way out. mailauth is the judge of what members get.
import assert from "node:assert/strict";
import { authenticate } from "mailauth";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { dataKeywords, type FakeNextHop, type ReceivedMail, startFakeNextHop } from "../support/fake-next-hop.ts";
import { connected, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { fanOut, type MailingList } from "../support/mailman.ts";

const list: MailingList = {
  address: "list@lists.example.com",
  prefix: "[List]",
  footer: "_______\r\nGr\xc3\xbc\xc3\x9fe von der Liste\r\n",
  bulk: ["ann@example.com", "bob@elsewhere.example", "carol@elsewhere.example"],
  personal: ["dan@elsewhere.example", "eve@example.com"],
};
const post =
  "From: Alice <alice@author.example>\r\nTo: list@lists.example.com\r\nSubject: hello\r\n" +
  "Date: Sun, 29 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@author.example>\r\nMIME-Version: 1.0\r\n" +
  "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDear all.\r\n";

const keys = { list: createTestKey("rsa"), author: createTestKey("rsa") };
const zone: Readonly<Record<string, { TXT: readonly string[][] }>> = {
  "l._domainkey.lists.example.com": { TXT: [[...keys.list.record]] },
  "a._domainkey.author.example": { TXT: [[...keys.author.record]] },
};
let daemon: DaemonProcess;
let hop: FakeNextHop;
let incoming: number;
let outgoing: number;
const closers: (() => Promise<unknown>)[] = [];

before(async () => {
  // No 8BITMIME and no CHUNKING behind us.
  hop = await startFakeNextHop({ keywords: dataKeywords.filter((keyword) => keyword !== "8BITMIME") });
  const dns = await startFakeDns(zone);
  [incoming, outgoing] = [await freePort(), await freePort()];
  daemon = await startDaemonProcess(`
myhostname: mail.example.com
mydomain: lists.example.com
local_domains_maps: [[.example.com]]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: lists.example.com, selector: l, key: ${JSON.stringify(keys.list.pem)} }]
inet_socket_port: [${incoming}, ${outgoing}]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
interface_policy: { "${outgoing}": LISTS }
policy_bank:
  LISTS:
    originating: true
    mynetworks_maps: []
    survival: fix
    arc_seal: true
    signed_header_fields: { Sender: 1, List-Id: 1, List-Post: 1, List-Unsubscribe: 1 }
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 10s }
`);
  closers.push(
    async () => assert.equal(await daemon.stop(), 0),
    () => hop.close(),
    () => dns.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
});

async function judged({ octets }: ReceivedMail) {
  const { dkim, arc } = await authenticate(octets, {
    ip: "192.0.2.1",
    helo: "mail.example.com",
    sender: "list-bounces@lists.example.com",
    mta: "mx.member.example",
    resolver: async (name: string, type: string) => {
      const found = type === "TXT" ? zone[name.toLowerCase()]?.TXT : undefined;
      if (found === undefined) throw Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
      return found.map((strings) => [strings.join("")]);
    },
    disableBimi: true,
    disableDmarc: true,
  });
  return {
    signatures: new Map(dkim.results.map(({ signingDomain = "", status }) => [signingDomain, status.result])),
    arc: arc === false ? "none" : arc.status.result,
  };
}

const headerOf = ({ octets }: ReceivedMail) =>
  octets
    .toString("latin1")
    .split("\r\n\r\n", 1)[0]
    ?.replaceAll(/\r\n[ \t]+/g, " ") ?? "";

test("a post comes to the list verified, and leaves it signed for the list's domain", async () => {
  const by = { signingDomain: "author.example", selector: "a", privateKey: keys.author.pem } as const;
  const options = { ...by, algorithm: "rsa-sha256", canonicalization: "relaxed/relaxed" } as const;
  const { signatures } = await dkimSign(Buffer.from(post, "latin1"), { ...options, signatureData: [options] });
  const client = await connected(incoming);
  const signed = Buffer.from(signatures + post, "latin1");
  assert.match(await submit(client, { from: "alice@author.example", to: [list.address], data: signed }), /^250 /);
  client.socket.destroy();
  const [came] = hop.mails;
  assert.ok(came !== undefined);
  assert.match(headerOf(came), /^Authentication-Results: mail\.example\.com;.* dkim=pass .*header\.d=author\.example/m);

  const replies = await fanOut(outgoing, came.octets.toString("latin1"), list);
  assert.deepEqual(
    replies.map((reply) => reply.slice(0, 3)),
    ["250", "250", "250"],
  );
  const out = hop.mails.slice(1);
  const reached = out.flatMap(({ rcpts }) => rcpts.map((line) => /<(.*)>/.exec(line)?.[1]));
  assert.deepEqual(reached.toSorted(), [...list.bulk, ...list.personal].toSorted());
  for (const mail of out) {
    const found = await judged(mail);
    assert.equal(found.signatures.get("lists.example.com"), "pass");
    // mailauth's word for a body that was changed.
    assert.equal(found.signatures.get("author.example"), "neutral", "left, and broken by the footer");
    assert.equal(found.arc, "pass");
    assert.ok(/^[\x00-\x7f]*$/.test(mail.octets.toString("latin1")), "the footer is 8-bit, the next hop is not");
    assert.match(
      headerOf(mail),
      /^ARC-Authentication-Results: i=1; mail\.example\.com;.* dkim=fail .*header\.d=author\.example/m,
    );
    assert.match(headerOf(mail), /^DKIM-Signature: .* d=lists\.example\.com;.*:list-id/m);
  }
});

test("local members are told that the author's signature is broken", () => {
  const local = hop.mails.slice(1).filter(({ rcpts }) => rcpts.some((line) => line.includes("@example.com>")));
  assert.equal(local.length, 2);
  for (const mail of local) {
    const results = headerOf(mail)
      .split("\r\n")
      .filter((line) => line.startsWith("Authentication-Results: mail.example.com;"));
    assert.equal(results.length, 1, "what the first pass said of the post is not said of this mail");
    assert.match(String(results), /dkim=fail .*header\.d=author\.example/);
  }
});

test("each member's own mail goes by its own return path", () => {
  const paths = hop.mails.slice(1).map(({ mail }) => /<(.*)>/.exec(mail)?.[1]);
  assert.ok(paths.includes("list-bounces+dan=elsewhere.example@lists.example.com"));
  assert.ok(paths.includes("list-bounces@lists.example.com"));
});
