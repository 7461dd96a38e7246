// Scanners as a signpost.yaml has them, where a configuration has amavisd's entries: what only amavisd can use (patterns,
// code) is left out.

import { isMapping } from "../lookup/value.ts";
import { type AmavisScanner, amavisSpamScanner, amavisVirusScanner } from "../settings/amavis-scanner.ts";

type Settings = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<string, (entry: readonly unknown[]) => AmavisScanner>> = {
  av_scanners: amavisVirusScanner,
  av_scanners_backup: amavisVirusScanner,
  spam_scanners: amavisSpamScanner,
};

/** The same settings, those of banks too; an entry that cannot be taken stays as it is, for its error to name. */
export function withOwnScanners(settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (name === "policy_bank" && isMapping(value)) return [name, banks(value)];
      const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
      return [
        name,
        read === undefined || !Array.isArray(value) ? value : value.map((entry: unknown) => own(entry, read)),
      ];
    }),
  );
}

function banks(all: Settings): Settings {
  return Object.fromEntries(
    Object.entries(all).map(([bank, keys]) => [bank, isMapping(keys) ? withOwnScanners(keys) : keys]),
  );
}

function own(entry: unknown, read: (entry: readonly unknown[]) => AmavisScanner): unknown {
  const found = Array.isArray(entry) ? read(entry) : undefined;
  return found !== undefined && "scanner" in found ? found.scanner : entry;
}
