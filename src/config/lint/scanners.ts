// Scanners of amavisd's: those that became another kind here, and for an import those that cannot be had.

import { isMapping } from "../../lookup/value.ts";
import { amavisSpamScanner, amavisVirusScanner, isEmbeddedSpamAssassin } from "../../settings/amavis-scanner.ts";
import type { ConfigSource, Problem } from "../source.ts";
import { collector, type Say } from "./advice.ts";
import { lintDestinies } from "./destinies.ts";

type Settings = ConfigSource["settings"];

/** Looks at the settings as they were written: what amavisd called a scanner is gone from the normal form. */
export function lintScanners(settings: Settings, say: Say): void {
  eachEntry(settings, (entry, path) => {
    if (isEmbeddedSpamAssassin(entry))
      say(
        "warning",
        path,
        "SpamAssassin does not run within signpost: taken as a spamd at 127.0.0.1:783, which has to be started",
      );
  });
}

/** What is to be said of scanners and destinies of an amavisd.conf that is turned into a signpost.yaml, where nothing else looks at them. */
export function importedScanners(source: ConfigSource): readonly Problem[] {
  const { say, problems } = collector(source);
  lintScanners(source.settings, say);
  lintDestinies(source, say);
  eachEntry(source.settings, (entry, path, name) => {
    if (!Array.isArray(entry)) return;
    const found = name === "spam_scanners" ? amavisSpamScanner(entry) : amavisVirusScanner(entry);
    if ("fault" in found) say("error", path, found.fault);
  });
  return problems;
}

type Look = (entry: unknown, path: readonly (string | number)[], name: string) => void;

function eachEntry(settings: Settings, look: Look): void {
  const banks = isMapping(settings["policy_bank"]) ? Object.entries(settings["policy_bank"]) : [];
  entriesOf(settings, [], look);
  for (const [bank, keys] of banks) if (isMapping(keys)) entriesOf(keys, ["policy_bank", bank], look);
}

function entriesOf(keys: Settings, above: readonly string[], look: Look): void {
  for (const name of ["av_scanners", "av_scanners_backup", "spam_scanners"]) {
    const scanners = keys[name];
    for (const [index, entry] of Array.isArray(scanners) ? scanners.entries() : [])
      look(entry, [...above, name, index], name);
  }
}
