// Advice on a configuration that can be used, but perhaps not as meant. Each idea has its file in lint/.
import type { Config } from "./config.ts";
import { collector } from "./lint/advice.ts";
import { lintBanks } from "./lint/banks.ts";
import { lintDoors } from "./lint/doors.ts";
import { lintFiles, type Stat } from "./lint/files.ts";
import { lintMaps } from "./lint/maps.ts";
import { isMapping } from "./shape.ts";
import type { ConfigSource, Problem, SettingPath } from "./source.ts";

/** @param stat relative names start where the operator stands, as in the places of `source` */
export function lintConfig(config: Config, source: ConfigSource, stat: Stat): Problem[] {
  const { say, problems } = collector(source);
  const isSet = (path: SettingPath) => {
    let value: unknown = source.settings;
    for (const step of path) value = isMapping(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    return value !== undefined;
  };
  lintBanks(config, say);
  lintDoors(config, isSet, say);
  lintMaps(config, isSet, say);
  lintFiles(config, source, stat, say);
  return problems;
}
