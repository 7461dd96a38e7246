import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPeerAddress, parsePeerAddress } from "../../../src/settings/peer-address.ts";

test("reads addresses with a port and paths of unix sockets", () => {
  const taken = {
    "127.0.0.1:3310": { host: "127.0.0.1", port: 3310 },
    "[::1]:783": { host: "::1", port: 783 },
    "scanner.example.com:11333": { host: "scanner.example.com", port: 11333 },
    "/run/clamav/clamd.ctl": { path: "/run/clamav/clamd.ctl" },
  };
  for (const [text, address] of Object.entries(taken)) {
    assert.deepEqual(parsePeerAddress(text), address, text);
    assert.equal(formatPeerAddress(address), text);
  }
});

test("takes nothing else", () => {
  for (const text of [
    "",
    "3310",
    "127.0.0.1",
    ":3310",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "::1:783",
    "[127.0.0.1]:1",
    "[x]:1",
  ])
    assert.equal(parsePeerAddress(text), undefined, text);
  assert.equal(parsePeerAddress(`/${"x".repeat(107)}`), undefined);
});
