import assert from "node:assert/strict";
import { test } from "node:test";
import { quantile, rate, Samples } from "../../../src/cli/samples.ts";
import { plain, statusLines } from "../../../src/cli/status-view.ts";

const before = new Samples(`
# TYPE signpost_messages_total counter
signpost_messages_total{bank="(base)",outcome="passed"} 10
signpost_message_duration_seconds_bucket{le="0.001"} 5
signpost_message_duration_seconds_bucket{le="0.01"} 10
signpost_message_duration_seconds_bucket{le="+Inf"} 10
`);
const after = new Samples(`
signpost_messages_total{bank="(base)",outcome="passed"} 30
signpost_messages_total{bank="ORIGINATING",outcome="passed"} 20
signpost_messages_total{bank="ORIGINATING",outcome="tempfailed"} 1
signpost_message_duration_seconds_bucket{le="0.001"} 5
signpost_message_duration_seconds_bucket{le="0.01"} 29
signpost_message_duration_seconds_bucket{le="+Inf"} 30
signpost_not_signed_total{reason="no-key-for-domain"} 7
signpost_key_published{domain="example.com",selector="s1"} 0
signpost_key_published{domain="example.com",selector="s2"} 1
signpost_keys{state="usable"} 2
signpost_keys{state="unavailable"} 0
signpost_keys_checked{result="pass"} 1
signpost_config_generation 3
signpost_config_last_reload_success 0
odd{label="quote \\" brace } and \\\\"} 1
signpost_spool_free_bytes NaN
`);
const looks = { before, after, seconds: 2 };

test("rates are growth per second, and a daemon started anew counts from 0", () => {
  assert.equal(rate(looks, "signpost_messages_total"), 20.5);
  assert.equal(rate(looks, "signpost_messages_total", { outcome: "tempfailed" }), 0.5);
  assert.equal(rate({ before: after, after: before, seconds: 1 }, "signpost_messages_total"), 10);
});

test("quantiles are those of the time in between", () => {
  assert.equal(quantile(looks, "signpost_message_duration_seconds", 0.5), 0.01);
  assert.equal(quantile(looks, "signpost_message_duration_seconds", 0.99), Number.POSITIVE_INFINITY);
  assert.equal(quantile({ ...looks, before: after }, "signpost_message_duration_seconds", 0.5), undefined);
});

test("labels are read with their escapes", () => {
  assert.deepEqual(after.all("odd"), [{ name: "odd", labels: { label: 'quote " brace } and \\' }, value: 1 }]);
});

test("the view tells what moves, what is wrong, and holds no NaN", () => {
  const facts = {
    version: "1.2",
    pid: 7,
    startedAtMs: 0,
    nowMs: 93_784_000,
    troubles: ["next_hop: gone"],
    processes: [],
    looks,
  };
  const text = statusLines(facts, plain).join("\n");
  assert.match(
    text,
    /^signpost 1\.2, pid 7, up 1 d 2 h, configuration 3, last reload failed: NOT READY\nnot ready: next_hop/,
  );
  assert.match(text, /^mail {8}20\.5\/s {3}passed 20\.0\/s \(50\), tempfailed 0\.5\/s \(1\)$/m);
  assert.match(text, /^ {12}in all 51 {3}time p50 10 ms, p99 longer$/m);
  assert.match(text, /^not signed {2}no-key-for-domain 3\.5\/s \(7\)$/m);
  assert.match(text, /^keys {8}2 configured, 1 published$/m);
  assert.match(text, /^ {12}not published: s1\._domainkey\.example\.com$/m);
  assert.doesNotMatch(text, /NaN|undefined|Infinity/);
});

test("a shared cache has a line where there is one, and says when it is away", () => {
  const facts = { version: "1.2", pid: 7, startedAtMs: 0, nowMs: 0, troubles: [], processes: [] };
  const line = (connected: number, configured: number) => {
    const later = new Samples(`
signpost_shared_cache_connections{state="configured"} ${configured}
signpost_shared_cache_connections{state="connected"} ${connected}
signpost_shared_cache_lookups_total{result="hit"} 6
signpost_shared_cache_lookups_total{result="miss"} 2
`);
    const lines = statusLines({ ...facts, looks: { before: new Samples(""), after: later, seconds: 2 } }, plain);
    return lines.filter((each) => each.startsWith("shared"));
  };
  assert.deepEqual(line(0, 0), []);
  assert.deepEqual(line(1, 1), ["shared      4.0/s asked of Redis, 75 % known there"]);
  assert.match(line(0, 1).join(), /; the server is away$/);
  assert.match(line(1, 2).join(), /; 1 of 2 processes connected$/);
});

test("several processes have a line each", () => {
  const running = { number: 1, pid: 8, isRunning: true, sinceMs: 0, restarts: 0 };
  const processes = [running, { ...running, number: 2, pid: Number.NaN, isRunning: false, restarts: 3 }];
  const facts = { version: "1.2", pid: 7, startedAtMs: 0, nowMs: 61_000, troubles: [], processes, looks };
  const text = statusLines(facts, plain).join("\n");
  assert.match(text, /^processes {3}1 {2}pid 8, up 1 min 1 s, .*; the main thread works 0\.0 % of its time$/m);
  assert.match(text, /^ {12}2 {2}not running for 1 min 1 s, is started again, 3 restarts$/m);
});

test("a next hop that mail waits for stands first, with its connections", () => {
  const facts = { version: "1.2", pid: 7, startedAtMs: 0, nowMs: 0, troubles: [], processes: [] };
  const later = new Samples(`
signpost_next_hop_replies_total{next_hop="smtp:[127.0.0.1]:10025",class="2xx",origin="next-hop"} 4
signpost_next_hop_busy{next_hop="smtp:[127.0.0.1]:10025"} 1
signpost_next_hop_limit{next_hop="smtp:[127.0.0.1]:10025"} 50
signpost_next_hop_busy{next_hop="smtp:[127.0.0.1]:10027"} 100
signpost_next_hop_limit{next_hop="smtp:[127.0.0.1]:10027"} 100
signpost_next_hop_waiting{next_hop="smtp:[127.0.0.1]:10027"} 7
`);
  const lines = statusLines({ ...facts, looks: { before: later, after: later, seconds: 1 } }, plain);
  const at = lines.findIndex((line) => line.startsWith("next hops"));
  assert.deepEqual(lines.slice(at, at + 2), [
    "next hops   smtp:[127.0.0.1]:10027  2xx 0.0/s  4xx 0.0/s  5xx 0.0/s   100 of 100 connections, 7 more wanted",
    "            smtp:[127.0.0.1]:10025  2xx 0.0/s  4xx 0.0/s  5xx 0.0/s   1 of 50 connections",
  ]);
});
