import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionsFor, openFileLimit, watchDescriptors } from "../../../src/process/descriptors.ts";

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             127203               127203               processes
Max open files            ${soft.padEnd(20)} 1048576              files
`;

test("the soft limit is what holds", () => {
  assert.equal(
    openFileLimit(() => limits("1024")),
    1024,
  );
  assert.equal(
    openFileLimit(() => limits("unlimited")),
    Number.POSITIVE_INFINITY,
  );
});

test("where the system does not tell, there is no limit", () => {
  const unreadable = () => {
    throw new Error("ENOENT");
  };
  assert.equal(openFileLimit(unreadable), Number.POSITIVE_INFINITY);
  assert.equal(
    openFileLimit(() => ""),
    Number.POSITIVE_INFINITY,
  );
});

test("each connection has three descriptors, and sixty-four are kept for the rest", () => {
  assert.equal(connectionsFor(16384), 5440);
  assert.equal(connectionsFor(1024), 320);
  assert.equal(connectionsFor(64), 1);
  assert.equal(connectionsFor(52, 40), 3);
  assert.equal(connectionsFor(40, 40), 1);
  assert.equal(connectionsFor(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
});

function watched() {
  const system = { nowMs: 0, openFiles: 1024 };
  const watch = watchDescriptors({ now: () => system.nowMs, limit: () => system.openFiles, inUse: () => 40 });
  return { system, watch };
}

test("a limit that is lowered, or raised, while we run is seen within a second", () => {
  const { system, watch } = watched();
  assert.equal(watch.most(0), 320);
  system.openFiles = 98;
  assert.equal(watch.most(0), 320);
  system.nowMs = 1000;
  assert.equal(watch.most(0), 14);
  system.openFiles = 1024;
  system.nowMs = 2000;
  assert.equal(watch.most(14), 320);
});

test("a lowered limit is seen at once where a descriptor was wanted in vain", () => {
  const { system, watch } = watched();
  system.openFiles = 98;
  system.nowMs = 50;
  watch.short();
  assert.equal(watch.most(40), 14);
});

test("where others use descriptors up, half of the connections are to go, once a second, for ten seconds", () => {
  const { system, watch } = watched();
  system.nowMs = 2000;
  watch.short();
  assert.equal(watch.most(40), 20);
  watch.short();
  assert.equal(watch.most(20), 20);
  system.nowMs = 3000;
  watch.short();
  assert.equal(watch.most(20), 10);
  system.nowMs = 12_999;
  assert.equal(watch.most(10), 10);
  system.nowMs = 13_000;
  assert.equal(watch.most(10), 320);
});

test("what was wanted in vain a while ago, when nobody asked, is no reason to send anybody home", () => {
  const { system, watch } = watched();
  watch.short();
  system.nowMs = 1000;
  assert.equal(watch.most(2), 320);
});

test("a limit that is raised ends what was short before, and is seen when a connection would have to go", () => {
  const { system, watch } = watched();
  system.openFiles = 41;
  system.nowMs = 100;
  watch.short();
  system.openFiles = 1024;
  system.nowMs = 150;
  assert.equal(watch.most(6), 320);
});
