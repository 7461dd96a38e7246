// Holds that test/unit mirrors src/ path by path, so that the test of a file is where one looks for it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { coveredElsewhere } from "./mirror-list.ts";

const root = resolve(import.meta.dirname, "..");

/** Files below a folder, as paths from it without their ending. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !name.endsWith(".d.ts"))
    .map((name) => name.slice(0, -ending.length))
    .sort();
}

const sources = filesIn("src", ".ts");
const unitTests = filesIn("test/unit", ".test.ts");

/** Tests on something that goes through many files: each reason, from the check into log, `why`, metrics and docs. */
const topics = ["flow/outcome/reasons"];

/** The file that a unit test is about: "smtp/dot" of "smtp/dot.properties". What is not in src/ lies at the top. */
function subject(name: string): string {
  const path = name.replace(/\.[\w-]+$/, "");
  const top = path.split("/")[0] ?? "";
  return ["bench", "grafana"].includes(top) ? path : `src/${path}`;
}

/** Whether anything of it is there at run time: a line at its top level that is no import, type or comment. */
function hasCode(name: string): boolean {
  const text = readFileSync(join(root, "src", `${name}.ts`), "utf8");
  return /^(?!import |export (?:type|interface) |interface |type |\/[/*]|[ })]|$)/m.test(text.trimEnd());
}

/** What a test reaches by its imports, from src/, without endings. */
function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  const names = text.matchAll(/(?:from\s+|import\()"(\.[^"]+)"|moduleUrl\("(\.[^"]+)"/g);
  for (const [, path, started] of names) reached(resolve(dirname(file), path ?? `${started}.ts`), seen);
  return seen;
}

test("each unit test lies where its file lies in src/", () => {
  const astray = unitTests.filter((name) => !topics.includes(name) && !existsSync(join(root, `${subject(name)}.ts`)));
  const hint = "name it test/unit/PATH.test.ts, or test/unit/PATH.WORD.test.ts for a second one";
  assert.deepEqual({ [hint]: astray }, { [hint]: [] });
});

test("each file with code has a unit test, or is listed with the test that covers it", () => {
  const tested = new Set(unitTests.map(subject));
  const listed = Object.values(coveredElsewhere).flat();
  assert.equal(new Set(listed).size, listed.length, "a file is listed once");
  const untested = sources.filter((name) => !tested.has(`src/${name}`) && hasCode(name));
  assert.deepEqual(
    {
      "write test/unit/PATH.test.ts for": untested.filter((name) => !listed.includes(name)),
      "take out of test/mirror-list.ts": listed.filter((name) => !untested.includes(name)),
    },
    { "write test/unit/PATH.test.ts for": [], "take out of test/mirror-list.ts": [] },
  );
});

for (const [name, files] of Object.entries(coveredElsewhere)) {
  test(`${name} reaches what it is listed for`, () => {
    const file = join(root, "test", `${name}.test.ts`);
    assert.ok(existsSync(file));
    // A test of the program as a process reaches all that the program does.
    if (name.startsWith("integration/")) return;
    const paths = new Set([...reached(file)].map((path) => relative(join(root, "src"), path).replace(/\.ts$/, "")));
    assert.deepEqual(
      files.filter((path) => !paths.has(path)),
      [],
    );
  });
}
