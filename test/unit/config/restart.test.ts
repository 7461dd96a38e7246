import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { needsRestart } from "../../../src/config/restart.ts";

async function configOf(text: string) {
  const { config } = await loadConfig("/etc/signpost.yaml", { files: { read: () => text, glob: () => [] }, cwd: "/" });
  assert.ok(config);
  return config;
}

for (const [yaml, wanted] of [
  ["pool: { threads: 7, queue: 9 }", ["pool.threads", "pool.queue"]],
  ["spool: { memory: 1M }", ["spool.memory"]],
  ["log: { to: /var/log/x.log }", ["log.to"]],
  ["log: { format: json }", ["log.format"]],
  ["history: { retention: 1d }", ["history.retention"]],
  ["control: { socket: /run/x.sock }", ["control.socket"]],
  ["{ daemon_user: x, daemon_group: y, pid_file: /run/x.pid }", ["daemon_user", "daemon_group", "pid_file"]],
  ['{ unix_socket_mode: "0600", listen_queue_size: 5 }', ["unix_socket_mode", "listen_queue_size"]],
  ["syslog_ident: filter", ["syslog_ident"]],
  // Taken by a reload.
  ["dns: { servers: [192.0.2.1], timeout: 1s }", []],
  ["redis: { url: 'redis://192.0.2.1', timeout: 1s }", []],
  ["relay: { connections: 3 }", []],
  ["limits: { connections: 3 }", []],
  ["inet_socket_port: [10030]", []],
  ["metrics: { listen: 9999 }", []],
] as const) {
  test(`${yaml} ${wanted.length === 0 ? "is taken by a reload" : "takes a restart"}`, async () => {
    assert.deepEqual(needsRestart(await configOf("{}"), await configOf(yaml)), wanted);
    assert.deepEqual(needsRestart(await configOf(yaml), await configOf(yaml)), []);
  });
}
