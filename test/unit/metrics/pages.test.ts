import assert from "node:assert/strict";
import { metricsPages } from "../../../src/metrics/pages.ts";
import { test } from "../../support/limited.ts";

function pages(troubles: readonly string[]) {
  return metricsPages({ text: async (format) => format, notReady: async () => troubles });
}

test("/metrics is in the format that is asked for", async () => {
  const openmetrics = await pages([])["/metrics"]?.("application/openmetrics-text");
  assert.deepEqual(
    [openmetrics?.text, openmetrics?.type.split(";")[0]],
    ["openmetrics", "application/openmetrics-text"],
  );
  assert.equal((await pages([])["/metrics"]?.(undefined))?.text, "prometheus");
});

test("/readyz is 503 with a line for each condition that does not hold; /livez does not care", async () => {
  assert.equal((await pages([])["/readyz"]?.(undefined))?.status, 200);
  const unready = pages(["workers: none is alive", "config: shutting down"]);
  const page = await unready["/readyz"]?.(undefined);
  assert.deepEqual([page?.status, page?.text], [503, "workers: none is alive\nconfig: shutting down\n"]);
  assert.equal((await unready["/livez"]?.(undefined))?.status, 200);
});
