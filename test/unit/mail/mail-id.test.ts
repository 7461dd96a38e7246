import assert from "node:assert/strict";
import { test } from "node:test";
import { createMailId } from "../../../src/mail/mail-id.ts";

test("ids have 72 bits in a form that is a good file name, and none comes twice", () => {
  // More than the random octets that are asked for at once, several times.
  const ids = Array.from({ length: 5000 }, createMailId);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9][A-Za-z0-9_-]{10}[A-Za-z0-9]$/);
  assert.equal(new Set(ids).size, ids.length);
});

test("each octet is used once: ids have no eight characters in common", () => {
  const ids = Array.from({ length: 2000 }, createMailId);
  // 48 bits: by chance that happens once in a hundred million runs.
  for (const start of [0, 2, 4]) assert.equal(new Set(ids.map((id) => id.slice(start, start + 8))).size, ids.length);
});
