// Scanners of amavisd's that became another kind here.
import { isEmbeddedSpamAssassin } from "../../settings/amavis-scanner.ts";
import { isMapping } from "../../settings/shape.ts";
import type { ConfigSource } from "../source.ts";
import type { Say } from "./advice.ts";

/** Looks at the settings as they were written: what amavisd called a scanner is gone from the normal form. */
export function lintScanners(settings: ConfigSource["settings"], say: Say): void {
  const banks = isMapping(settings["policy_bank"]) ? Object.entries(settings["policy_bank"]) : [];
  lintSpamScanners(settings, [], say);
  for (const [bank, keys] of banks) if (isMapping(keys)) lintSpamScanners(keys, ["policy_bank", bank], say);
}

function lintSpamScanners(keys: Readonly<Record<string, unknown>>, above: readonly string[], say: Say): void {
  const scanners = keys["spam_scanners"];
  for (const [index, entry] of Array.isArray(scanners) ? scanners.entries() : []) {
    if (!isEmbeddedSpamAssassin(entry)) continue;
    const path = [...above, "spam_scanners", index];
    say(
      "warning",
      path,
      "SpamAssassin does not run within signpost: taken as a spamd at 127.0.0.1:783, which has to be started",
    );
  }
}
