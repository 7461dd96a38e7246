// The daemon with a Redis server that is well, away, slow, talks nonsense, goes away and comes back: mail never waits for
// it for long, and never fails for it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import type { TestContext } from "node:test";
import { signpost } from "../support/command.ts";
import { type FakeRedis, startFakeRedis } from "../support/fake-redis.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";

interface Scene {
  readonly filter: Filter;
  readonly metrics: string;
  /** A signed mail comes in; what our Authentication-Results say of it. */
  verify(subject: string): Promise<string>;
}

const keyName = "r._domainkey.example.com";

/** @param more members of `redis` beside url and timeout */
async function startScene(t: TestContext, url: string, more = "", timeout = "5s"): Promise<Scene> {
  const endpoint = `127.0.0.1:${await freePort()}`;
  const filter = await startFilter({
    // The daemon looks at its own published keys, too: what that brings into its own cache would be asked of no other
    // for an hour.
    dns: ", cache_entries: 0",
    extra: `
redis: { url: "${url}", timeout: ${timeout}${more} }
metrics: { listen: "${endpoint}" }
control: { socket: "@FOLDER@/control.sock" }
`,
  });
  t.after(() => filter.close());
  const { hop, ports } = filter;
  const send = async (port: number, data: string | Buffer): Promise<Buffer> => {
    const before = hop.mails.length;
    const client = await connected(port);
    assert.match(await submit(client, { data }), /^250 /);
    client.socket.end("QUIT\r\n");
    return hop.mails[before]?.octets ?? Buffer.alloc(0);
  };
  const verify = async (subject: string): Promise<string> => {
    const signed = await send(ports.originating, mailText(subject));
    const passed = await send(ports.incoming, signed);
    return /^Authentication-Results: [\s\S]*?\r\n(?!\s)/m.exec(passed.toString("latin1"))?.[0] ?? "";
  };
  return { filter, metrics: `http://${endpoint}`, verify };
}

