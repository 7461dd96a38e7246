import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import { openAtStart, type PlaceNeeds, placesOf } from "../../../src/daemon/listener-places.ts";
import { listenerKey } from "../../../src/daemon/listeners.ts";
import type { ListenerPlace } from "../../../src/daemon/part-options.ts";
import { createRouter } from "../../../src/policy/router.ts";
import type { ActingAs } from "../../../src/process/unix-user.ts";

async function places(text: string, needs: Partial<PlaceNeeds> = {}) {
  const files = { read: () => text, glob: (pattern: string) => [pattern] };
  const { config, problems } = await loadConfig("/etc/signpost/signpost.yaml", { files });
  assert.ok(config, problems.map(({ message }) => message).join("; "));
  const { atConnect } = createRouter(config, { readFile: () => "", problem: () => {} });
  const warnings: string[] = [];
  const warn = (line: string) => warnings.push(line);
  return { found: placesOf({ config, atConnect }, { sharesPorts: false, warn, ...needs }), warnings };
}

const three = `inet_socket_bind: [127.0.0.1]
inet_socket_port: [10024]
unix_socketname: [/run/mail.sock]
milter_listen: ["127.0.0.1:8891"]
`;

test("listens for SMTP, on unix sockets and for milters", async () => {
  const { found, warnings } = await places(three);
  assert.deepEqual(
    found.map((at) => [listenerKey(at), at.milter !== undefined]),
    [
      ["127.0.0.1:10024", false],
      ["/run/mail.sock", false],
      ["127.0.0.1:8891", true],
    ],
  );
  assert.deepEqual(warnings, []);
});

test("ports are shared among processes, unix sockets are not", async () => {
  const { found } = await places(three, { sharesPorts: true });
  assert.deepEqual(
    found.map(({ reusePort }) => reusePort),
    [true, undefined, true],
  );
});

test("takes the sockets that listen already", async () => {
  const handed = new Map([["127.0.0.1:10024", 3]]);
  const { found } = await places(three, { inherited: { take: (key) => handed.get(key) } });
  assert.deepEqual(
    found.map(({ descriptor }) => descriptor),
    [3, undefined, undefined],
  );
});

test("a listener whose bank wants a protocol that we do not speak is left out, with a warning", async () => {
  const { found, warnings } = await places(`${three}interface_policy: { "10024": PDP }
policy_bank: { PDP: { protocol: AM.PDP } }
`);
  assert.deepEqual(found.map(listenerKey), ["/run/mail.sock", "127.0.0.1:8891"]);
  assert.deepEqual(warnings, ["127.0.0.1:10024 stays closed: AM.PDP is not spoken here"]);
});

test("root opens only the ports that need root, the daemon's user all others", async () => {
  const events: string[] = [];
  let isRoot = false;
  const acting: ActingAs = {
    user: { uid: 1, gid: 1, groups: [1] },
    asRoot: (action) => action(),
    async whileRoot(action) {
      isRoot = true;
      const result = await action();
      isRoot = false;
      return result;
    },
    end: () => {},
  };
  const all = [25, 10024].map((port) => ({ address: "127.0.0.1", port }));
  const listeners = {
    async open(wanted: readonly ListenerPlace[]) {
      events.push(`${isRoot ? "root" : "user"} opens ${wanted.map(({ port }) => port)}`);
      return wanted;
    },
    keep: (wanted: readonly ListenerPlace[]) => void events.push(`keeps ${wanted.map(({ port }) => port)}`),
  };
  await openAtStart(listeners, all, acting);
  assert.deepEqual(events, ["root opens 25", "user opens 25,10024", "keeps 25,10024"]);
});
