// Which reader a configuration file gets, by its extension; everything else is YAML.
import { readAmavisdConf } from "../amavis/read-conf.ts";
import type { Front } from "../config/load.ts";

export const fronts: Readonly<Record<string, Front>> = { ".conf": (path, files) => readAmavisdConf(path, files) };
