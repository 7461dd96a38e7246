// A configuration as it is read: what the daemon is started with, and what a reload puts in its place.
import type { Config } from "../config/config.ts";
import type { TableContext } from "../lookup/table.ts";
import type { Keyring } from "../signing/keyring.ts";

/** What the files say that hold settings and tables. */
export interface ReadConfig {
  readonly config: Config;
  readonly tables: TableContext;
}

/** The same with the keys that it declares. */
export interface Settings extends ReadConfig {
  readonly keyring: Keyring;
}
