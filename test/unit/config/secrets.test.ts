import assert from "node:assert/strict";
import { test } from "node:test";
import { compileConfig } from "../../../src/config/compile.ts";
import { printConfig } from "../../../src/config/print.ts";
import { secretPaths, withoutSecrets } from "../../../src/config/secrets.ts";
import type { ConfigSource } from "../../../src/config/source.ts";

const source: ConfigSource = {
  settings: {
    dkim_keys: [{ domain: "example.com", selector: "a", key: "SECRET-1" }],
    redis: { url: "redis://user:SECRET-2@localhost:6379/1" },
    amavis_auth_pass: "SECRET-3",
    interface_policy: { "10024": "A" },
    policy_bank: { A: { attachment_password: "SECRET-4" } },
  },
  problems: [],
  locate: () => undefined,
};
const { config } = compileConfig(source, { hostname: "mail.example.com", folder: "/" });

test("every secret is found, and none is printed", () => {
  assert.ok(config !== undefined);
  assert.deepEqual(
    secretPaths(config, source).map((path) => path.join(".")),
    ["dkim_keys.0.key", "redis.url", "amavis_auth_pass", "policy_bank.A.attachment_password"],
  );
  const text = printConfig(withoutSecrets(config));
  assert.doesNotMatch(text, /SECRET/);
  assert.match(text, /redis:\/\/user:hidden@localhost:6379\/1/);
});

test("the password of a socket's URL is hidden, too; what holds none stays", () => {
  assert.ok(config !== undefined);
  const socket = { ...config, redis: { ...config.redis, url: "unix:///run/redis.sock?db=1&password=SECRET" } };
  assert.equal(withoutSecrets(socket).redis.url, "unix:///run/redis.sock?db=1&password=hidden");
  const plain = { ...config, redis: { ...config.redis, url: "redis://localhost:6379" } };
  assert.equal(withoutSecrets(plain).redis.url, "redis://localhost:6379");
});
