import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkConfig } from "../../../src/cli/check-config.ts";
import { UsageError } from "../../../src/cli/command.ts";
import { firstConfig, ownNetworks } from "../../../src/cli/first-config.ts";
import { init } from "../../../src/cli/init.ts";
import { folderFor, run } from "./run.ts";

const place = ["--config", "etc/signpost.yaml", "--hostname", "mx.example.org"];

test("writes a configuration that check-config has nothing against, a key and its record", async (t) => {
  const folder = folderFor(t);
  const { code, stdout } = await run(init, [...place, "Example.ORG"], folder);
  assert.equal(code, 0);
  assert.match(stdout, /^s1\._domainkey\.example\.org\.\t3600 TXT \(\n {2}"v=DKIM1; p="/m);
  assert.match(stdout, /testkeys --config/);
  const config = readFileSync(join(folder, "etc/signpost.yaml"), "utf8");
  assert.match(config, /^myhostname: mx\.example\.org\nmydomain: example\.org$/m);
  assert.equal(statSync(join(folder, "etc/signpost.yaml")).mode & 0o777, 0o640);
  assert.equal(statSync(join(folder, "etc/keys/example.org/s1.pem")).mode & 0o137, 0);
  // Root's check looks as the daemon's user, who may not enter a private temporary folder.
  chmodSync(folder, 0o755);
  const checked = await run(checkConfig, ["--config", "etc/signpost.yaml"], folder);
  assert.equal(checked.code, 0);
  assert.doesNotMatch(checked.stderr, /error|warning/);
});

test("asks for the domain", async (t) => {
  const folder = folderFor(t);
  const { code, stderr, stdout } = await run(init, place, folder, "example.net");
  assert.equal(code, 0);
  assert.match(stderr, /^The domain of your mail addresses/);
  assert.match(stdout, /s1\._domainkey\.example\.net/);
});

test("leaves what is there as it is, and adds the key of one more domain", async (t) => {
  const folder = folderFor(t);
  await run(init, [...place, "example.org"], folder);
  const file = (name: string) => readFileSync(join(folder, "etc", name), "utf8");
  const before = [file("signpost.yaml"), file("keys/example.org/s1.pem")];
  const again = await run(init, [...place, "example.org"], folder);
  assert.equal(again.code, 0);
  assert.match(again.stderr, /signpost\.yaml is there already: left as it is\nexample\.org has a key already/);
  const more = await run(init, [...place, "--selector", "k2", "example.com"], folder);
  assert.equal(more.code, 0);
  assert.match(more.stdout, /k2\._domainkey\.example\.com/);
  assert.deepEqual([file("signpost.yaml"), file("keys/example.org/s1.pem")], before);
});

test("makes no key where the configuration has no folder for it, or one that cannot be used", async (t) => {
  const folder = folderFor(t);
  mkdirSync(join(folder, "etc/keys/example.org"), { recursive: true });
  writeFileSync(join(folder, "etc/signpost.yaml"), "dkim_keys: []\n");
  const none = await run(init, [...place, "example.org"], folder);
  assert.deepEqual([none.code, /has no dkim_key_dir/.test(none.stderr)], [78, true]);
  writeFileSync(join(folder, "etc/signpost.yaml"), "mydomian: example.org\n");
  const broken = await run(init, [...place, "example.org"], folder);
  assert.deepEqual([broken.code, /cannot be used: signpost check-config/.test(broken.stderr)], [78, true]);
});

for (const args of [["example"], ["a b.example"], ["--selector", "s.1", "example.org"], ["example.org", "more"], []]) {
  test(`is not content with ${JSON.stringify(args)}`, async (t) => {
    await assert.rejects(run(init, [...place, ...args], folderFor(t)), UsageError);
  });
}

test("examples/signpost.yaml is what init writes, before there is a key", () => {
  const text = firstConfig({
    domain: "example.com",
    hostname: undefined,
    networks: ownNetworks,
    keyFolder: undefined,
    historyFile: undefined,
  });
  assert.equal(readFileSync(join(import.meta.dirname, "../../../examples/signpost.yaml"), "utf8"), text);
});
