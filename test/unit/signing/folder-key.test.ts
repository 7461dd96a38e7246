import assert from "node:assert/strict";
import { test } from "node:test";
import { createNumbering } from "../../../src/signing/folder-key.ts";
import { noOptions } from "../../../src/signing/key-options.ts";

const declared = { domain: "a.example", selector: "s1", options: noOptions };

/** Source, and whether the name of the file is made when it is asked for. */
const places: readonly (readonly [string, boolean])[] = [
  ["/k/a.example/s1.pem", true],
  ["/k/a.example/s1.private", true],
  ["keys/a.example/s1.pem", true],
  ["/a.example/s1.pem", true],
  ["/k/a.example/s1.key", false],
  ["/k/a.example/s2.pem", false],
  ["/k/b.example/s1.pem", false],
  ["/k/xa.example/s1.pem", false],
  ["a.example/s1.pem", false],
  ["(inline)", false],
];
for (const [source, isMade] of places) {
  test(`${source} is told again${isMade ? " without being kept" : ""}`, () => {
    const key = createNumbering()({ ...declared, source }, 7);
    const { number, domain, selector, options } = key;
    assert.deepEqual([number, domain, selector, key.source, options], [7, "a.example", "s1", source, {}]);
    assert.equal(Object.hasOwn(key, "source"), !isMade);
  });
}

test("a key that has more to tell keeps all of it", () => {
  const source = "/k/a.example/s1.pem";
  for (const more of [{ trouble: "Permission denied" }, { options: { k: "rsa" } }, { text: "-----BEGIN" }]) {
    const key = { ...declared, source, ...more };
    assert.deepEqual(createNumbering()(key, 1), { ...key, number: 1 });
  }
});

test("a key that was numbered may be numbered again", () => {
  const numbered = createNumbering();
  const again = numbered(numbered({ ...declared, source: "/k/a.example/s1.private" }, 1), 2);
  assert.deepEqual([again.number, again.source], [2, "/k/a.example/s1.private"]);
});
