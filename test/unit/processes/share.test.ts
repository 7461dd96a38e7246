import assert from "node:assert/strict";
import { test } from "node:test";
import { dealtOut, shareOf, threadsOf } from "../../../src/processes/share.ts";
import { defaultSettings } from "../../../src/reading/load-settings.ts";

for (const [processes, cores, threads] of [
  [1, 8, 7],
  [2, 8, 3],
  [4, 8, 1],
  [2, 2, 1],
  [16, 4, 1],
] as const) {
  test(`${processes} processes on ${cores} cores have ${threads} worker thread(s) each`, () => {
    assert.equal(threadsOf(processes, cores), threads);
  });
}

test("a share of the connections has room for chance, and is never more than all of them", () => {
  assert.equal(dealtOut(110, 2), 76);
  assert.equal(dealtOut(2000, 4), 590);
  assert.equal(dealtOut(4, 2), 4);
  for (const connections of [1, 10, 1000]) assert.equal(dealtOut(connections, 1), connections);
});

test("what is done once is left to the supervisor, and unix sockets to the first process", async () => {
  const { config } = await defaultSettings();
  const whole = {
    ...config,
    pid_file: "/run/x.pid",
    metrics: { listen: "127.0.0.1:9925", names: [], docs: null },
    unix_socketname: ["/run/a"],
    listen_sockets: ["127.0.0.1:10030", "/run/b"],
  };
  const first = shareOf(whole, { number: 1, of: 2 });
  const second = shareOf(whole, { number: 2, of: 2 });
  for (const share of [first, second]) {
    assert.equal(share.pid_file, null);
    assert.equal(share.metrics.listen, null);
    assert.equal(share.spool.memory, config.spool.memory / 2);
    assert.equal(share.relay.connections, config.relay.connections / 2);
    assert.equal(share.relay.connections_per_next_hop, config.relay.connections_per_next_hop / 2);
  }
  assert.deepEqual([first.unix_socketname, first.listen_sockets], [whole.unix_socketname, whole.listen_sockets]);
  assert.deepEqual([second.unix_socketname, second.listen_sockets], [[], ["127.0.0.1:10030"]]);
});
