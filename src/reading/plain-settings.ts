// What was read of a configuration, as plain data: what one process reads another can go by. Whoever opens it needs
// neither the table of settings nor those who read files.
import type { Config } from "../config/config.ts";
import { freeze } from "../config/freeze.ts";
import type { Problem, SettingPath } from "../config/source.ts";
import { openRows, type PackedRows, packRows, type Row } from "../lookup/packed-rows.ts";
import { openKeyring, type PackedKeyring } from "../signing/keyring.ts";
import type { LoadedSettings } from "./load-settings.ts";
import { type Parcel, pack, unpack } from "./parcel.ts";
import type { Settings } from "./settings.ts";

interface PlainSettings {
  readonly config: Config;
  readonly keyring: PackedKeyring;
  /** "file:line:column" by the path of a setting, as JSON. */
  readonly origins: PackedRows<string>;
  /** The texts of tables in files, by name. */
  readonly tables: ReadonlyMap<string, string>;
}

export interface Reading {
  /** Absent when an error among the problems keeps the configuration from being used. */
  readonly settings?: PlainSettings;
  readonly problems: readonly Problem[];
}

/** For another process. */
export function packReading(read: LoadedSettings, problems: readonly Problem[]): Parcel<Reading> {
  const isUsable = !problems.some(({ severity }) => severity === "error");
  if (read.settings === undefined || read.plain === undefined || !isUsable) return pack({ problems }, []);
  const { config } = read.settings;
  const { keyring, tables } = read.plain;
  const settings = { config, keyring, origins: packRows(originsOf(config, read.loaded.origin)), tables };
  return pack({ settings, problems }, arraysIn([settings.keyring, settings.origins]));
}

export interface OpenedReading {
  readonly settings?: Settings;
  readonly problems: readonly Problem[];
}

/** From another process; its large arrays stay those of the parcel. */
export function openReading(parcel: Parcel<Reading>): OpenedReading {
  const { settings, problems } = unpack(parcel);
  return settings === undefined ? { problems } : { settings: openSettings(settings), problems };
}

function openSettings({ config, keyring, origins, tables }: PlainSettings): Settings {
  const places = openRows(origins);
  return {
    config: freeze(config),
    keyring: openKeyring(keyring),
    tables: {
      readFile(name) {
        const text = tables.get(name);
        if (text === undefined) throw new Error("not read when the configuration was");
        return text;
      },
      origin(path) {
        // What stands nowhere itself stands where the nearest thing around it does.
        for (let length = path.length; length > 0; length -= 1) {
          const [row] = places.find(nameOf(path.slice(0, length)));
          if (row !== undefined) return places.valueOf(row);
        }
        return undefined;
      },
      problem({ severity, message }) {
        // Whoever read it compiled it too, and found none.
        if (severity === "error") throw new Error(message);
      },
    },
  };
}

function nameOf(path: SettingPath): string {
  return JSON.stringify(path.map(String));
}

type Origin = LoadedSettings["loaded"]["origin"];

/** Where everything stands that a mail may be told about: tables and their members, and which bank goes with a port. */
function originsOf({ base, policy_bank, interface_policy }: Config, origin: Origin): readonly Row<string>[] {
  const rows: Row<string>[] = [];
  const add = (value: unknown, path: SettingPath) => {
    const place = origin(path);
    if (place === undefined) return;
    rows.push([nameOf(path), place]);
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) for (const [index, member] of value.entries()) add(member, [...path, index]);
    else for (const [name, member] of Object.entries(value)) add(member, [...path, name]);
  };
  add(interface_policy, ["interface_policy"]);
  for (const [name, value] of Object.entries(base)) add(value, [name]);
  for (const [bank, overlay] of policy_bank) {
    for (const [name, value] of Object.entries(overlay)) add(value, ["policy_bank", bank, name]);
  }
  return rows;
}

/** All arrays of octets and numbers in plain data. */
function arraysIn(value: unknown): readonly ArrayBufferView<ArrayBuffer>[] {
  if (isArray(value)) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(arraysIn) : [];
}

function isArray(value: unknown): value is ArrayBufferView<ArrayBuffer> {
  return ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer;
}
