// All suites of SPF, DMARC, ARC and Authentication-Results in one list, for `npm run corpora`.
import { runArc } from "./arc.ts";
import { runAuthres } from "./authres.ts";
import { runDmarc } from "./dmarc.ts";
import { runSpf } from "./spf.ts";
import { runSpoofing } from "./spoofing.ts";
import type { SuiteResult } from "./suite.ts";

/** Runs every suite in the corpora's folder. */
export async function run(corpora: string): Promise<readonly SuiteResult[]> {
  return [
    ...(await runSpf(corpora)),
    ...(await runDmarc(corpora)),
    ...(await runArc(corpora)),
    ...(await runAuthres(corpora)),
    ...(await runSpoofing(corpora)),
  ];
}
