import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type LocalStore, openLocalStore } from "../../../src/correspondence/local-store.ts";
import { workerUrl } from "../../../src/process/module-url.ts";
import { temporaryFolder } from "../../support/quarantine.ts";

function open(file: string, troubles: string[] = []): LocalStore {
  return openLocalStore({
    file,
    keepMs: 1000,
    worker: workerUrl("sent-mail"),
    patienceMs: 30_000,
    onTrouble: (error) => troubles.push(error.message),
  });
}

test("times outlive the process, the later one counts, old ones go", async (t) => {
  const file = join(temporaryFolder(t), "sent.sqlite");
  const first = open(file);
  first.note(["a", "b"], 5000);
  first.note(["a"], 4900);
  assert.deepEqual(await first.when(["a", "b", "c"]), [5000, 5000, undefined]);
  await first.close();
  const second = open(file);
  assert.deepEqual(await second.when(["a"]), [5000]);
  second.note(["c"], 6001);
  assert.deepEqual(await second.when(["a", "c"]), [undefined, 6001]);
  await second.close();
  assert.deepEqual(await second.when(["c"]), [undefined], "nobody knows any more");
});

test("a file that cannot be had is told once, and nothing is known", async (t) => {
  const folder = temporaryFolder(t);
  const troubles: string[] = [];
  const store = open(join(folder, "none", "sent.sqlite"), troubles);
  assert.deepEqual(await store.when(["a"]), [undefined]);
  store.note(["a"], 1);
  assert.deepEqual(await store.when(["a"]), [undefined]);
  await store.close();
  assert.equal(troubles.length, 1);
  assert.match(troubles[0] ?? "", /ENOENT/);
});

test("a file that is no database is set aside", async (t) => {
  const file = join(temporaryFolder(t), "sent.sqlite");
  writeFileSync(file, "x".repeat(10_000));
  const store = open(file);
  store.note(["a"], 5000);
  assert.deepEqual(await store.when(["a"]), [5000]);
  await store.close();
});
