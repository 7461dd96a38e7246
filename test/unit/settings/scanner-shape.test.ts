import assert from "node:assert/strict";
import { test } from "node:test";
import { spamScanners, virusScanners } from "../../../src/settings/scanner-shape.ts";
import { reporter, type Shape } from "../../../src/settings/shape.ts";

function read<T>(shape: Shape<T>, value: unknown): { readonly value: T; readonly faults: readonly string[] } {
  const faults: string[] = [];
  return {
    value: shape.read(
      value,
      reporter((message, inside) => faults.push(`${inside.join(".")}: ${message}`)),
    ),
    faults,
  };
}

test("a scanner of ours has the defaults of its kind", () => {
  assert.deepEqual(read(virusScanners, [{ type: "clamd" }]), {
    value: [{ type: "clamd", name: "ClamAV", address: "/run/clamav/clamd.ctl", timeout: 30, connections: 10 }],
    faults: [],
  });
  const spam = { timeout: 30, score_factor: 1, mail_body_size_limit: null };
  assert.deepEqual(read(spamScanners, [{ type: "spamd" }, { type: "rspamd", score_factor: 0.5 }]).value, [
    { type: "spamd", name: "SpamAssassin", address: "127.0.0.1:783", connections: 5, ...spam },
    { type: "rspamd", name: "rspamd", address: "127.0.0.1:11333", connections: 20, ...spam, score_factor: 0.5 },
  ]);
});

test("the normal form reads as itself", () => {
  const virus = read(virusScanners, [{ name: "A", type: "clamd", address: "[::1]:3310", timeout: "1m" }]).value;
  assert.deepEqual(read(virusScanners, virus), { value: virus, faults: [] });
  const spam = read(spamScanners, [{ type: "rspamd", mail_body_size_limit: "64k" }]).value;
  assert.deepEqual(read(spamScanners, spam), { value: spam, faults: [] });
});

test("one scanner alone is a list of one, null is none", () => {
  assert.equal(read(virusScanners, { type: "clamd" }).value.length, 1);
  assert.deepEqual(read(virusScanners, null), { value: [], faults: [] });
});

test("each fault is told with its place", () => {
  const { faults } = read(virusScanners, [
    { type: "clamd", address: "x" },
    null,
    { type: "spamd" },
    ["S", "scan", "{}"],
  ]);
  assert.deepEqual(
    faults.map((fault) => fault.slice(0, fault.indexOf(":"))),
    ["0.address", "1", "2.type", "3"],
  );
});
