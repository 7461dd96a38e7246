// What sharing DNS answers through Redis saves and costs: questions that reach the DNS for the same mail through several
// filters, with and without; and the main thread's CPU for one question, by who answers it. Starts a Redis server of its
// own; `node bench/micro/shared-cache/questions.ts`.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { createResolver, defaultResolverOptions, type Resolver } from "../../../src/dns/resolver.ts";
import type { DnsServer } from "../../../src/dns/server-address.ts";
import { createSharedAnswers } from "../../../src/dns/shared-answers.ts";
import { createRedisConnect } from "../../../src/shared-cache/redis.ts";
import { createSharedCache, type SharedCache } from "../../../src/shared-cache/shared-cache.ts";
import { startFakeDns } from "../../../test/support/fake-dns.ts";
import { createRandom } from "../../../test/support/random.ts";
import { type RedisServer, startRedisServer } from "../../../test/support/redis-server.ts";
import { cpuUsage } from "../../load/usage.ts";

const names = 4000;
const keyName = (id: number) => `s._domainkey.d${id}.example.com`;
const record = ["v=DKIM1; k=rsa; p=".padEnd(255, "A"), "B".repeat(160)];

/** The DNS has a thread of its own, so that the CPU of ours is that of who asks. */
async function answer(): Promise<void> {
  const zone = Object.fromEntries(Array.from({ length: names }, (_, id) => [keyName(id), { TXT: [record] }]));
  const dns = await startFakeDns(zone);
  parentPort?.postMessage(dns.server);
  parentPort?.on("message", () => parentPort?.postMessage(dns.asked.length));
}

interface Filter {
  readonly resolver: Resolver;
  readonly cache: SharedCache | undefined;
}

function startFilter(dns: DnsServer, redis: RedisServer | undefined, prefix: string): Promise<Filter> {
  const options = { ...defaultResolverOptions, servers: [dns] };
  if (redis === undefined) return Promise.resolve({ resolver: createResolver(options), cache: undefined });
  const place = { at: { host: "127.0.0.1", port: redis.port, isTls: false }, database: 0 };
  return new Promise((resolve) => {
    const cache = createSharedCache({
      connect: createRedisConnect(place),
      name: "redis",
      prefix,
      timeoutMs: 5000,
      tell: () => resolve({ resolver: createResolver(options, undefined, createSharedAnswers(cache)), cache }),
    });
    cache.open();
  });
}

function close({ resolver, cache }: Filter): void {
  resolver.close();
  cache?.close();
}

async function measure(): Promise<void> {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const heard = <T>() => new Promise<T>((resolve) => worker.once("message", resolve));
  const dns = await heard<DnsServer>();
  const asked = (): Promise<number> => {
    worker.postMessage("asked");
    return heard<number>();
  };
  const redis = await startRedisServer();
  const domains = 500;
  const mails = 10_000;
  console.log(
    `questions that reached the DNS: ${mails} mails of ${domains} domains, 20 at a time, to filters by chance`,
  );
  for (const count of [1, 2, 4, 8]) {
    const told: number[] = [];
    for (const shared of [undefined, redis]) {
      const random = createRandom(1);
      const filters = await Promise.all(Array.from({ length: count }, () => startFilter(dns, shared, `${count}:`)));
      const before = await asked();
      for (let mail = 0; mail < mails; mail += 20) {
        await Promise.all(
          Array.from({ length: 20 }, () =>
            filters[random.below(count)]?.resolver.resolve(keyName(random.below(domains)), "TXT"),
          ),
        );
      }
      told.push((await asked()) - before);
      for (const filter of filters) close(filter);
    }
    console.log(`  ${count} filters: each for itself ${told[0]}, shared ${told[1]}`);
  }

  console.log(`main thread's CPU for one of ${names} questions, 20 at a time, ms; three rounds`);
  for (let round = 0; round < 3; round += 1) {
    const texts: string[] = [];
    for (const [what, shared] of [
      ["DNS", undefined],
      ["Redis has none, DNS, write", redis],
      ["Redis", redis],
    ] as const) {
      const filter = await startFilter(dns, shared, `cpu${round}:`);
      const before = cpuUsage(process.pid).mainMs;
      for (let id = 0; id < names; id += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, at) => filter.resolver.resolve(keyName(id + at), "TXT")));
      }
      texts.push(`${what} ${((cpuUsage(process.pid).mainMs - before) / names).toFixed(4)}`);
      close(filter);
    }
    console.log(`  ${texts.join("; ")}`);
  }
  await worker.terminate();
  await redis.close();
}

await (isMainThread ? measure() : answer());
