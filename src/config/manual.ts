// The manual of signpost.yaml, made from the table of settings: what the schema takes is what the pages tell.
// docs/configuration.md and signpost.yaml(5) are two prints of it; the words around the settings are in manual-text.ts.
import { stringify } from "yaml";
import { membersOf } from "../settings/group.ts";
import { bankChapters } from "../settings/registry.ts";
import { globalChapters } from "../settings/rows/chapters.ts";
import type { SettingRows } from "../settings/setting.ts";

export interface ManualEntry {
  /** "dns.servers" for the member of a record. */
  readonly name: string;
  readonly scope: "bank" | "global";
  readonly takes: string;
  readonly fallback: string;
  readonly summary: string;
}

export interface Chapter {
  readonly title: string;
  readonly entries: readonly ManualEntry[];
}

/** Every setting that something acts on, in the order of the manual. */
export function manualChapters(): Chapter[] {
  return all("active").filter((chapter) => chapter.entries.length > 0);
}

/** Settings that are read and kept while nothing acts on them, by name. */
export function idleSettings(): readonly ManualEntry[] {
  return all("accepted")
    .flatMap((chapter) => chapter.entries)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

type Status = SettingRows[string]["status"];

function all(status: Status): Chapter[] {
  return [
    ...globalChapters.map(({ title, settings }) => ({ title, entries: entries(settings, "global", status) })),
    ...Object.entries(bankChapters).map(([title, settings]) => ({ title, entries: entries(settings, "bank", status) })),
  ];
}

function entries(settings: SettingRows, scope: ManualEntry["scope"], status: Status, prefix = ""): ManualEntry[] {
  return Object.entries(settings).flatMap(([name, setting]) => {
    const members = membersOf(setting.shape);
    const entry: ManualEntry = {
      name: `${prefix}${name}`,
      scope,
      takes: setting.shape.words,
      fallback: members === undefined ? fallbackText(setting) : "",
      summary: setting.summary,
    };
    const own = setting.status === status ? [entry] : [];
    return members === undefined ? own : [...own, ...entries(members, scope, status, `${prefix}${name}.`)];
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
