// What a configuration sets and nothing acts on. Nobody is left to believe that mail is scanned, refused or encrypted when it is
// not: that is an error, or a warning by `unsupported: warn`. All other such names are one warning.
import { membersOf } from "../settings/group.ts";
import { settingNamed } from "../settings/registry.ts";
import type { SettingRows } from "../settings/setting.ts";
import { isMapping, reporter } from "../settings/shape.ts";
import { unmetDemand } from "../settings/unsupported.ts";
import { type ConfigSource, type Problem, pathText, type SettingPath } from "./source.ts";

interface Inert {
  readonly path: SettingPath;
  /** As it is written: "redis", "limits.errors", in a bank the name alone. */
  readonly name: string;
  readonly demand?: string;
}

export function inertProblems(source: ConfigSource): Problem[] {
  const found = [
    ...inertIn(source.settings, []),
    ...Object.entries(mappingOf(source.settings["policy_bank"])).flatMap(([bank, keys]) =>
      inertIn(mappingOf(keys), ["policy_bank", bank]),
    ),
  ];
  const severity = source.settings["unsupported"] === "warn" ? "warning" : "error";
  const hint = severity === "error" ? "; take it out, or make this a warning by unsupported: warn" : "";
  const demands = found.flatMap(({ path, demand }) =>
    demand === undefined ? [] : [problem(source, severity, path, `${pathText(path)}: ${demand}${hint}`)],
  );
  const others = found.filter(({ demand }) => demand === undefined);
  const [first] = others;
  if (first === undefined) return demands;
  const names = [...new Set(others.map(({ name }) => name))].sort().join(", ");
  return [...demands, problem(source, "warning", first.path, `read and kept, but nothing acts on it yet: ${names}`)];
}

function inertIn(settings: Readonly<Record<string, unknown>>, at: SettingPath): Inert[] {
  return Object.entries(settings).flatMap(([name, given]) => {
    const setting = settingNamed(name);
    if (setting === undefined) return [];
    const path = [...at, name];
    if (setting.status === "accepted") {
      const demand = unmetDemand(name, normalForm(setting, given));
      return [{ path, name, ...(demand !== undefined && { demand }) }];
    }
    // Of a group that is kept as a whole, the group alone is named.
    const members = membersOf(setting.shape) ?? {};
    return Object.keys(mappingOf(given)).flatMap((member) =>
      Object.hasOwn(members, member) && members[member]?.status === "accepted"
        ? [{ path: [...path, member], name: `${name}.${member}` }]
        : [],
    );
  });
}

/** undefined for a value with a fault: that is reported where the setting is read. */
function normalForm({ shape }: SettingRows[string], given: unknown): unknown {
  let hasFault = false;
  const report = reporter(() => {
    hasFault = true;
  });
  const value = given === null && !shape.nullable ? undefined : shape.read(given, report);
  return hasFault ? undefined : value;
}

function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

function problem(source: ConfigSource, severity: "error" | "warning", path: SettingPath, message: string): Problem {
  const place = source.locate(path, "name");
  return { severity, message, path, ...(place !== undefined && { place }) };
}
