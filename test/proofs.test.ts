// Holds that the pages that name a test as the proof of what they say name tests that are there, and defaults as they are.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");
/** Their rows name a test in the last cell: `integration/probes` "its name, or some of it as the file has it". */
const proven = ["docs/security.md", "docs/limits.md"];

for (const page of proven) {
  test(`${page} names tests that are there, one in each row`, () => {
    const rows = rowsOf(page);
    assert.ok(rows.length > 20);
    for (const cells of rows) {
      const cell = cells.at(-1) ?? "";
      const proofs = [...cell.matchAll(/`([\w./-]+)`(?: "([^"]+)")?/g)];
      assert.ok(proofs.length > 0, `no test: ${cells[0]}`);
      for (const [, path = "", name = ""] of proofs) {
        // Scenarios of chaos are data that its tests play.
        const file =
          [`${path}.test.ts`, `${path}.ts`].map((name) => join(root, "test", name)).find((name) => existsSync(name)) ??
          "";
        assert.ok(file !== "", `${page}: no ${path}`);
        assert.ok(readFileSync(file, "utf8").includes(name), `${page}: ${path} has no test "${name}"`);
      }
    }
  });
}

test("docs/security.md has every invariant, threat and fault", () => {
  const told = new Set(rowsOf("docs/security.md").flatMap(([id = ""]) => id.split(", ").flatMap(idsOf)));
  const wanted = [...idsOf("I1-I16"), ...idsOf("T1-T56"), ...idsOf("F1-F32")];
  // Numbers that were never given.
  const unused = new Set(["T39"]);
  assert.deepEqual(
    wanted.filter((id) => !told.has(id) && !unused.has(id)),
    [],
  );
});

/** "F5" or "F1-F3", one by one. */
function idsOf(text: string): readonly string[] {
  const [, letter = "", first = "", , last = first] = /^([A-Z])(\d+)(-[A-Z](\d+))?$/.exec(text) ?? [];
  if (letter === "") return [];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, at) => `${letter}${Number(first) + at}`);
}

test("docs/limits.md has the defaults that there are", () => {
  const manual = readFileSync(join(root, "docs/configuration.md"), "utf8");
  const named = rowsOf("docs/limits.md").flatMap(([, setting = "", told = ""]) =>
    setting === "none" ? [] : [[setting.replaceAll("`", ""), told] as const],
  );
  assert.ok(named.length > 20);
  for (const [setting, told] of named) {
    const section = manual.split(`### \`${setting}\`\n`)[1]?.split("\n### ", 1)[0] ?? "";
    assert.ok(section.includes(`Default: ${told}.`), `${setting}: ${told}`);
  }
});

/** The cells of all table rows of a page but the heads. */
function rowsOf(page: string): readonly (readonly string[])[] {
  const text = readFileSync(join(root, page), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && line.endsWith(" |"));
  return rows
    .map((row) => row.slice(2, -2).split(" | "))
    .filter(([, second]) => !/^(invariant|threat|setting)$/.test(second ?? ""));
}
