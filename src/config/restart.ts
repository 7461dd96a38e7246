// Settings of things that are made once, at start: a reload cannot put them in force, and says so. The rows say which.
import { isDeepStrictEqual } from "node:util";
import { isMapping } from "../lookup/value.ts";
import { membersOf } from "../settings/group.ts";
import { bankSettings } from "../settings/registry.ts";
import { globalSettings } from "../settings/rows/global.ts";
import type { SettingRows } from "../settings/setting.ts";
import type { Config } from "./config.ts";

/**
 * The settings that differ and take effect after a restart only, as they are written: "pool.threads". Of bank settings the base bank
 * counts alone.
 */
export function needsRestart(before: Config, after: Config): readonly string[] {
  return [
    ...changed(globalSettings, before, after, false, ""),
    ...changed(bankSettings, before.base, after.base, false, ""),
  ];
}

function changed(rows: SettingRows, before: unknown, after: unknown, isAll: boolean, prefix: string): string[] {
  return Object.entries(rows).flatMap(([name, { shape, restart }]) => {
    const members = membersOf(shape);
    const needs = isAll || restart === true;
    const [old, present] = [member(before, name), member(after, name)];
    if (members !== undefined) return changed(members, old, present, needs, `${prefix}${name}.`);
    return needs && !isDeepStrictEqual(old, present) ? [`${prefix}${name}`] : [];
  });
}

function member(record: unknown, name: string): unknown {
  return isMapping(record) ? record[name] : undefined;
}
