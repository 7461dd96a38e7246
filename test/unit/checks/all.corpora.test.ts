// The public suites, where this machine has them: every difference from them is one that docs/checks.md argues.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { run } from "../../corpora-run/authentication.ts";
import { corpusTest } from "../../support/corpora.ts";

corpusTest(
  "SPF, DMARC, ARC, Authentication-Results and spoofing suites come out as they must",
  ".",
  async (corpora) => {
    const docs = readFileSync(new URL("../../../docs/checks.md", import.meta.url), "utf8");
    const suites = await run(corpora);
    assert.ok(suites.length > 10 && suites.every(({ total }) => total > 0), "every suite holds cases");
    for (const { suite, differences } of suites) {
      for (const { name, wanted, got, argued } of differences) {
        assert.ok(argued !== undefined, `${suite} ${name}: ${got}, wanted ${wanted}`);
        assert.ok(docs.includes(`id="${argued}"`), `docs/checks.md argues ${argued}`);
      }
    }
  },
);
