import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pageWith } from "../../../../bench/growth/page.ts";

const page =
  "a\n\n<!-- bench:growth one -->\nold\n<!-- /bench:growth -->\n\nb\n<!-- bench:growth two -->\n<!-- /bench:growth -->\n";

test("each text goes to its place, and the rest of the page stays", () => {
  const made = pageWith(page, { two: "| 2 |", one: "| 1 |" });
  assert.equal(
    made,
    "a\n\n<!-- bench:growth one -->\n\n| 1 |\n\n<!-- /bench:growth -->\n\nb\n<!-- bench:growth two -->\n\n| 2 |\n\n<!-- /bench:growth -->\n",
  );
  assert.equal(pageWith(made, { one: "| 1 |", two: "| 2 |" }), made);
});

test("a text without a place is an error", () => {
  assert.throws(() => pageWith(page, { three: "" }), /no place for "three"/);
});

test("docs/scaling.md has a place for each text of the model", () => {
  const text = readFileSync(new URL("../../../../docs/scaling.md", import.meta.url), "utf8");
  for (const name of ["costs", "further", "example", "predictions", "site"])
    assert.ok(pageWith(text, { [name]: "" }).includes(`<!-- bench:growth ${name} -->`), name);
});
