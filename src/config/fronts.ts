// Which reader a configuration file gets, by its extension; everything else is YAML.
import type { Front } from "./load.ts";

export const fronts: Readonly<Record<string, Front>> = {};
