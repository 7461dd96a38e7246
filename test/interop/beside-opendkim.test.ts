// The same 200 mails by milter through signpost and through opendkim, driven by one MTA: the same word on each, the same results,
// and each verifies what the other has signed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { takenNames } from "../../src/opendkim/opendkim-conf.ts";
import { untakenNames } from "../../src/opendkim/opendkim-options.ts";
import { createTestKey, type DaemonProcess, startDaemonProcess } from "../support/daemon.ts";
import { startFakeDns } from "../support/fake-dns.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { connectMta, type MilterAnswer } from "../support/milter-mta.ts";
import { dkimResults, mailsForBoth, opendkimMissing, startOpendkim } from "../support/opendkim.ts";
import { skipWithout } from "../support/peers.ts";

const skip = skipWithout(await opendkimMissing());
const noManual = gzipSync("");
const count = 200;
const inside = { name: "inside.example", address: "192.0.2.7" };
const outside = { name: "outside.example", address: "203.0.113.7" };

let daemon: DaemonProcess;
let doors: { readonly signpost: { readonly port: number }; readonly opendkim: { readonly path: string } };
const closers: (() => Promise<unknown>)[] = [];
const mails = mailsForBoth(count);

before(async () => {
  if (skip !== false) return;
  const key = createTestKey("rsa");
  const dns = await startFakeDns({
    "s._domainkey.example.com": { TXT: [key.record] },
    "o._domainkey.example.com": { TXT: [key.record] },
  });
  const port = await freePort();
  daemon = await startDaemonProcess(`
myhostname: signpost.example
local_domains_maps: [true]
mynetworks: [${inside.address}/32]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(key.pem)} }]
dkim_signature_options_bysender_maps: [{ ".": { c: relaxed/simple } }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${port}" }]
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: 10s }
`);
  // A TCP socket of its would wait 40 ms with each mail for our acknowledgement.
  doors = { signpost: { port }, opendkim: { path: join(daemon.folder, "opendkim.sock") } };
  const endOpendkim = await startOpendkim(daemon.folder, key, `local:${doors.opendkim.path}`, inside.address);
  closers.push(
    async () => assert.equal(await daemon.stop(), 0),
    endOpendkim,
    () => dns.close(),
  );
});

after(async () => {
  for (const close of closers) await close();
});

async function through(
  which: keyof typeof doors,
  client: typeof inside,
  octets: readonly Buffer[],
): Promise<readonly MilterAnswer[]> {
  const session = await connectMta(doors[which], client);
  const answers: MilterAnswer[] = [];
  for (const each of octets)
    answers.push(await session.send(each, { from: "alice@example.com", to: ["bob@elsewhere.example"] }));
  session.close();
  return answers;
}

let signed: Readonly<Record<keyof typeof doors, readonly MilterAnswer[]>>;

test("both let the same mail go on, and sign it once", { skip }, async () => {
  signed = {
    signpost: await through("signpost", inside, mails),
    opendkim: await through("opendkim", inside, mails),
  };
  const words = (answers: readonly MilterAnswer[]) => answers.map(({ word }) => (word === "a" ? "c" : word));
  assert.deepEqual(words(signed.signpost), words(signed.opendkim));
  for (const [name, selector] of [
    ["signpost", "s"],
    ["opendkim", "o"],
  ] as const) {
    for (const { octets } of signed[name]) {
      assert.equal(octets.toString("latin1").match(new RegExp(`[; \\t]s=${selector};`, "g"))?.length, 1, name);
    }
  }
});

for (const [signer, judge] of [
  ["signpost", "opendkim"],
  ["opendkim", "signpost"],
  ["signpost", "signpost"],
] as const) {
  test(`${judge} verifies what ${signer} has signed`, { skip }, async () => {
    const judged = await through(
      judge,
      outside,
      signed[signer].map(({ octets }) => octets),
    );
    for (const [place, answer] of judged.entries()) {
      assert.deepEqual(
        dkimResults(answer.octets, `${judge}.example`),
        ["pass"],
        `mail ${place}:\n${answer.octets.subarray(0, 2500)}`,
      );
    }
  });
}

test("both find out mail that was changed, and mail that was not signed", { skip }, async () => {
  const changed = signed.signpost.map(({ octets }) => Buffer.concat([octets, Buffer.from("and more\r\n")]));
  const [ours, theirs] = [await through("signpost", outside, changed), await through("opendkim", outside, changed)];
  for (const place of changed.keys()) {
    const [one, other] = [ours[place], theirs[place]];
    assert.ok(one !== undefined && other !== undefined);
    assert.deepEqual(
      [dkimResults(one.octets, "signpost.example"), dkimResults(other.octets, "opendkim.example")],
      [["fail"], ["fail"]],
      `mail ${place}`,
    );
  }
});

test("each option of its manual is taken, or told what becomes of it", { skip }, async (t) => {
  const manual = gunzipSync(await readFile("/usr/share/man/man5/opendkim.conf.5.gz").catch(() => noManual)).toString();
  const names = [...manual.matchAll(/^\.I ([A-Za-z-]+) \(/gm)].map(([, name = ""]) => name);
  if (names.length === 0) return t.skip("Debian's manual pages are not installed");
  assert.ok(names.length > 100, `${names.length} options`);
  const fates = new Set([...takenNames, ...untakenNames].map((name) => name.toLowerCase()));
  assert.deepEqual(
    names.filter((name) => !fates.has(name.toLowerCase())),
    [],
  );
});
