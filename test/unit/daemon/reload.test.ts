import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../src/config/load.ts";
import type { Problem } from "../../../src/config/source.ts";
import { createReload, type Reloadable } from "../../../src/daemon/reload.ts";
import type { ListedKeys } from "../../../src/reading/list-keys.ts";
import type { Settings } from "../../../src/reading/settings.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { shownBlock } from "../../support/document-blocks.ts";
import { filesOf, rsaPem, systemError } from "../signing/keys.ts";

const { config } = await loadConfig("/s.yaml", { files: { read: () => "", glob: (pattern) => [pattern] } });
assert.ok(config);
const files: Record<string, string | Error> = { "/d/a.example/s.pem": rsaPem };
const keysNow = () => loadKeyring({ dkim_key_dir: "/d" }, filesOf(files)).keyring;
const settings: Settings = {
  config,
  keyring: keysNow(),
  tables: { readFile: () => "", problem: () => undefined },
};
const warning: Problem = { severity: "warning", message: "odd", place: { file: "s.yaml", line: 2, column: 1 } };
const note: Problem = { severity: "note", message: "by the way" };

function setUp(
  load: () => Promise<ListedKeys>,
  take: Reloadable["reload"] = async () => ({ restart: [] }),
  inForce = settings,
) {
  const told: string[] = [];
  const events: string[] = [];
  let generation = 1;
  const daemon: Reloadable = {
    log: {
      format: "text",
      write: () => undefined,
      pass: () => undefined,
      reopen: () => events.push("log reopened"),
      close: async () => undefined,
      dropped: 0,
    },
    async reload(given) {
      events.push("reload");
      return take(given);
    },
    reloaded(result) {
      events.push(result);
      if (result === "success") generation += 1;
      return generation;
    },
  };
  const tell = (line: string) => told.push(line);
  const reload = createReload({ file: "s.yaml", load, daemon, settings: inForce, tell });
  return { reload: (how: "careful" | "forced" = "careful") => reload(how), told, events };
}

test("a good configuration is put in force, its warnings are told and its notes are not", async () => {
  const { reload, told, events } = setUp(async () => ({ settings, problems: [note, warning] }));
  assert.deepEqual(await reload(), {
    inForce: true,
    generation: 2,
    problems: ["s.yaml:2:1: warning: odd"],
    restart: [],
    changes: "nothing changed",
  });
  assert.deepEqual(told, ["s.yaml:2:1: warning: odd"]);
  assert.deepEqual(events, ["log reopened", "reload", "success"]);
});

test("settings that need a restart are named", async () => {
  const { reload, told } = setUp(
    async () => ({ settings, problems: [] }),
    async () => ({ restart: ["daemon_user", "listeners"] }),
  );
  assert.deepEqual((await reload()).restart, ["daemon_user", "listeners"]);
  assert.deepEqual(told, ["signpost: a restart is needed to put these in force: daemon_user, listeners"]);
});

const broken: readonly (readonly [string, () => Promise<ListedKeys>, Reloadable["reload"] | undefined, string])[] = [
  ["that has errors", async () => ({ problems: [warning] }), undefined, "s.yaml cannot be used"],
  ["that cannot be read", () => Promise.reject(new Error("EACCES")), undefined, "EACCES"],
  [
    "whose port cannot be had",
    async () => ({ settings, problems: [] }),
    () => Promise.reject(new Error("EADDRINUSE")),
    "EADDRINUSE",
  ],
];

for (const [what, load, take, reason] of broken) {
  test(`a configuration ${what} leaves the old one in force, and the log is begun anew all the same`, async () => {
    const { reload, told, events } = setUp(load, take);
    const report = await reload();
    assert.deepEqual([report.inForce, report.generation, report.reason], [false, 1, reason]);
    assert.equal(told.at(-1), `signpost: reload failed, the old configuration stays in force: ${reason}`);
    assert.deepEqual([events[0], events.at(-1)], ["log reopened", "failure"]);
  });
}

test("reloads come one after the other, also after one that failed", async () => {
  const waiting: PromiseWithResolvers<ListedKeys>[] = [];
  const { reload, events } = setUp(() => {
    waiting.push(Promise.withResolvers());
    return waiting.at(-1)?.promise ?? Promise.reject(new Error("none"));
  });
  const [first, second] = [reload(), reload()];
  while (waiting.length < 1) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(waiting.length, 1, "the second has not begun to read");
  waiting[0]?.reject(new Error("broken"));
  assert.equal((await first).inForce, false);
  while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve));
  waiting[1]?.resolve({ settings, problems: [] });
  assert.equal((await second).inForce, true);
  assert.deepEqual(events, ["log reopened", "failure", "log reopened", "reload", "success"]);
});

test("a configuration by which a working key is lost is refused, and taken by force", async (t) => {
  const before = { ...files };
  t.after(() => Object.assign(files, before));
  const { reload, told, events } = setUp(async () => ({
    settings: { ...settings, keyring: keysNow() },
    problems: [],
  }));
  files["/d/a.example/s.pem"] = systemError("EACCES");
  const refused = await reload();
  const lost = "a.example loses its key s: Can't open PEM file /d/a.example/s.pem: Permission denied";
  assert.deepEqual([refused.inForce, refused.problems], [false, [`error: ${lost}`]]);
  assert.match(refused.reason ?? "", /signpost reload --force/);
  assert.deepEqual(told[0], `error: ${lost}`);
  assert.ok(!events.includes("reload"));

  const forced = await reload("forced");
  assert.deepEqual([forced.inForce, forced.problems], [true, [`warning: ${lost}`]]);
  // From now on there is nothing left to lose.
  assert.deepEqual((await reload()).problems, []);
});

test("docs/keys.md shows how a lost key is told", async () => {
  const file = "/var/db/dkim/s1.pem";
  const keyring = (content: string | Error) =>
    loadKeyring({ dkim_keys: [{ domain: "example.com", selector: "s1", file }] }, filesOf({ [file]: content })).keyring;
  const { reload } = setUp(
    async () => ({ settings: { ...settings, keyring: keyring(systemError("EACCES")) }, problems: [] }),
    undefined,
    { ...settings, keyring: keyring(rsaPem) },
  );
  assert.deepEqual((await reload()).problems, [shownBlock("docs/keys.md", "error: example.com loses")]);
});
