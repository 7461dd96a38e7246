// What a daemon loads before anybody asks for it is memory that every installation has.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "../support/limited.ts";

const program = `
await import("./src/daemon/start-daemon.ts");
const { _cache } = await import("node:module").then(({ default: loader }) => loader);
console.log(JSON.stringify([...process.moduleLoadList, ...Object.keys(_cache)]));
`;

test("HTTP/2, an HTTP client, regexps and public suffixes are loaded when they are used", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program],
    { cwd: join(import.meta.dirname, "../.."), maxBuffer: 16 * 1024 * 1024 },
  );
  const loaded: string[] = JSON.parse(stdout);
  assert.ok(loaded.some((name) => name.endsWith("/smtp-server.js")));
  const late = /undici|internal\/http2\/core|\/tldts\/|\/re2js\//;
  assert.deepEqual(
    loaded.filter((name) => late.test(name)),
    [],
  );
});
