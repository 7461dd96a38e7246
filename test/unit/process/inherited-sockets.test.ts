import assert from "node:assert/strict";
import { test } from "node:test";
import { type InheritedSystem, inheritedSockets } from "../../../src/process/inherited-sockets.ts";

// As the kernel prints them: 127.0.0.1:10024 listening, the same port with a connection, ::1:10026, 0.0.0.0:25, [::]:587.
const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2728 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1001 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2728 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 1009 1 0000000000000000 20 4 0 10 -1
   2: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1003 1 0000000000000000 100 0 0 10 0
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:272A 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1002 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000000000000:024B 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1004 1 0000000000000000 100 0 0 10 0
   2: B80D0120000000000000000001000000:0001 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1006 1 0000000000000000 100 0 0 10 0
`;
const unix = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 1005 /run/signpost/mail.sock
0000000000000000: 00000002 00000000 00010000 0001 01 1007 @abstract
`;

function sockets(env: Record<string, string>, isSuccessor: boolean, inodes: readonly string[]) {
  const closed: number[] = [];
  const system: InheritedSystem = {
    inode: (descriptor) => inodes[descriptor - 3],
    table: (name) => ({ tcp, tcp6, unix })[name],
    close: (descriptor) => void closed.push(descriptor),
  };
  return { found: inheritedSockets(env, isSuccessor, system), closed };
}

test("sockets are found by where they listen, each once", () => {
  const { found, closed } = sockets({ LISTEN_FDS: "6" }, true, ["1001", "1002", "1003", "1004", "1005", "1006"]);
  const keys = ["127.0.0.1:10024", "::1:10026", "*:25", "*:587", "/run/signpost/mail.sock", "2001:db8::1:1"];
  assert.deepEqual(keys.map(found.take), [3, 4, 5, 6, 7, 8]);
  assert.deepEqual(
    keys.map(found.take),
    keys.map(() => undefined),
  );
  assert.deepEqual([found.closeRest(), closed], [[], []]);
});

test("processes of our own get what nobody took", () => {
  const { found } = sockets({ LISTEN_FDS: "2" }, true, ["1001", "1003"]);
  assert.deepEqual([found.has("*:25"), found.has("127.0.0.1:25"), found.descriptors()], [true, false, [3, 4]]);
  found.take("*:25");
  assert.deepEqual([found.has("*:25"), found.descriptors()], [false, [3]]);
});

test("what nobody takes is closed and named, what is no listening socket too", () => {
  const { found, closed } = sockets({ LISTEN_FDS: "3" }, true, ["1001", "1009", ""]);
  assert.equal(found.take("127.0.0.1:10026"), undefined);
  assert.deepEqual(found.closeRest(), ["127.0.0.1:10024", "descriptor 4", "descriptor 5"]);
  assert.deepEqual(closed, [3, 4, 5]);
  assert.deepEqual(found.closeRest(), []);
});

for (const [what, env, takes] of [
  ["for us", { LISTEN_FDS: "1", LISTEN_PID: String(process.pid) }, 3],
  ["for another process", { LISTEN_FDS: "1", LISTEN_PID: String(process.pid + 1) }, undefined],
  ["for nobody", { LISTEN_FDS: "1" }, undefined],
  ["none", { LISTEN_PID: String(process.pid) }, undefined],
  ["no number of them", { LISTEN_FDS: "all", LISTEN_PID: String(process.pid) }, undefined],
] as const) {
  test(`systemd's sockets that are meant ${what}: ${takes === undefined ? "left alone" : "taken"}`, () => {
    const { found } = sockets(env, false, ["1001"]);
    assert.equal(found.take("127.0.0.1:10024"), takes);
  });
}
