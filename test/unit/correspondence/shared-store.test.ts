import assert from "node:assert/strict";
import { test } from "node:test";
import { createSharedStore } from "../../../src/correspondence/shared-store.ts";

test("times are text under a key of their own, kept for as long as is asked; what is no time counts for nothing", async () => {
  const kept = new Map<string, readonly [Uint8Array, number]>([["sent:bad", [Buffer.from("x"), 1]]]);
  const store = createSharedStore(
    {
      get: async (key, read) => {
        const found = kept.get(key);
        return found === undefined ? undefined : read(...found);
      },
      set: (key, octets, ttlMs) => void kept.set(key, [octets, ttlMs]),
    },
    1000,
  );
  store.note(["a", "b"], 1_700_000_000_000);
  assert.deepEqual(await store.when(["a", "none", "bad"]), [1_700_000_000_000, undefined, undefined]);
  assert.equal(kept.get("sent:b")?.[1], 1000);
  const away = createSharedStore({ get: () => undefined, set: () => undefined }, 1000);
  assert.deepEqual(await away.when(["a"]), [undefined]);
});
