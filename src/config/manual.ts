// The manual of signpost.yaml, made from the table of settings: the pages say what the rows take.
// docs/configuration.md and signpost.yaml(5) are two prints of it; the words around the settings are in manual-text.ts.
import { stringify } from "yaml";
import { knownMembersOf, membersOf } from "../settings/group.ts";
import { knownBankNames, knownGlobalNames } from "../settings/known-names.ts";
import { bankChapters } from "../settings/registry.ts";
import { globalChapters } from "../settings/rows/chapters.ts";
import { globalSettings } from "../settings/rows/global.ts";
import type { KnownNames, SettingRows } from "../settings/setting.ts";

export interface ManualEntry {
  /** "dns.servers" for the member of a record. */
  readonly name: string;
  readonly scope: "bank" | "global";
  readonly takes: string;
  readonly fallback: string;
  readonly summary: string;
  /** A reload does not put it in force. */
  readonly restart: boolean;
}

export interface Chapter {
  readonly title: string;
  readonly entries: readonly ManualEntry[];
}

/** Every setting that something acts on, in the order of the manual. */
export function manualChapters(): Chapter[] {
  return [
    ...globalChapters.map(({ title, settings }) => ({ title, entries: entries(settings, "global") })),
    ...Object.entries(bankChapters).map(([title, settings]) => ({ title, entries: entries(settings, "bank") })),
  ];
}

/** What is known of a name that nothing acts on. */
export type IdleEntry = Pick<ManualEntry, "name" | "takes" | "summary">;

/** Names that a configuration may hold while nothing acts on them, in alphabetical order. */
export function idleSettings(): readonly IdleEntry[] {
  const groups = Object.entries(globalSettings).flatMap(([name, { shape }]) =>
    idleEntries(knownMembersOf(shape), `${name}.`),
  );
  return [...idleEntries(knownBankNames), ...idleEntries(knownGlobalNames), ...groups].sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
}

function idleEntries(names: KnownNames, prefix = ""): IdleEntry[] {
  return Object.entries(names).map(([name, { shape, summary }]) => ({
    name: `${prefix}${name}`,
    takes: shape.words,
    summary,
  }));
}

function entries(settings: SettingRows, scope: ManualEntry["scope"], prefix = "", isAll = false): ManualEntry[] {
  return Object.entries(settings).flatMap(([name, setting]) => {
    const members = membersOf(setting.shape);
    const restart = isAll || setting.restart === true;
    const entry: ManualEntry = {
      name: `${prefix}${name}`,
      scope,
      takes: setting.shape.words,
      fallback: members === undefined ? fallbackText(setting) : "",
      summary: setting.summary,
      // Of a group its members say it.
      restart: members === undefined && restart,
    };
    return members === undefined ? [entry] : [entry, ...entries(members, scope, `${prefix}${name}.`, restart)];
  });
}

function fallbackText({ shape, fallback, otherwise }: SettingRows[string]): string {
  if (otherwise !== undefined) return otherwise;
  if (typeof fallback === "number") {
    if (shape.kind === "duration") return inUnits(fallback, timeUnits, "s");
    if (shape.kind === "size") return inUnits(fallback, sizeUnits, "");
    if (shape.kind === "permissions") return `"0${fallback.toString(8)}"`;
  }
  return stringify(fallback, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trim();
}

const timeUnits: readonly (readonly [number, string])[] = [
  [86400, "d"],
  [3600, "h"],
  [60, "m"],
];
const sizeUnits: readonly (readonly [number, string])[] = [
  [1024 ** 3, "G"],
  [1024 ** 2, "M"],
  [1024, "k"],
];

function inUnits(value: number, units: readonly (readonly [number, string])[], bare: string): string {
  const [per, unit] = units.find(([each]) => value >= each && value % each === 0) ?? [1, bare];
  return `${value / per}${unit}`;
}
