import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequest } from "../../../src/control/protocol.ts";
import { commandSocketPaths, daemonSocketPath } from "../../../src/control/socket-path.ts";

const lines: readonly (readonly [string, unknown])[] = [
  ['{"command":"reload"}', { command: "reload" }],
  ['{"command":"reload","file":"/a"}', { command: "reload", file: "/a" }],
  ['{"command":"reload","file":1}', { command: "reload" }],
  ['{"command":"reload","file":"/a","force":true}', { command: "reload", file: "/a", force: true }],
  ['{"command":"reload","force":"yes"}', { command: "reload" }],
  ['{"command":"status"}', { command: "status" }],
  ['{"command":"why","id":"abc"}', { command: "why", id: "abc" }],
  ['{"command":"why"}', "why needs an id"],
  ['{"command":"why","id":""}', "why needs an id"],
  ['{"command":"log","limit":3}', { command: "log", limit: 3 }],
  ['{"command":"log","limit":3,"match":"x"}', { command: "log", limit: 3, match: "x" }],
  ['{"command":"log","limit":-1}', "log needs a limit"],
  ['{"command":"log","limit":1e999}', { command: "log", limit: Number.POSITIVE_INFINITY }],
  ['{"command":"release","id":"m1"}', { command: "release", id: "m1", again: false }],
  [
    '{"command":"release","id":"m1","secretId":"s","to":["a@b"],"again":true}',
    { command: "release", id: "m1", secretId: "s", to: ["a@b"], again: true },
  ],
  ['{"command":"release"}', "release needs an id"],
  ['{"command":"release","id":"m1","to":[]}', "release to addresses"],
  ['{"command":"release","id":"m1","to":["a@b> X"]}', "release to addresses"],
  ['{"command":"release","id":"m1","to":["a\\r\\n@b"]}', "release to addresses"],
  ['{"command":"stop"}', "unknown command"],
  ['{"command":{}}', "unknown command"],
  ["[]", "no command"],
  ["null", "no command"],
  ["", "not a line of JSON"],
  ["GET / HTTP/1.1", "not a line of JSON"],
];

for (const [line, request] of lines) {
  test(`request ${line}`, () => assert.deepEqual(readRequest(line), request));
}

const place = { configured: null, runtimeDirectory: undefined, temporaryFolder: "/tmp", uid: 7 };

test("the socket is where it is configured, else in the runtime directory, else in a folder of our own", () => {
  assert.equal(daemonSocketPath({ ...place, configured: "/a.sock" }), "/a.sock");
  assert.equal(daemonSocketPath({ ...place, runtimeDirectory: "/run/x:/run/y" }), "/run/x/control.sock");
  assert.equal(daemonSocketPath(place), "/tmp/signpost-7/control.sock");
});

test("a command looks where a service would have it, too", () => {
  assert.deepEqual(commandSocketPaths(place), ["/run/signpost/control.sock", "/tmp/signpost-7/control.sock"]);
  assert.deepEqual(commandSocketPaths({ ...place, configured: "/a.sock" }), ["/a.sock"]);
});
