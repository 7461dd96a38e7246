// What a configuration sets and nothing acts on. Where mail would be treated differently without it, that is an error, or a warning by
// `unsupported: warn`. All other such names are one warning.

import { isMapping } from "../lookup/value.ts";
import { knownMembersOf } from "../settings/group.ts";
import { knownNamed, settingNamed } from "../settings/registry.ts";
import type { KnownName } from "../settings/setting.ts";
import { reporter } from "../settings/shape.ts";
import { type ConfigSource, type Problem, pathText, type SettingPath } from "./source.ts";

interface Inert {
  readonly path: SettingPath;
  /** As it is written: "redis", "limits.errors", in a bank the name alone. */
  readonly name: string;
  /** What mail would lack that the operator believes it has. */
  readonly missed?: string | undefined;
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
  const demands = found.flatMap(({ path, missed }) =>
    missed === undefined ? [] : [problem(source, severity, path, `${pathText(path)}: ${missed}${hint}`)],
  );
  const others = found.filter(({ missed }) => missed === undefined);
  const [first] = others;
  if (first === undefined) return demands;
  const names = [...new Set(others.map(({ name }) => name))].sort().join(", ");
  return [...demands, problem(source, "warning", first.path, `these have no effect, nothing acts on them: ${names}`)];
}

function inertIn(settings: Readonly<Record<string, unknown>>, at: SettingPath): Inert[] {
  return Object.entries(settings).flatMap(([name, given]) => {
    const path = [...at, name];
    const known = knownNamed(name);
    if (known !== undefined) return [{ path, name, missed: asks(known, given) ? known.missed : undefined }];
    const setting = settingNamed(name);
    const members = setting === undefined ? {} : knownMembersOf(setting.shape);
    return Object.keys(mappingOf(given)).flatMap((member) =>
      Object.hasOwn(members, member) ? [{ path: [...path, member], name: `${name}.${member}` }] : [],
    );
  });
}

/** False for values that switch a thing off, and for those with a fault: that is reported where the value is read. */
function asks({ shape }: KnownName, given: unknown): boolean {
  let hasFault = false;
  const report = reporter(() => {
    hasFault = true;
  });
  const value = given === null ? null : shape.read(given, report);
  return !hasFault && value !== null && value !== false && value !== "";
}

function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

function problem(source: ConfigSource, severity: "error" | "warning", path: SettingPath, message: string): Problem {
  const place = source.locate(path, "name");
  return { severity, message, path, ...(place !== undefined && { place }) };
}
