// Others judge our signatures and we judge theirs: 200 generated messages, both algorithms, all four canonicalizations.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestKey } from "../support/daemon.ts";
import { canonicalizations, type Peer, type PeerKey, type PeerSetup, peers } from "../support/dkim-peers.ts";
import { connected, type Filter, startFilter, submit } from "../support/filter.ts";
import { type GeneratedMail, generateMail } from "../support/generated-mail.ts";
import { after, before, test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { createRandom } from "../support/random.ts";

const count = 200;
const outside = "joe@elsewhere.example";

/** What each author's mail is signed with: how many signatures of each key. */
const authors = [
  { address: "all@example.com", r: 4, e: 4 },
  { address: "all@example.com", r: 4, e: 4 },
  { address: "both@example.com", r: 1, e: 1 },
  { address: "rsa@example.com", r: 1, e: 0 },
  { address: "ed@example.com", r: 0, e: 1 },
] as const;

const optionSets = ["r", "e"].flatMap((selector) => canonicalizations.map((c) => `{ s: ${selector}, c: ${c} }`));
const bySender = [
  `"all@example.com": [${optionSets.join(", ")}]`,
  '"both@example.com": [{ s: r, c: relaxed/relaxed }, { s: e, c: relaxed/relaxed }]',
  '"rsa@example.com": { s: r, ttl: 21d, c: relaxed/simple }',
  '"ed@example.com": { s: e, ttl: 7d, c: simple/relaxed }',
];

interface Sample extends GeneratedMail {
  readonly author: (typeof authors)[number];
}

let filter: Filter;
let folder: string;
const samples: Sample[] = [];
const theirs: readonly PeerKey[] = [
  { algorithm: "rsa-sha256", domain: "peer.example", selector: "pr", key: createTestKey("rsa") },
  { algorithm: "ed25519-sha256", domain: "peer.example", selector: "pe", key: createTestKey("ed25519") },
];

before(async () => {
  const random = createRandom(6376);
  for (let id = 0; id < count; id += 1) {
    const author = random.pick(authors);
    samples.push({ ...generateMail(random, id, author.address), author });
  }
  folder = await mkdtemp(join(tmpdir(), "signpost-peers-"));
  filter = await startFilter({
    originating: `dkim_signature_options_bysender_maps: [{ ${bySender.join(", ")} }]`,
  });
});

after(async () => {
  await filter?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** Sends mails over one connection and gives what arrived, in their order. */
async function pass(port: number, mails: readonly { from: string; to: string; data: Buffer }[]): Promise<Buffer[]> {
  const before = filter.hop.mails.length;
  const client = await connected(port);
  for (const [index, { from, to, data }] of mails.entries()) {
    assert.match(await submit(client, { from, to: [to], data }), /^250 /, `mail ${index}`);
  }
  client.socket.end("QUIT\r\n");
  return filter.hop.mails.slice(before).map(({ octets }) => octets);
}

async function save(name: string, octets: readonly Buffer[]): Promise<string[]> {
  const files = octets.map((_, index) => join(folder, `${name}-${String(index).padStart(3, "0")}.eml`));
  await Promise.all(files.map((file, index) => writeFile(file, octets[index] ?? "")));
  return files;
}

async function available(): Promise<readonly Peer[]> {
  const found: Peer[] = [];
  for (const peer of peers) {
    const missing = await peer.missing();
    if (skipWithout(missing) === false) found.push(peer);
  }
  return found;
}

test("every peer accepts every signature that we make", async (t) => {
  const mails = samples.map(({ author, octets }) => ({ from: author.address, to: outside, data: octets }));
  const arrived = await pass(filter.ports.originating, mails);
  assert.equal(arrived.length, count);
  for (const [index, { octets, shape }] of samples.entries()) {
    assert.ok(
      arrived[index]?.subarray(-octets.length).equals(octets),
      `${index} (${shape}) is as it was below our fields`,
    );
  }
  const files = await save("ours", arrived);
  const keys: PeerKey[] = [
    { algorithm: "rsa-sha256", domain: "example.com", selector: "r", key: filter.keys.rsa },
    { algorithm: "ed25519-sha256", domain: "example.com", selector: "e", key: filter.keys.ed25519 },
  ];
  const setup: PeerSetup = { folder, keys, dns: filter.dns };
  for (const peer of await available()) {
    await t.test(peer.name, async () => {
      const verdicts = await peer.verify(files, setup);
      const wrong: string[] = [];
      for (const [index, { author, shape, obsoleteColon }] of samples.entries()) {
        if (obsoleteColon && !peer.obsoleteColon) continue;
        const found = verdicts.get(files[index] ?? "") ?? [];
        const wanted = { r: author.r, e: peer.algorithms.includes("ed25519-sha256") ? author.e : 0 };
        const passed = { r: 0, e: 0 };
        for (const { selector, result } of found) {
          if ((selector === "r" || selector === "e") && result === "pass") passed[selector] += 1;
        }
        if (passed.r !== wanted.r || passed.e !== wanted.e) {
          wrong.push(`${index} (${shape}, ${author.address}): ${JSON.stringify(found)}`);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});

test("we accept every signature that the peers make", async () => {
  const setup: PeerSetup = { folder, keys: theirs, dns: filter.dns };
  const zone = theirs.map(({ domain, selector, key }) => [`${selector}._domainkey.${domain}`, { TXT: [key.record] }]);
  filter.dns.serve(Object.fromEntries(zone));
  const files = await save(
    "plain",
    samples.map(({ octets }) => octets),
  );
  const fields = new Map<string, { peer: string; field: string; what: string }[]>(files.map((file) => [file, []]));
  const asked = await available();
  for (const peer of asked) {
    const made = await peer.sign(files, setup);
    const can = samples.filter(({ obsoleteColon }) => peer.obsoleteColon || !obsoleteColon).length;
    assert.equal(made.length, can * peer.algorithms.length, peer.name);
    for (const { file, field, algorithm, canonicalization } of made) {
      fields.get(file)?.push({ peer: peer.name, field, what: `${peer.name} ${algorithm} ${canonicalization}` });
    }
  }
  const mails = samples.map(({ octets }, index) => {
    const stack = (fields.get(files[index] ?? "") ?? []).map(({ field }) => field).join("");
    return {
      from: "x@peer.example",
      to: "bob@example.com",
      data: Buffer.concat([Buffer.from(stack, "latin1"), octets]),
    };
  });
  const arrived = await pass(filter.ports.incoming, mails);
  const wrong: string[] = [];
  for (const [index, octets] of arrived.entries()) {
    const signatures = fields.get(files[index] ?? "") ?? [];
    const results = dkimResults(octets).filter((each) => each.includes("header.d=peer.example"));
    for (const [place, { what }] of signatures.entries()) {
      const result = results[place] ?? "not reported";
      if (!result.startsWith("dkim=pass")) wrong.push(`${index} (${samples[index]?.shape}), ${what}: ${result}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** The dkim= results of our Authentication-Results, unfolded. */
function dkimResults(octets: Buffer): string[] {
  const text = octets.toString("latin1").replaceAll(/\r\n[\t ]+/g, " ");
  const line = text.split("\r\n").find((each) => each.startsWith("Authentication-Results: mail.example.com;")) ?? "";
  return line
    .split(";")
    .map((each) => each.trim())
    .filter((each) => each.startsWith("dkim="));
}
