// Holds the rules of docs/architecture.md: imports point down, parts do not import each other, nothing imports in circles;
// and what makes files easy to find: a comment at the top, one file for a type name.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");

/**
 * The areas of src/ from top to bottom. A file may import its own area and the areas of the rows below; of its own row
 * nothing but its own area, so parts do not know each other.
 */
const layers: readonly (readonly string[])[] = [
  ["cli"],
  ["processes"],
  ["daemon"],
  ["reading"],
  ["amavis", "opendkim"],
  ["config"],
  ["flow"],
  ["metrics", "history", "console"],
  ["http"],
  [
    ...[
      "receive",
      "milter",
      "relay",
      "checks",
      "scanners",
      "verdicts",
      "quarantine",
      "notices",
      "signing",
      "correspondence",
    ],
    ...["policy", "dns", "pool", "shared-cache", "control", "log"],
  ],
  ["process", "sockets"],
  ["settings"],
  ["arc"],
  ["dkim"],
  ["authres"],
  ["lookup"],
  ["smtp"],
  ["mime"],
  ["mail"],
  ["rr"],
];

/** What values in, values out is made of: no file, socket or clock is touched here. */
const formats = new Set(["settings", "arc", "dkim", "authres", "lookup", "smtp", "mime", "mail", "rr"]);

/** Node modules a format may use: bytes, hashes and names, no I/O; and a library that is loaded with its first use. */
const pureModules = new Set(["node:crypto", "node:buffer", "node:net", "node:url", "node:module"]);

/** What breaks a rule today. The list only shrinks. */
const known = {
  upwards: [],
  circles: [],
  typeNames: [],
};
/** What is found must be what is known: an entry that is mended is to be taken out, a new one is not to be put in. */
function onlyKnown(found: readonly string[], known: readonly string[]): void {
  assert.deepEqual(
    { new: found.filter((one) => !known.includes(one)), mended: known.filter((one) => !found.includes(one)) },
    { new: [], mended: [] },
  );
}

const hint = 'put it into the table "layers" of test/layers.test.ts and into the one of docs/architecture.md';

function rowOf(area: string): number {
  const row = layers.findIndex((areas) => areas.includes(area));
  if (row < 0) throw new Error(`src/${area} has no layer: ${hint}`);
  return row;
}

/** The area of a file: the folder right under src/, or the folder at the top ("workers"). */
function area(file: string): string {
  const [top = "", second = ""] = relative(root, file).split("/");
  return top === "src" ? second : top;
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

/** The files of src/ that a file imports. */
function targets(file: string): string[] {
  return imports(file)
    .filter((name) => name.startsWith("."))
    .map((name) => resolve(dirname(file), name));
}

const short = (file: string) => relative(join(root, "src"), file);

test("every folder of src has a layer, and no file lies loose beside the folders", () => {
  for (const entry of readdirSync(join(root, "src"), { withFileTypes: true })) {
    assert.ok(entry.isDirectory(), `src/${entry.name} lies loose: move it into the folder of its area`);
    rowOf(entry.name);
  }
});

test("the table in docs/architecture.md names the same areas in the same order", () => {
  const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const table = text.slice(text.indexOf("\n## Layers"), text.indexOf("\n## Threads"));
  const documented = table
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => [...(line.split("|")[1] ?? "").matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
  const present = layers
    .map((areas) => areas.filter((name) => existsSync(join(root, "src", name))))
    .filter((areas) => areas.length > 0);
  assert.deepEqual(documented, present);
});

test("imports in src point down, and parts do not import each other", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles("src")) {
    const from = area(file);
    for (const target of targets(file)) {
      const to = area(target);
      if (from !== to && rowOf(to) <= rowOf(from)) wrong.push(`${short(file)} > ${short(target)}`);
    }
  }
  onlyKnown(wrong, known.upwards);
});

test("formats do no I/O", () => {
  const wrong = sourceFiles("src")
    .filter((file) => formats.has(area(file)))
    .flatMap((file) =>
      imports(file)
        .filter((name) => name.startsWith("node:") && !pureModules.has(name))
        .map((name) => `${short(file)} imports ${name}`),
    );
  assert.deepEqual(wrong, []);
});

test("no file imports itself by way of others, for a type neither", () => {
  onlyKnown(circles(new Map(sourceFiles("src").map((file) => [file, targets(file)]))), known.circles);
});

test("each file says at its top what it is for", () => {
  const silent = [...sourceFiles("src"), ...sourceFiles("workers")].filter(
    (file) => !/^(?:#!.*\n)?\/\//.test(readFileSync(file, "utf8")),
  );
  assert.deepEqual(
    silent.map((file) => relative(root, file)),
    [],
  );
});

test("a type name is exported by one file alone", () => {
  const places = new Map<string, string[]>();
  for (const file of sourceFiles("src")) {
    const text = readFileSync(file, "utf8");
    for (const [, name = ""] of text.matchAll(/^export (?:declare )?(?:abstract )?(?:type|interface|class) (\w+)/gm))
      places.set(name, [...(places.get(name) ?? []), short(file)]);
  }
  const twice = [...places]
    .filter(([, files]) => files.length > 1)
    .map(([name, files]) => `${name}: ${files.join(", ")}`);
  onlyKnown(twice, known.typeNames);
});

test("workers import formats, and what looks after a thread's memory", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles("workers")) {
    for (const target of targets(file)) {
      if (area(target) === "workers" || short(target) === "process/v8-memory.ts") continue;
      if (!formats.has(area(target))) wrong.push(`${relative(root, file)} imports ${relative(root, target)}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("src never imports tests, benches or workers", () => {
  const wrong = sourceFiles("src").flatMap((file) =>
    imports(file)
      .filter((name) => /\/(test|bench|workers)\//.test(name))
      .map((name) => `${short(file)} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
});

/** The sets of files that reach each other (Tarjan's strongly connected components), each as one line. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    let lowest = index.get(file) ?? 0;
    stack.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue;
      if (!index.has(target)) visit(target);
      else if (!stack.includes(target)) continue;
      lowest = Math.min(lowest, low.get(target) ?? index.get(target) ?? 0);
    }
    low.set(file, lowest);
    if (lowest !== index.get(file)) return;
    const together = stack.splice(stack.indexOf(file));
    if (together.length > 1) found.push(together.map(short).sort().join(", "));
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return found.sort();
}
