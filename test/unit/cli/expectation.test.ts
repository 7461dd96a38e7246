// What `check --expect` takes, and what it compares.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foundOf, readExpectation } from "../../../src/cli/expectation.ts";

test("a result alone is one of DKIM", () => {
  assert.deepEqual(readExpectation("pass"), { method: "dkim", result: "pass" });
  assert.deepEqual(readExpectation("DMARC=fail"), { method: "dmarc", result: "fail" });
  for (const text of ["", "good", "dkim=good", "iprev=pass"])
    assert.throws(() => readExpectation(text), /--expect takes/);
});

test("DKIM passes where one signature does", () => {
  const signature = { kind: "dkim", domain: "x", selector: "s", algorithm: "a", identity: "@x", b: "" } as const;
  const verifications = [
    { ...signature, result: "fail" },
    { ...signature, result: "pass" },
  ] as const;
  const findings = [{ method: "spf", result: "softfail", properties: [] }] as const;
  assert.equal(foundOf("dkim", { verifications, findings }), "pass");
  assert.equal(foundOf("dkim", { verifications: verifications.slice(0, 1), findings }), "fail");
  assert.equal(foundOf("dkim", { verifications: [], findings }), "none");
  assert.equal(foundOf("spf", { verifications, findings }), "softfail");
  assert.equal(foundOf("dmarc", { verifications, findings }), "none");
});
