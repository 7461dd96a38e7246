import assert from "node:assert/strict";
import { test } from "node:test";
import { expandBanner } from "../../../src/smtp/banner.ts";

const values = { "helo-name": "[127.0.0.1]", product: "signpost", protocol: "ESMTP" };

const cases: readonly [string, string][] = [
  ["$" + "{helo-name} $" + "{protocol} $" + "{product} service ready", "[127.0.0.1] ESMTP signpost service ready"],
  ["$Helo-Name|$PRODUCT", "[127.0.0.1]|signpost"],
  ["a$" + "{unknown}b", "ab"],
  ["$" + "{__proto__}$" + "{constructor}", ""],
  ["costs 5$ or $.", "costs 5$ or $."],
  ["", ""],
];

for (const [template, text] of cases) {
  test(`expands "${template}"`, () => assert.equal(expandBanner(template, values), text));
}
