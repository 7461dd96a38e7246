import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { accepted, categories, type RuleName, refused, rules } from "../../../src/policy/decision.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/logging.md"), "utf8");
const names = Object.keys(rules).filter((name): name is RuleName => name in rules);

test("what is accepted is clean, and by no rule", () => {
  const { category, action, rule } = accepted;
  assert.deepEqual([category, action, rule], ["CC_CLEAN", "accept", undefined]);
});

for (const name of names) {
  test(`rule ${name}: a refusal has its category, and docs/logging.md says what it means`, () => {
    const reply = { code: 451, enhanced: "4.3.0", text: "x" };
    const { category, rule } = refused(name, "tempfail", reply);
    assert.deepEqual([category, rule], [rules[name], name]);
    assert.match(page, new RegExp(`^\\| \`${name}\` \\| \`${categories[category]}\` \\| \\S`, "m"));
  });
}

test("docs/logging.md has no other rules", () => {
  const section = page.slice(page.indexOf("### Rules"), page.indexOf("## Refusals"));
  assert.deepEqual(
    [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name),
    names,
  );
});
