import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionsFor, openFileLimit } from "../../../src/process/descriptors.ts";

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
  assert.equal(connectionsFor(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
});
