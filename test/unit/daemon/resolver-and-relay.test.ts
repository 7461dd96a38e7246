import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { createResolverAndRelay, type ResolverAndRelay } from "../../../src/daemon/resolver-and-relay.ts";
import type { Resolve } from "../../../src/rr/answer.ts";
import { outgoingTo } from "../../support/relay-mail.ts";

async function configOf(text: string) {
  const files = { read: () => text, glob: (pattern: string) => [pattern] };
  const { config, problems } = await loadConfig("/s.yaml", { files });
  assert.ok(config, problems.map(({ message }) => message).join("; "));
  return config;
}

const ownDns = 'dns: { servers: ["127.0.0.1:9"] }';

async function setUp(t: TestContext, text = ownDns, resolve?: Resolve): Promise<ResolverAndRelay> {
  const made = createResolverAndRelay(await configOf(text), {
    dns: { answered: () => undefined },
    relay: { connection: () => undefined, reply: () => undefined },
    onShort: () => undefined,
    resolve,
    tell: () => undefined,
  });
  t.after(() => made.close(0));
  return made;
}

/** A question that needs no server: the name is none. */
const ask = (made: ResolverAndRelay) => made.resolve("not a name..", "TXT");

/** A mail to a socket that is not there. */
async function send(made: ResolverAndRelay): Promise<string | undefined> {
  const [delivery] = await made.relay([outgoingTo({ protocol: "smtp", path: "/nonexistent/socket" })], () => true);
  return delivery?.replies[0]?.enhanced;
}

test("a reload that leaves the DNS settings alone keeps the resolver with its answers, another makes a new one", async (t) => {
  const made = await setUp(t);
  await ask(made);
  const asked = made.dnsStats();
  assert.ok(asked);
  assert.ok(
    Object.values(asked).some((count) => count > 0),
    "the question was counted",
  );
  made.configure(await configOf(`${ownDns}\nlog_level: 2`));
  assert.deepEqual(made.dnsStats(), asked);
  made.configure(await configOf('dns: { servers: ["127.0.0.1:9"], timeout: 3s }'));
  assert.equal(made.dnsStats()?.questions, 0);
});

test("with the DNS in other hands there is no resolver of ours, whatever is configured", async (t) => {
  const answer = { status: "nodata", ttlSeconds: 1, secure: false } as const;
  const made = await setUp(t, ownDns, async () => answer);
  assert.equal(await ask(made), answer);
  made.configure(await configOf("dns: { timeout: 3s }"));
  assert.equal(await ask(made), answer);
  assert.deepEqual(
    [made.dnsStats(), made.peek("x.example", "TXT"), made.sharedCacheStats()],
    [undefined, undefined, undefined],
  );
});

test("a reload that changes how mail is sent leaves no gap, and closing ends it", async (t) => {
  const made = await setUp(t);
  assert.equal(await send(made), "4.4.1", "nobody listens");
  made.configure(await configOf(`${ownDns}\nlocalhost_name: other.example`));
  assert.equal(await send(made), "4.4.1");
  await made.close(0);
  assert.equal(await send(made), "4.3.2", "shutting down");
});

test("the cache that filters share comes and goes with its setting", async (t) => {
  const made = await setUp(t);
  assert.equal(made.sharedCacheStats(), undefined);
  made.configure(await configOf(`${ownDns}\nredis: { url: "unix:///nonexistent/redis.sock" }`));
  assert.equal(made.sharedCacheStats()?.isConnected, false);
  made.configure(await configOf(ownDns));
  assert.equal(made.sharedCacheStats(), undefined);
});
