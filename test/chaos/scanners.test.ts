// Scanners and the shared cache in trouble, every third mail infected: none of these goes on, each is kept before its 250,
// and no other mail is lost, doubled or refused.
import { after, test } from "../support/limited.ts";
import { startScannerStage } from "./scanner-stage.ts";

const scanners = await startScannerStage(0);

after(() => scanners.close());

for (const scenario of scanners.scenarios()) {
  test(`${scenario.name}: nothing infected passes, nothing else is lost, doubled or refused`, async () => {
    await scanners.stage.run(scenario);
  });
}
