// A configuration as it is read: what the daemon is started with, and what a reload puts in its place.
import type { Config } from "../config/config.ts";
import type { TableContext } from "../lookup/table.ts";
import type { Keyring } from "../signing/keyring.ts";

/** A configuration with what was read along with it. */
export interface Settings {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly tables: TableContext;
}
