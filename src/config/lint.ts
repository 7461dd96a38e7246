// Advice on a configuration that can be used, but perhaps not as meant. Each idea has its file in lint/.
// What can be said without looking at the machine is said at every start; permissions of files by check-config.

import { isMapping } from "../lookup/value.ts";
import type { Config } from "./config.ts";
import { collector } from "./lint/advice.ts";
import { lintBanks } from "./lint/banks.ts";
import { lintDestinies } from "./lint/destinies.ts";
import { lintFiles, type Machine } from "./lint/files.ts";
import { lintListeners } from "./lint/listeners.ts";
import { lintMaps } from "./lint/maps.ts";
import { lintQuarantine } from "./lint/quarantine.ts";
import { lintScanners } from "./lint/scanners.ts";
import { lintSecurity } from "./lint/security.ts";
import { lintSentMail } from "./lint/sent-mail.ts";
import { lintWithoutEffect } from "./lint/without-effect.ts";
import type { ConfigSource, Problem, SettingPath } from "./source.ts";

export function lintConfig(config: Config, source: ConfigSource): Problem[] {
  const { say, problems } = collector(source);
  const isSet = (path: SettingPath) => {
    let value: unknown = source.settings;
    for (const step of path) value = isMapping(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    return value !== undefined;
  };
  lintBanks(config, say);
  lintListeners(config, isSet, say);
  lintMaps(config, isSet, say);
  lintWithoutEffect(config, say);
  lintQuarantine(config, isSet, say);
  lintSentMail(config, say);
  lintScanners(source.settings, say);
  lintDestinies(source, say);
  lintSecurity(config, say);
  return problems;
}

export function lintPermissions(config: Config, source: ConfigSource, machine: Machine): Problem[] {
  const { say, problems } = collector(source);
  lintFiles(config, source, machine, say);
  return problems;
}
