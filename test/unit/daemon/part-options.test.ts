// What each part is told of a configuration: one row per setting that is handed on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import {
  dnsBudget,
  listenAddresses,
  listenerOptions,
  relayOptions,
  resolverOptions,
  sharedCacheOptions,
  storeLimits,
  verdictCacheOptions,
  workerThreads,
} from "../../../src/daemon/part-options.ts";
import { createRouter } from "../../../src/policy/router.ts";

async function configOf(text: string) {
  const files = { read: () => text, glob: (pattern: string) => [pattern] };
  const { config, problems } = await loadConfig("/etc/signpost/signpost.yaml", { files });
  assert.ok(config, problems.map(({ message }) => message).join("; "));
  const router = createRouter(config, { readFile: () => "", problem: () => {} });
  return {
    dns: resolverOptions(config),
    budget: dnsBudget(config),
    shared: sharedCacheOptions(config),
    verdicts: verdictCacheOptions(config),
    relay: relayOptions(config),
    spool: storeLimits(config),
    doors: listenAddresses(config),
    door: listenerOptions(config, router.base),
  };
}

type Slices = Awaited<ReturnType<typeof configOf>>;

const rows: readonly (readonly [yaml: string, look: (slices: Slices) => unknown, wanted: unknown])[] = [
  ['dns: { servers: ["192.0.2.1"] }', ({ dns }) => dns.servers, [{ address: "192.0.2.1", port: 53 }]],
  ["dns: { timeout: 1.5s }", ({ dns }) => dns.timeoutMs, 1500],
  ["dns: { tries: 3 }", ({ dns }) => dns.tries, 3],
  ["dns: { lookup_timeout: 7s }", ({ dns }) => dns.deadlineMs, 7000],
  ["dns: { cache_entries: 5 }", ({ dns }) => dns.maxCacheEntries, 5],
  ["dns: { cache_size: 1M }", ({ dns }) => dns.maxCacheBytes, 1024 ** 2],
  ["dns: { max_ttl: 5m }", ({ dns }) => dns.maxTtlSeconds, 300],
  ["dns: { negative_ttl: 3s }", ({ dns }) => dns.maxNegativeTtlSeconds, 3],
  ["dns: { pending: 9 }", ({ dns }) => dns.maxPending, 9],
  ["redis: { timeout: 2s }", ({ budget }) => budget.lookupMs, 7000],
  [
    "redis: { url: 'rediss://h/2', prefix: x, timeout: 1s }",
    ({ shared }) => shared,
    { place: { at: { host: "h", port: 6379, isTls: true }, database: 2 }, prefix: "x", timeoutMs: 1000 },
  ],
  ["spam_check_negative_ttl: 0", ({ verdicts }) => verdicts.ttls.ham, 0],
  ["spam_check_positive_ttl: 5m", ({ verdicts }) => verdicts.ttls.spam, 300_000],
  ["virus_check_negative_ttl: 1", ({ verdicts }) => verdicts.ttls.clean, 1000],
  ["virus_check_positive_ttl: 1h", ({ verdicts }) => verdicts.ttls.infected, 3_600_000],
  ["verdict_cache_key: body", ({ verdicts }) => verdicts.key, "body"],
  ["relay: { connections: 3 }", ({ relay }) => relay.maxConnections, 3],
  [
    "relay: { connections_per_next_hop: 3 }",
    ({ relay }) => [relay.maxConnectionsPerHop, relay.maxMailsPerHop],
    [3, 1000],
  ],
  ["limits: { connections: 100 }", ({ relay }) => [relay.maxConnectionsPerHop, relay.maxMailsPerHop], [50, 50]],
  ["relay: { connect_timeout: 2s }", ({ relay }) => relay.timeouts?.connect, 2000],
  ["relay: { command_timeout: 2s }", ({ relay }) => relay.timeouts?.command, 2000],
  ["relay: { data_timeout: 2s }", ({ relay }) => relay.timeouts?.data, 2000],
  ["relay: { block_timeout: 2s }", ({ relay }) => relay.timeouts?.block, 2000],
  ["relay: { final_timeout: 2s }", ({ relay }) => relay.timeouts?.finalDot, 2000],
  ["smtp_connection_cache_enable: false", ({ relay }) => relay.keepsConnections, false],
  ["localhost_name: filter.example", ({ relay }) => relay.localhost_name, "filter.example"],
  ["spool: { dir: /var/spool/signpost }", ({ spool }) => spool.spoolDirectory, "/var/spool/signpost"],
  ["spool: { message_memory: 1M }", ({ spool }) => spool.bodyMemoryBytes, 1024 ** 2],
  ["spool: { memory: 2M }", ({ spool }) => spool.memoryBudgetBytes, 2 * 1024 ** 2],
  ["spool: { free_space: 3M }", ({ spool }) => spool.minFreeBytes, 3 * 1024 ** 2],
  ['inet_socket_bind: "*"', ({ doors }) => doors, [{ port: 10024 }]],
  ["listen_queue_size: 7", ({ doors }) => doors, [{ address: "127.0.0.1", port: 10024, backlog: 7 }]],
  [
    '{ inet_socket_port: [], unix_socketname: /run/signpost/smtp, unix_socket_mode: "0600" }',
    ({ doors }) => doors,
    [{ path: "/run/signpost/smtp", mode: 0o600 }],
  ],
  [
    '{ inet_socket_port: [], listen_sockets: ["[::1]:10026", ":10028", /run/signpost/lmtp] }',
    ({ doors }) => doors,
    [{ address: "::1", port: 10026 }, { port: 10028 }, { path: "/run/signpost/lmtp", mode: 0o660 }],
  ],
  ["smtpd_recipient_limit: 5", ({ door }) => door.smtpd_recipient_limit, 5],
  ["smtpd_timeout: 4m", ({ door }) => door.timeouts.idleMs, 240_000],
  ["smtpd_message_size_limit: 1k", ({ door }) => door.smtpd_message_size_limit, 65536],
  [
    "{ smtpd_message_size_limit: 1k, enforce_smtpd_message_size_limit_64kb_min: false }",
    ({ door }) => door.smtpd_message_size_limit,
    1024,
  ],
  ["smtpd_message_size_limit: null", ({ door }) => door.smtpd_message_size_limit, 0],
  ["limits: { header_size: 10k }", ({ door }) => door.headerLimits.maxBytes, 10240],
  ["limits: { header_fields: 50 }", ({ door }) => door.headerLimits.maxFields, 50],
  ["limits: { header_refused: 1M }", ({ door }) => door.maxHeaderBytes, 1024 ** 2],
  ["limits: { connections: 7 }", ({ door }) => door.maxClients, 7],
  ["limits: { command_line: 1000 }", ({ door }) => door.maxCommandOctets, 1000],
  ["limits: { errors: 3 }", ({ door }) => door.maxErrors, 3],
  ["limits: { data_time: 20s }", ({ door }) => door.timeouts.dataMs, 20_000],
  ["limits: { data_block_time: 3s }", ({ door }) => door.timeouts.dataBlockMs, 3000],
  ["limits: { stressed_idle: 2s }", ({ door }) => door.timeouts.stressedIdleMs, 2000],
];

for (const [yaml, look, wanted] of rows) {
  test(`${yaml.replace(/^\{ (.*) \}$/, "$1")} reaches the part it is for`, async () => {
    const before = look(await configOf("{}"));
    const after = look(await configOf(yaml));
    assert.deepEqual(after, wanted);
    // A row that shows what is there anyway shows nothing.
    assert.notDeepEqual(before, after);
  });
}

for (const [wanted, cores, threads] of [
  [null, 1, 1],
  [null, 2, 1],
  [null, 8, 7],
  [1, 8, 1],
  [8, 8, 7],
  [2, 2, 1],
] as const) {
  test(`on ${cores} core(s), ${wanted ?? "nothing"} wanted: ${threads} worker thread(s)`, () => {
    assert.equal(workerThreads(wanted, cores), threads);
  });
}
