// Holds the import rule of docs/architecture.md: imports point down, parts do not know each other.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");

/** Formats, in the order in which they may import each other: a later one from an earlier one, never back. */
const formats = ["rr", "mail", "smtp", "lookup", "authres", "dkim", "arc"];
/** The unix process and its sockets. */
const machine = ["process", "sockets"];
const parts = [
  "receive",
  "policy",
  "checks",
  "signing",
  "relay",
  "dns",
  "pool",
  "control",
  "log",
  "shared-cache",
  "notices",
];
const flow = ["flow", "metrics", "history", "http"];
const entry = ["daemon", "reading", "processes", "config", "cli", "amavis"];

/** Node modules a format may use: bytes, hashes and names, no I/O. */
const pureModules = new Set(["node:crypto", "node:buffer", "node:net", "node:url"]);

function layerOf(area: string): number {
  if (formats.includes(area)) return 1;
  if (machine.includes(area)) return 2;
  if (parts.includes(area)) return 3;
  if (flow.includes(area)) return 4;
  if (entry.includes(area)) return 5;
  throw new Error(`src/${area} has no layer: add it to test/layers.test.ts and docs/architecture.md`);
}

function area(file: string): string {
  const [top = "", second = ""] = relative(root, file).split("/");
  return top === "src" ? second.replace(/\.ts$/, "") : top;
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Every module a file names in an import, type imports included. */
function imports(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

test("imports in src point down, and parts do not import each other", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles("src")) {
    const from = area(file);
    for (const name of imports(file)) {
      if (!name.startsWith(".")) {
        if (layerOf(from) === 1 && name.startsWith("node:") && !pureModules.has(name)) {
          wrong.push(`${relative(root, file)} imports ${name}: formats do no I/O`);
        }
        continue;
      }
      const target = resolve(dirname(file), name);
      const to = area(target);
      if (from === to) continue;
      const place = `${relative(root, file)} imports ${relative(root, target)}`;
      if (layerOf(to) > layerOf(from)) wrong.push(`${place}: upwards`);
      if (layerOf(from) === 3 && layerOf(to) === 3) wrong.push(`${place}: parts do not know each other`);
      if (layerOf(from) === 1 && formats.indexOf(to) > formats.indexOf(from)) wrong.push(`${place}: against the order`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("workers import formats alone", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles("workers")) {
    for (const name of imports(file)) {
      if (!name.startsWith(".")) continue;
      const target = resolve(dirname(file), name);
      if (area(target) !== "workers" && layerOf(area(target)) !== 1)
        wrong.push(`${relative(root, file)} imports ${name}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("src never imports tests, benches or workers", () => {
  const wrong = sourceFiles("src").flatMap((file) =>
    imports(file)
      .filter((name) => /\/(test|bench|workers)\//.test(name))
      .map((name) => `${relative(root, file)} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});
