import assert from "node:assert/strict";
import { test } from "node:test";
import { createServiceManager } from "../../../src/process/service-manager.ts";

const socket = { NOTIFY_SOCKET: "/run/systemd/notify" };

interface Told {
  readonly sent: (readonly string[])[];
  readonly complaints: string[];
}

function managed(environment: Parameters<typeof createServiceManager>[0], trouble?: string) {
  const told: Told = { sent: [], complaints: [] };
  const manager = createServiceManager(
    environment,
    (reason) => told.complaints.push(reason),
    async (variables) => {
      told.sent.push(variables);
      if (trouble !== undefined) throw new Error(trouble);
    },
  );
  return { ...told, manager };
}

/** Messages wait for those before them. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test("says in order what becomes of the service", async () => {
  const { manager, sent } = managed(socket);
  manager.ready();
  manager.reloading();
  manager.ready();
  manager.stopping();
  manager.close();
  await settled();
  assert.deepEqual(
    sent.map(([first]) => first),
    ["READY=1", "RELOADING=1", "READY=1", "STOPPING=1"],
  );
  assert.match(sent[1]?.[1] ?? "", /^MONOTONIC_USEC=\d+$/);
});

test("a process that took another's place is the service, and that is known when it says so", async () => {
  const { manager, sent } = managed(socket);
  await manager.ready(4711);
  assert.deepEqual(sent, [["MAINPID=4711", "READY=1"]]);
});

test("says nothing where no manager asked", async () => {
  const { manager, sent } = managed({});
  manager.ready();
  manager.stopping();
  await settled();
  assert.deepEqual(sent, []);
});

for (const [what, more, wanted] of [
  ["three times in the manager's interval", { WATCHDOG_USEC: "60000000" }, 3],
  ["for this process alone", { WATCHDOG_USEC: "60000000", WATCHDOG_PID: "1" }, 0],
  ["for this process by its pid", { WATCHDOG_USEC: "60000000", WATCHDOG_PID: String(process.pid) }, 3],
  ["only where it is asked for", {}, 0],
  ["only for an interval that is one", { WATCHDOG_USEC: "soon" }, 0],
] as const) {
  test(`feeds the watchdog ${what}`, async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { manager, sent } = managed({ ...socket, ...more });
    manager.ready();
    manager.ready();
    t.mock.timers.tick(60_000);
    await settled();
    manager.close();
    t.mock.timers.tick(60_000);
    await settled();
    assert.equal(sent.filter(([first]) => first === "WATCHDOG=1").length, wanted);
  });
}

test("complains once of a manager that cannot be told", async () => {
  const { manager, complaints } = managed(socket, "spawn systemd-notify ENOENT");
  manager.ready();
  manager.stopping();
  await settled();
  assert.deepEqual(complaints, ["the service manager cannot be told READY=1: spawn systemd-notify ENOENT"]);
});
