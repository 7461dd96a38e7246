import assert from "node:assert/strict";
import { test } from "node:test";
import { maxShownDomains, shownDomains } from "../../../src/mail/shown-domains.ts";

const bodies: readonly (readonly [body: string, domains: readonly string[]])[] = [
  ["", []],
  [" no address at all", []],
  [" Sales @ Corp", []],
  [" joe@x.example", ["x.example"]],
  [" joe@ x.example. and ann@Y.Example'", ["x.example", "y.example"]],
  [" joe@ (a) x.example", ["x.example"]],
  [" joe@b\xc3\xbccher.example", ["xn--bcher-kva.example"]],
  [" joe@b\xfccher.example", []],
  [" =?utf-8?b?am9lQHguZXhhbXBsZQ==?=", ["x.example"]],
  [" =?utf-8?Q?joe=40x.example?= <a@y.example>", ["y.example", "x.example"]],
];

for (const [body, domains] of bodies) {
  test(`may be shown of ${JSON.stringify(body)}: ${domains.join(", ") || "nothing"}`, () => {
    assert.deepEqual(shownDomains(body), domains);
  });
}

test("the first few count, however many there are", () => {
  const body = Array.from({ length: 1000 }, (_, i) => `a@x${i}.example`).join(", ");
  assert.equal(shownDomains(body).length, maxShownDomains);
});
