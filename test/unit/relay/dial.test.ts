import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { dialSocket } from "../../../src/relay/dial.ts";

const onread = { buffer: Buffer.alloc(1), callback: () => true };

test("a path is dialled as a unix socket", async () => {
  const socket = dialSocket({ protocol: "lmtp", path: "/nonexistent/lmtp" }, "192.0.2.1", onread);
  const [error] = await once(socket, "error");
  assert.deepEqual([error.code, error.address], ["ENOENT", "/nonexistent/lmtp"]);
});

test("host and port are dialled from the local address that was given", async () => {
  const socket = dialSocket({ protocol: "smtp", host: "127.0.0.1", port: 9 }, "192.0.2.1", onread);
  const [error] = await once(socket, "error");
  assert.equal(error.code, "EADDRNOTAVAIL");
});
