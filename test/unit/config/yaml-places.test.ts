import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml } from "../../../src/config/yaml-document.ts";
import { placeIn } from "../../../src/config/yaml-places.ts";

test("a setting stands where its name or its value begins, aliases and tables without a list included", () => {
  const text = ["a: &x", "  b: 1", "c: *x", "d: [e, f]", "g: {h: i}"].join("\n");
  const parsed = parseYaml("f.yaml", text, (_, __, message) => assert.fail(message));
  assert.ok(parsed !== undefined);
  const at = (path: (string | number)[], what: "name" | "value") => {
    const { line, column } = placeIn(parsed, path, what);
    return `${line}:${column}`;
  };
  assert.deepEqual(
    [
      at(["a", "b"], "name"),
      at(["a", "b"], "value"),
      at(["c"], "value"),
      at(["c", "b"], "value"),
      at(["d", 1], "value"),
      at(["g", 0, "h"], "value"),
      at(["d", 9], "value"),
      at([], "value"),
    ],
    ["2:3", "2:6", "3:4", "2:6", "4:8", "5:8", "4:1", "1:1"],
  );
});
