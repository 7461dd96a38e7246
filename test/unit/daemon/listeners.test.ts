import assert from "node:assert/strict";
import { test } from "node:test";
import { createListeners } from "../../../src/daemon/listeners.ts";
import type { Listener } from "../../../src/receive/listener.ts";

/** Doors whose listeners come up when they are let, and what became of them. */
function createStage() {
  const listening = Promise.withResolvers<void>();
  const events: string[] = [];
  const doors = createListeners(({ port = 0 }): Listener => {
    const name = { address: "127.0.0.1", port };
    return {
      name,
      connections: 0,
      stopAccepting: () => undefined,
      async listen() {
        events.push(`listen ${port}`);
        await listening.promise;
        return name;
      },
      async drain(deadlineMs) {
        events.push(`drain ${port} ${deadlineMs}`);
        return 0;
      },
    };
  });
  return { doors, events, letListen: () => listening.resolve() };
}

test("a door that comes up while all are drained is closed again", async () => {
  const { doors, events, letListen } = createStage();
  const opening = doors.open([{ address: "127.0.0.1", port: 1 }]);
  await doors.drain(1000);
  letListen();
  await assert.rejects(opening, /shutting down/);
  assert.deepEqual(events, ["listen 1", "drain 1 0"]);
  assert.deepEqual(doors.names, []);
});

test("no door is opened after the drain", async () => {
  const { doors, events, letListen } = createStage();
  letListen();
  await doors.open([{ address: "127.0.0.1", port: 1 }]);
  await doors.drain(1000);
  await assert.rejects(doors.open([{ address: "127.0.0.1", port: 2 }]), /shutting down/);
  assert.deepEqual(events, ["listen 1", "drain 1 1000", "listen 2", "drain 2 0"]);
});