async function value(scene: Scene, begin: string): Promise<number> {
  const text = await (await fetch(`${scene.metrics}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(begin));
  assert.ok(line, begin);
  return Number(line.slice(line.lastIndexOf(" ") + 1));
}

const lookups = (result: string) => `signpost_shared_cache_lookups_total{result="${result}"}`;
const isConnected = 'signpost_shared_cache_connections{state="connected"}';

function asks(redis: FakeRedis): number {
  return redis.commands.filter(([name, key]) => name?.toUpperCase() === "GETRANGE" && key?.endsWith(keyName)).length;
}

const isKeyWrite = ([name, key]: readonly string[]) => name?.toUpperCase() === "SET" && key?.endsWith(keyName) === true;

async function startRedis(t: TestContext, port?: number): Promise<FakeRedis> {
  const redis = await startFakeRedis(port);
  t.after(() => redis.close().catch(() => undefined));
  return redis;
}

test("answers are written under the prefix with their time, and taken from there by another filter", async (t) => {
  const redis = await startRedis(t);
  const url = `redis://127.0.0.1:${redis.port}`;
  const one = await startScene(t, url, ', prefix: "mail:"');
  await one.filter.daemon.line(`redis: connected to ${url}`);
  assert.match(await one.verify("first"), /dkim=pass/);
  const [, key, , ...rest] = await redis.command(isKeyWrite);
  assert.equal(key, `mail:dns:1:TXT:${keyName}`);
  assert.deepEqual([rest[0], Number(rest[1])], ["PX", 300_000]);
  assert.equal((await value(one, 'signpost_shared_cache_writes_total{result="written"}')) > 0, true);

  // Another one, with a key of its own that only the shared cache has.
  const two = await startScene(t, url, ', prefix: "mail:"');
  await two.filter.daemon.line("redis: connected to");
  const asked = two.filter.dns.asked.filter(({ name }) => name === keyName).length;
  assert.match(await two.verify("second"), /dkim=fail .*reason=/s);
  assert.equal(two.filter.dns.asked.filter(({ name }) => name === keyName).length, asked);
  assert.equal((await value(two, lookups("hit"))) > 0, true);
});

test("status shows the cache, and a server that is away is no reason not to be ready", async (t) => {
  const redis = await startRedis(t);
  const scene = await startScene(t, `redis://127.0.0.1:${redis.port}`);
  const { daemon } = scene.filter;
  await daemon.line("redis: connected to");
  const status = async () => (await signpost("status", "--config", daemon.configFile)).stdout;
  assert.match(await status(), /^shared {6}\S+ asked of Redis, \S+( %)? known there$/m);
  assert.equal(await value(scene, isConnected), 1);
  await redis.close();
  await daemon.line("redis: going on without");
  assert.match(await status(), /; the server is away$/m);
  assert.equal(await value(scene, isConnected), 0);
  assert.equal((await fetch(`${scene.metrics}/readyz`)).status, 200);
});

test("without a server it starts, says so once and mail goes on; when the server comes it is used", async (t) => {
  const port = await freePort();
  const scene = await startScene(t, `redis://:secret@127.0.0.1:${port}`);
  const { daemon } = scene.filter;
  await daemon.line(`redis: going on without redis://127.0.0.1:${port} until it is back: connect ECONNREFUSED`);
  assert.match(await scene.verify("alone"), /dkim=pass/);
  assert.equal((await value(scene, lookups("skipped"))) > 0, true);
  const redis = await startRedis(t, port);
  await daemon.line("redis: connected to");
  assert.deepEqual(redis.commands[0], ["auth", "secret"]);
  assert.equal(daemon.lines.filter((line) => line.includes("redis: ")).length, 2);
  assert.doesNotMatch(daemon.lines.join("\n"), /secret/);
});

for (const [what, fault, reason] of [
  ["says nothing", "silent", "no answer within 1 s"],
  ["ends the connection in the middle", "close", "the connection was closed"],
  ["talks nonsense", "garbage", ""],
  ["is loading", { error: "LOADING Redis is loading the dataset in memory" }, "LOADING"],
] as const) {
  test(`a server that ${what} is left out: the DNS is asked, and mail passes`, async (t) => {
    const redis = await startRedis(t);
    const scene = await startScene(t, `redis://127.0.0.1:${redis.port}`, "", fault === "silent" ? "1s" : "5s");
    const { daemon } = scene.filter;
    await daemon.line("redis: connected to");
    redis.fault = () => fault;
    assert.match(await scene.verify("one"), /dkim=pass/);
    await daemon.line(`redis: going on without redis://127.0.0.1:${redis.port} until it is back: ${reason}`);
    // Until it proves itself again it is not asked.
    const asked = asks(redis);
    assert.match(await scene.verify("two"), /dkim=pass/);
    assert.equal(asks(redis), asked);
    redis.fault = () => "none";
    const since = daemon.lines.length;
    await daemon.line("redis: connected to", since);
    assert.match(await scene.verify("three"), /dkim=pass/);
    assert.equal(await value(scene, isConnected), 1);
  });
}

test("a value that is no answer is passed over, and written anew", async (t) => {
  const redis = await startRedis(t);
  const scene = await startScene(t, `redis://127.0.0.1:${redis.port}`);
  await scene.filter.daemon.line("redis: connected to");
  redis.fault = ([name, key]) => {
    if (name?.toUpperCase() !== "GETRANGE" || key === undefined) return "none";
    return { error: "WRONGTYPE Operation against a key holding the wrong kind of value" };
  };
  assert.match(await scene.verify("one"), /dkim=pass/);
  await redis.command(isKeyWrite);
  assert.equal((await value(scene, lookups("malformed"))) > 0, true);
  assert.equal(await value(scene, isConnected), 1);
});

test("a reload moves to another server, or to none, and a stop leaves", async (t) => {
  const [first, second] = [await startRedis(t), await startRedis(t)];
  const scene = await startScene(t, `redis://127.0.0.1:${first.port}`);
  const { daemon, config } = scene.filter;
  await daemon.line("redis: connected to");
  const reload = async (text: string) => {
    await writeFile(daemon.configFile, text);
    const { code, stderr } = await signpost("reload", "--config", daemon.configFile);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  };
  await reload(config.replace(`:${first.port}"`, `:${second.port}"`));
  await daemon.line(`redis: connected to redis://127.0.0.1:${second.port}`);
  assert.match(await scene.verify("moved"), /dkim=pass/);
  await second.command(isKeyWrite);
  await first.left();
  await reload(config.replace(/redis: .*/, "redis: { url: null }"));
  assert.equal(await value(scene, 'signpost_shared_cache_connections{state="configured"}'), 0);
  const since = daemon.lines.length;
  await reload(config);
  await daemon.line(`redis: connected to redis://127.0.0.1:${first.port}`, since);
  assert.equal(await daemon.stop(), 0);
  await Promise.all([first.left(), second.left()]);
});

test("several processes have a connection each, and ask for what the others know", async (t) => {
  const redis = await startRedis(t);
  const scene = await startScene(t, `redis://127.0.0.1:${redis.port}`, " }\nlisteners: 2\npool: { threads: 1");
  while ((await value(scene, isConnected)) < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.match(await scene.verify("several"), /dkim=pass/);
  await redis.command(isKeyWrite);
});
