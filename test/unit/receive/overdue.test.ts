import assert from "node:assert/strict";
import { test } from "node:test";
import { isOverdue, type Waiting } from "../../../src/receive/overdue.ts";

const timeouts = { idleMs: 300_000, stressedIdleMs: 10_000, dataBlockMs: 180_000, dataMs: 3_600_000 };
const idle: Waiting = { timeouts, silentMs: 0, connections: 1, maxClients: 100, inTransaction: false };
const content = { lastingMs: 1000, sizeBytes: 100 };

const cases: readonly [what: string, waiting: Waiting, overdue: boolean][] = [
  ["a client that owes a command for as long as it may", { ...idle, silentMs: 300_000 }, false],
  ["and longer", { ...idle, silentMs: 300_001 }, true],
  ["80 of 100 connections are no crowd", { ...idle, silentMs: 10_001, connections: 80 }, false],
  ["in a crowd idle sessions have less time", { ...idle, silentMs: 10_001, connections: 81 }, true],
  ["but not within a mail", { ...idle, silentMs: 10_001, connections: 81, inTransaction: true }, false],
  ["content that stops", { ...idle, content, silentMs: 180_001 }, true],
  ["content is not held to the time of commands", { ...idle, content, silentMs: 10_001, connections: 99 }, false],
  ["content that takes an hour", { ...idle, content: { lastingMs: 3_600_001, sizeBytes: 1e9 } }, true],
  ["content that crawls, alone", { ...idle, content: { lastingMs: 61_000, sizeBytes: 61_000 } }, false],
  [
    "content that crawls while many wait",
    { ...idle, connections: 65, content: { lastingMs: 61_000, sizeBytes: 61_000 } },
    true,
  ],
  [
    "a kilobyte a second is no crawl",
    { ...idle, connections: 65, content: { lastingMs: 61_000, sizeBytes: 61 * 1024 } },
    false,
  ],
  ["the first minute", { ...idle, connections: 65, content: { lastingMs: 60_000, sizeBytes: 0 } }, false],
];
for (const [what, waiting, overdue] of cases) {
  test(`${what}: ${overdue ? "overdue" : "in time"}`, () => {
    assert.equal(isOverdue(waiting), overdue);
  });
}
