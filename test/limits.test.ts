// Holds that a test with sockets or processes of its own ends: test and hooks come from support/limited.ts, which gives each a
// time limit.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

test("integration and interop tests take their test and hooks from support/limited.ts", () => {
  const unlimited = ["chaos", "integration", "interop", "oracle"].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`)
      .filter((name) => {
        const text = readFileSync(join(import.meta.dirname, name), "utf8");
        return /^import \{[^}]*\b(?:test|before|after|beforeEach|afterEach)\b[^}]*\} from "node:test";/m.test(text);
      }),
  );
  assert.deepEqual(unlimited, []);
});
