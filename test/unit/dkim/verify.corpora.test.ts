import assert from "node:assert/strict";
import { runDkim2, runMimeMalformed, runSpoofing } from "../../corpora-run/dkim-attacks.ts";
import { runDkimCanon } from "../../corpora-run/dkim-canon.ts";
import { runDkimVerify } from "../../corpora-run/dkim-verify.ts";
import { isArgued, whyDifferent } from "../../corpora-run/known-differences.ts";
import { corpusTest } from "../../support/corpora.ts";

for (const view of ["rfc8301", "rfc6376"] as const) {
  corpusTest(
    `every signature of dkim-verify is judged as it should be, or the difference is argued (${view})`,
    ".",
    (corpora) => {
      const rows = runDkimVerify(corpora, view);
      assert.deepEqual(
        rows.filter((row) => row.falsePass).map(({ source, name }) => `${source}/${name}`),
        [],
      );
      const differing = rows.filter((row) => !(row.equal && row.accepted) && !isArgued(row));
      assert.deepEqual(
        differing.map((row) => [row.source, row.name, row.place, row.got?.result, row.wanted, whyDifferent(row)]),
        [],
      );
      assert.ok(rows.length > 400);
    },
  );
}

corpusTest("every canonicalization vector comes out equal", ".", (corpora) => {
  const rows = runDkimCanon(corpora);
  assert.deepEqual(
    rows.map(({ name, got }) => [name, got]),
    rows.map(({ name, wanted }) => [name, wanted]),
  );
});

for (const [name, run] of Object.entries({
  spoofing: runSpoofing,
  "mime-malformed": runMimeMalformed,
  dkim2: runDkim2,
})) {
  corpusTest(`every message of ${name} comes out as it must`, ".", (corpora) => {
    const rows = run(corpora);
    assert.deepEqual(
      rows.filter(({ fault }) => fault !== undefined),
      [],
    );
    assert.ok(rows.length > 5);
  });
}
