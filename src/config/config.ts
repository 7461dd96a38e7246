// The configuration as the rest of the program gets it: typed, frozen, every default filled in.
// Parts take what daemon/part-options.ts cuts out of it; only daemon/, reading/ and commands take it whole.
import type { BankOverlay, BankSettings, GlobalSettings } from "../settings/bank-settings.ts";

export interface Config extends GlobalSettings {
  /** The base bank: every bank setting, as set at top level or by default. */
  readonly base: BankSettings;
  /** By name, only the keys each bank sets; in the order of the file. */
  readonly policy_bank: ReadonlyMap<string, BankOverlay>;
}
