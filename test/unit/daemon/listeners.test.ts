import assert from "node:assert/strict";
import { test } from "node:test";
import { createListeners, listenerKey } from "../../../src/daemon/listeners.ts";
import type { Listener } from "../../../src/receive/listener.ts";

/** Listeners that open when the test lets them, and what became of them. */
function createStage() {
  const listening = Promise.withResolvers<void>();
  const events: string[] = [];
  const broken = new Set<number>();
  const listeners = createListeners(({ port = 0 }): Listener => {
    const name = { address: "127.0.0.1", port };
    return {
      name,
      connections: 0,
      idlest: undefined,
      descriptor: port,
      retire: async () => void events.push(`retire ${port}`),
      stopAccepting: () => undefined,
      async listen() {
        events.push(`listen ${port}`);
        await listening.promise;
        if (broken.has(port)) throw new Error(`EADDRINUSE ${port}`);
        return name;
      },
      async drain(deadlineMs) {
        events.push(`drain ${port} ${deadlineMs}`);
        return 0;
      },
    };
  });
  return { listeners, events, broken, letListen: () => listening.resolve() };
}

test("a listener that comes up while all are drained is closed again", async () => {
  const { listeners, events, letListen } = createStage();
  const opening = listeners.open([{ address: "127.0.0.1", port: 1 }]);
  await listeners.drain(1000);
  letListen();
  await assert.rejects(opening, /shutting down/);
  assert.deepEqual(events, ["listen 1", "drain 1 0"]);
  assert.deepEqual(listeners.names, []);
});

test("no listener is opened after the drain", async () => {
  const { listeners, events, letListen } = createStage();
  letListen();
  await listeners.open([{ address: "127.0.0.1", port: 1 }]);
  await listeners.drain(1000);
  await assert.rejects(listeners.open([{ address: "127.0.0.1", port: 2 }]), /shutting down/);
  assert.deepEqual(events, ["listen 1", "drain 1 1000", "listen 2", "drain 2 0"]);
});

const at = (...ports: readonly number[]) => ports.map((port) => ({ address: "127.0.0.1", port }));

test("all listeners of a configuration are opened or none: those that were open stay", async () => {
  const { listeners, events, broken, letListen } = createStage();
  letListen();
  await listeners.open(at(1));
  listeners.keep(at(1), 1000);
  broken.add(3);
  await assert.rejects(listeners.open(at(1, 2, 3)), /EADDRINUSE 3/);
  assert.deepEqual(events, ["listen 1", "listen 2", "listen 3", "drain 2 0"]);
  assert.deepEqual(listeners.names, at(1));
});

test("what the configuration in force no longer names is closed as its sessions end", async () => {
  const { listeners, events, letListen } = createStage();
  letListen();
  await listeners.open(at(1, 2));
  assert.deepEqual(await listeners.open(at(2, 3)), at(3), "what is open is not opened again");
  listeners.keep(at(2, 3), 1000);
  assert.deepEqual(events.slice(3), ["drain 1 1000"]);
  assert.deepEqual(listeners.names, at(2, 3));
});

test("a listener that is wanted and not open is counted", async () => {
  const { listeners, letListen } = createStage();
  letListen();
  await listeners.open(at(1));
  listeners.keep(at(1, 2), 1000);
  assert.equal(listeners.closedCount(), 1);
  await listeners.shut(at(1));
  assert.equal(listeners.closedCount(), 2);
});

test("places are told apart by address, port and path", () => {
  assert.deepEqual([{ port: 25 }, { address: "::1", port: 25 }, { path: "/run/s.sock" }].map(listenerKey), [
    "*:25",
    "::1:25",
    "/run/s.sock",
  ]);
});

test("of all listeners the session that was idle for longest is sent home", async () => {
  const sent: number[] = [];
  const idle = new Map<number, number>([
    [2, 30],
    [3, 20],
  ]);
  const listeners = createListeners(({ port = 0 }) => ({
    name: { address: "127.0.0.1", port },
    connections: 1,
    listen: async () => ({ address: "127.0.0.1", port }),
    drain: async () => 0,
    get idlest() {
      const idleSinceMs = idle.get(port);
      if (idleSinceMs === undefined) return undefined;
      const sendHome = () => {
        idle.delete(port);
        sent.push(port);
      };
      return { idleSinceMs, sendHome };
    },
    retire: async () => undefined,
  }));
  await listeners.open(at(1, 2, 3));
  assert.deepEqual([listeners.makeRoom(), listeners.makeRoom(), listeners.makeRoom()], [true, true, false]);
  assert.deepEqual(sent, [3, 2]);
});

test("all sockets are left to another process, and none is opened afterwards", async () => {
  const { listeners, events, letListen } = createStage();
  letListen();
  await listeners.open(at(1, 2));
  assert.deepEqual(listeners.descriptors(), [1, 2]);
  await listeners.retire(1000);
  await assert.rejects(listeners.open(at(3)), /shutting down/);
  assert.deepEqual(events, ["listen 1", "listen 2", "retire 1", "retire 2", "listen 3", "drain 3 0"]);
});

test("milters start with the bank of the configuration in force; no place changes between SMTP and milters", async () => {
  const banks: (string | undefined)[] = [];
  const listeners = createListeners(({ port = 0, milter }) => ({
    name: { address: "127.0.0.1", port },
    connections: 0,
    listen: async () => ({ address: "127.0.0.1", port }),
    drain: async () => 0,
    retire: async () => undefined,
    ...(milter === undefined ? {} : { setBank: (bank: string | undefined) => void banks.push(bank) }),
  }));
  const milter = (port: number, bank?: string) =>
    at(port).map((each) => ({ ...each, milter: bank === undefined ? {} : { bank } }));
  await listeners.open(milter(1, "BEFORE"));
  await listeners.open(milter(1, "AFTER"));
  assert.deepEqual(banks, [], "it is not in force yet");
  listeners.keep(milter(1, "AFTER"), 1000);
  listeners.keep(milter(1), 1000);
  assert.deepEqual(banks, ["AFTER", undefined]);
  await assert.rejects(listeners.open(at(1)), /^Error: 127\.0\.0\.1:1 is open for milters, not for SMTP/);
  await assert.rejects(listeners.open([...at(2), ...milter(2)]), /127\.0\.0\.1:2 is open for SMTP, not for milters/);
  assert.deepEqual(listeners.names, at(1));
});
