import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import { createFixedResolver, parseFixedZone } from "../../../src/dns/fixed-zone.ts";
import { declareMetrics } from "../../../src/metrics/declared.ts";
import { collect, printMetrics } from "../../../src/metrics/exposition.ts";
import type { Resolve } from "../../../src/rr/answer.ts";
import { createKeyWatch } from "../../../src/signing/key-watch.ts";
import type { Keyring } from "../../../src/signing/keyring.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { recordStrings } from "../../../src/signing/record-text.ts";
import { createTestKey } from "../../support/daemon.ts";
import { filesOf } from "./keys.ts";

const pem = createTestKey("ed25519").pem;
const strings = recordStrings({}, createPrivateKey(pem));
const other = recordStrings({}, createPrivateKey(createTestKey("ed25519").pem));

function keysOf(...selectors: readonly string[]): Keyring {
  const { keyring } = loadKeyring(
    { dkim_keys: selectors.map((selector) => ({ domain: "example.com", selector, key: pem })) },
    filesOf({}),
  );
  return keyring;
}

function scene() {
  const declared = declareMetrics();
  const told: string[] = [];
  let zone: unknown = {};
  let nowMs = 0;
  const resolve: Resolve = (name, type) => createFixedResolver(parseFixedZone(zone))(name, type);
  const watch = createKeyWatch({
    declared,
    resolve,
    tell: (severity, text) => told.push(`${severity}: ${text}`),
    random: () => 0.5,
    now: () => nowMs,
  });
  watch.watch(keysOf("s1", "s2"));
  return {
    watch,
    told,
    serve(records: unknown) {
      zone = records;
    },
    async after(ms: number) {
      nowMs += ms;
      await watch.tick();
    },
    async series(): Promise<readonly string[]> {
      const text = await printMetrics(
        await collect(declared.registry, (name) => name.startsWith("signpost_key")),
        "prometheus",
      );
      return text.split("\n").filter((line) => /^signpost_key(?:_published|s_checked)\{/.test(line));
    },
  };
}

const s1 = "s1._domainkey.example.com";
const s2 = "s2._domainkey.example.com";
const published = (selector: string, value: number) =>
  `signpost_key_published{domain="example.com",selector="${selector}"} ${value}`;
const checked = (counts: readonly number[]) =>
  ["pass", "fail", "invalid", "unknown"].map((result, i) => `signpost_keys_checked{result="${result}"} ${counts[i]}`);

test("keys are unknown until the DNS answered, then 1 or 0, and looked at again sooner while they are wrong", async () => {
  const { watch, after, series, serve, told } = scene();
  await watch.tick();
  assert.deepEqual(await series(), checked([0, 0, 0, 2]));
  serve({ [s1]: { TXT: [strings] }, [s2]: { TXT: [other] } });
  await after(30_000);
  assert.deepEqual(await series(), [published("s1", 1), published("s2", 0), ...checked([1, 1, 0, 0])]);
  assert.deepEqual(told, [`warning: key ${s2} does not pass: another key is published`]);

  serve({ [s2]: { TXT: [strings] } });
  await after(300_000);
  assert.deepEqual(await series(), [published("s1", 1), published("s2", 1), ...checked([2, 0, 0, 0])]);
  assert.equal(told[1], `notice: key ${s2} is published rightly again`);
  await after(3_600_000);
  assert.deepEqual(await series(), [published("s1", 0), published("s2", 1), ...checked([1, 0, 1, 0])]);
  assert.match(told[2] ?? "", /^warning: key s1\._domainkey\.example\.com does not pass/);
});

test("no answer says nothing about a key", async () => {
  const { after, series, serve, told } = scene();
  serve({ [s1]: { TXT: [strings] }, [s2]: { rcode: "SERVFAIL" } });
  await after(30_000);
  serve({ [s1]: { rcode: "SERVFAIL" }, [s2]: { rcode: "SERVFAIL" } });
  await after(3_700_000);
  assert.deepEqual(await series(), [published("s1", 1), ...checked([1, 0, 0, 1])]);
  assert.deepEqual(told, []);
});

test("after a reload what is known of a key that stays is kept, and all are looked at again", async () => {
  const { watch, after, series, serve } = scene();
  serve({ [s1]: { TXT: [strings] }, [s2]: { TXT: [strings] } });
  await after(30_000);
  watch.watch(keysOf("s2"));
  assert.deepEqual(await series(), [published("s2", 1), ...checked([1, 0, 0, 0])]);
  serve({});
  await after(30_000);
  assert.deepEqual(await series(), [published("s2", 0), ...checked([0, 0, 1, 0])]);
});

test("with more keys due than are looked at in a tick, each gets its turn", async () => {
  const asked = new Map<string, number>();
  let nowMs = 0;
  const watch = createKeyWatch({
    declared: declareMetrics(),
    resolve: (name, type) => {
      if (type === "TXT") asked.set(name, (asked.get(name) ?? 0) + 1);
      return createFixedResolver(parseFixedZone({}))(name, type);
    },
    tell: () => {},
    now: () => nowMs,
  });
  const selectors = Array.from({ length: 100 }, (_, index) => `s${index}`);
  watch.watch(keysOf(...selectors));
  for (let tick = 0; tick < 5; tick += 1) {
    // Long enough that all of them, none of which passes, are due again.
    nowMs += 3_600_000;
    await watch.tick();
  }
  assert.deepEqual([...asked.values()], Array(100).fill(1));
});
