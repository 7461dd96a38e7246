// What was read of a configuration's files, as plain data: what one process reads another can go by. Opening it takes
// neither the table of settings nor a parser.
import type { Config } from "../config/config.ts";
import { freeze } from "../config/freeze.ts";
import type { Place, Problem, SettingPath } from "../config/source.ts";
import type { LoadedFiles } from "./load-config-files.ts";
import type { ReadConfig } from "./settings.ts";

export interface PlainConfig {
  readonly config: Config;
  /** "file:line:column" by the path of a setting, as JSON. */
  readonly origins: ReadonlyMap<string, string>;
  /** The texts of tables in files, by name. */
  readonly tables: ReadonlyMap<string, string>;
}

export interface PlainReading {
  /** Absent when an error among the problems keeps the configuration from being used. */
  readonly plain?: PlainConfig;
  readonly problems: readonly Problem[];
}

/** @param problems with those of permissions */
export function plainReading({ read, loaded, tables }: LoadedFiles, problems: readonly Problem[]): PlainReading {
  const isUsable = !problems.some(({ severity }) => severity === "error");
  if (read === undefined || !isUsable) return { problems };
  const { config } = read;
  return { plain: { config, origins: new Map(originsOf(config, loaded.origin)), tables }, problems };
}

export interface OpenedConfig extends ReadConfig {
  /** Where a setting stands; what stands nowhere itself stands where the nearest thing around it does. */
  locate(path: SettingPath): Place | undefined;
}

export function openConfig({ config, origins, tables }: PlainConfig): OpenedConfig {
  function origin(path: SettingPath): string | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const found = origins.get(nameOf(path.slice(0, length)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return {
    config: freeze(config),
    tables: {
      readFile(name) {
        const text = tables.get(name);
        if (text === undefined) throw new Error("not read when the configuration was");
        return text;
      },
      origin,
      problem({ severity, message }) {
        // The process that read it compiled it too, and found none.
        if (severity === "error") throw new Error(message);
      },
    },
    locate(path) {
      const [, file, line, column] = /^(.*):(\d+):(\d+)$/s.exec(origin(path) ?? "") ?? [];
      return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
    },
  };
}

function nameOf(path: SettingPath): string {
  return JSON.stringify(path.map(String));
}

type Origin = LoadedFiles["loaded"]["origin"];
type Row = readonly [name: string, origin: string];

/**
 * The places of everything that explanations of a mail may name: tables and their members, and which bank goes with a port; and
 * where keys are declared.
 */
function originsOf(config: Config, origin: Origin): readonly Row[] {
  const { base, policy_bank, interface_policy, dkim_keys } = config;
  const rows: Row[] = [];
  const addOne = (path: SettingPath): boolean => {
    const place = origin(path);
    if (place !== undefined) rows.push([nameOf(path), place]);
    return place !== undefined;
  };
  const add = (value: unknown, path: SettingPath) => {
    if (!addOne(path) || typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) for (const [index, member] of value.entries()) add(member, [...path, index]);
    else for (const [name, member] of Object.entries(value)) add(member, [...path, name]);
  };
  add(interface_policy, ["interface_policy"]);
  for (const [name, value] of Object.entries(base)) add(value, [name]);
  for (const [bank, overlay] of policy_bank) {
    for (const [name, value] of Object.entries(overlay)) add(value, ["policy_bank", bank, name]);
  }
  for (const name of ["dkim_key_dir", "dkim_keytable", "dkim_signingtable"]) addOne([name]);
  for (const [index, { file }] of dkim_keys.entries()) {
    if (addOne(["dkim_keys", index]) && file !== undefined) addOne(["dkim_keys", index, "file"]);
  }
  return rows;
}
