// What a mail costs the Redis server that several filters share: commands, its CPU and octets on the wire, of two filters
// that verify mail of many domains and ask scanners (stubs). Starts a Redis server of its own;
// `node bench/micro/shared-cache/commands.ts`.
import { generateKeyPairSync } from "node:crypto";
import { Redis } from "ioredis";
import { startFakeDns } from "../../../test/support/fake-dns.ts";
import { startRedisServer } from "../../../test/support/redis-server.ts";
import { startStubs } from "../../content/stubs.ts";
import { copies, withAttachments } from "../../growth/attached.ts";
import { type Site, startSite } from "../../growth/site.ts";
import { startChild } from "../../load/child.ts";
import { txt } from "../../load/filter.ts";
import { signRequest, withSignatures } from "../../load/signed.ts";
import { onTheWire } from "../../messages.ts";

const domains = 500;
const mailsEach = 2000;
/** The first, for what connects, loads and asks once. */
const settling = 200;
const scanned = "{ enable_dkim_verification: true }";
const verified = "{ enable_dkim_verification: true, av_scanners: [], spam_scanners: [], banned_filename_maps: [] }";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
const nameOf = (index: number) => `d${index % domains}.example`;
const dns = await startFakeDns(
  Object.fromEntries(
    Array.from({ length: domains }, (_, index) => [`k._domainkey.${nameOf(index)}`, txt(`v=DKIM1; k=rsa; p=${key}`)]),
  ),
);
dns.ttlSeconds = 3600;
const redis = await startRedisServer();
const stubs = await startStubs();
const [sink, source] = [startChild(), startChild()];
const nextHopPort = await sink.call("sink", { keep: false });
const settings = `dns: { servers: ["127.0.0.1:${dns.server.port}"] }
redis: { url: "redis://127.0.0.1:${redis.port}" }
banned_filename_re: [["(?i)\\\\.(exe|scr|bat|com)$", true]]
av_scanners: [{ name: ClamAV, type: clamd, address: "${stubs.clamd}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${stubs.spamd}" }]`;
const client = new Redis(redis.port, "127.0.0.1");
const plain = withAttachments(1, 4000);
/** Mails of all domains in turn, none equal to another. */
const signed = (count: number) =>
  copies(plain, count).map((mail, index) =>
    onTheWire(withSignatures(mail, [{ ...signRequest("k", "rsa", privateKey), domain: nameOf(index) }])),
  );

interface Counts {
  readonly commands: ReadonlyMap<string, number>;
  readonly cpuMs: number;
  readonly octets: number;
}

async function counts(): Promise<Counts> {
  const info = `${await client.info("commandstats")}\n${await client.info("cpu")}\n${await client.info("stats")}`;
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)?.[1] ?? 0);
  const commands = [...info.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)];
  return {
    commands: new Map(commands.map(([, name = "", calls]) => [name, Number(calls)])),
    cpuMs: 1000 * (number("used_cpu_user") + number("used_cpu_sys")),
    octets: number("total_net_input_bytes") + number("total_net_output_bytes"),
  };
}

async function usedMemory(): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1]);
}

/** Mails to two filters in turns of 100; `isFresh`: none is equal to another. */
async function measure(what: string, bank: string, isFresh: boolean): Promise<void> {
  await client.flushall();
  const empty = await usedMemory();
  const sites: Site[] = [];
  for (let each = 0; each < 2; each += 1)
    sites.push(
      await startSite({ nextHopPort, banks: { [bank]: { settings: bank === "SCAN" ? scanned : verified } }, settings }),
    );
  const wire = signed(isFresh ? 2 * (mailsEach + settling) : 1);
  let next = 0;
  const send = async (messages: number) => {
    for (const site of sites) {
      const content = isFresh ? wire.slice(next, next + messages) : wire;
      next += messages;
      const result = await source.call("load", {
        ...{ port: site.port(bank), content, messages, connections: 8, reuse: true },
      });
      if (result.refused + result.broken > 0) throw new Error(result.refusal ?? "broken off");
    }
  };
  await send(settling);
  const before = await counts();
  for (let sent = 0; sent < mailsEach; sent += 100) await send(100);
  const after = await counts();
  for (const site of sites) await site.stop();
  const keys = await client.dbsize();
  const perKey = keys === 0 ? 0 : ((await usedMemory()) - empty) / keys;
  const mails = 2 * mailsEach;
  const each = [...after.commands]
    .map(([name, calls]) => [name, (calls - (before.commands.get(name) ?? 0)) / mails] as const)
    .filter(([name, calls]) => calls >= 0.01 && name !== "info");
  const all = each.reduce((sum, [, calls]) => sum + calls, 0);
  console.log(
    `${what}: ${all.toFixed(2)} commands a mail (${each.map(([name, calls]) => `${name} ${calls.toFixed(2)}`).join(", ")}), ` +
      `Redis CPU ${((after.cpuMs - before.cpuMs) / mails).toFixed(4)} ms, ${((after.octets - before.octets) / mails).toFixed(0)} octets; ` +
      `${keys} keys of ${perKey.toFixed(0)} octets of its memory`,
  );
}

try {
  console.log(`two filters, ${2 * mailsEach} mails of ${domains} domains`);
  await measure("verified only", "VERIFY", true);
  await measure("verified and scanned, all different", "SCAN", true);
  await measure("verified and scanned, all equal", "SCAN", false);
} finally {
  client.disconnect();
  stubs.stop();
  for (const child of [sink, source]) child.stop();
  await redis.close();
  await dns.close();
}
