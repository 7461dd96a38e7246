import assert from "node:assert/strict";
import { test } from "node:test";
import { calledAs } from "../../../src/cli/called-as.ts";

const path = "/usr/local/bin:/usr/bin:/bin";

for (const [what, script, cwd, entry, expected] of [
  ["a program that the shell finds", "/usr/bin/signpost", "/root", undefined, "signpost"],
  [
    "the Debian package, whose script names the file",
    "/usr/lib/signpost/dist/src/cli/main.js",
    "/",
    undefined,
    "signpost",
  ],
  [
    "a package in a folder of npm's",
    "/srv/x/node_modules/.bin/signpost",
    "/srv/x",
    undefined,
    "node_modules/.bin/signpost",
  ],
  [
    "the same from elsewhere",
    "/srv/x/node_modules/.bin/signpost",
    "/root",
    undefined,
    "/srv/x/node_modules/.bin/signpost",
  ],
  ["a checkout", "src/cli/main.ts", "/srv/c", "/srv/c/src/cli/main.ts", "node_modules/.bin/node src/cli/main.ts"],
  ["a checkout elsewhere", "x", "/", "/srv/c/src/cli/main.ts", "srv/c/node_modules/.bin/node srv/c/src/cli/main.ts"],
] as const) {
  test(`is called as ${expected}: ${what}`, () => {
    // Tests run from sources: what was compiled has no entry in a checkout.
    assert.equal(calledAs({ script, path, cwd }, entry ?? null), expected);
  });
}
