// ConfigSource -> Config: every value in its normal form, every default filled in, every reference checked.
// Pure: what it must know of the machine comes in by `CompileOptions`.
import { dirname, isAbsolute, join } from "node:path";
import { isMapping } from "../lookup/value.ts";
import type { BankOverlay } from "../settings/bank-settings.ts";
import { knownBankNames, knownGlobalNames } from "../settings/known-names.ts";
import { allNames, bankSettingNames, bankSettings, scopeOf } from "../settings/registry.ts";
import { globalSettings } from "../settings/rows/global.ts";
import {
  type KnownNames,
  readRecord,
  type SettingRows,
  unknownName,
  type ValuesOf,
  withDefaults,
} from "../settings/setting.ts";
import { reporter, show } from "../settings/shape.ts";
import type { Config } from "./config.ts";
import { withDerived } from "./derived.ts";
import { absoluteFiles } from "./file-names.ts";
import { freeze } from "./freeze.ts";
import { inertProblems } from "./inert.ts";
import { lintConfig } from "./lint.ts";
import { checkReferences } from "./references.ts";
import { type ConfigSource, type Problem, pathText, type SettingPath } from "./source.ts";

export interface CompileOptions {
  /** The name of this host, for myhostname. */
  readonly hostname: string;
  /** Absolute folder that relative names of the source's files start from. */
  readonly folder: string;
}

export interface Compiled {
  /** Absent when there is an error among the problems. */
  readonly config?: Config;
  /** Those of the source first. */
  readonly problems: readonly Problem[];
}

export function compileConfig(source: ConfigSource, options: CompileOptions): Compiled {
  const problems: Problem[] = [...source.problems];
  const folderOf = (path: SettingPath) => {
    const folder = source.folder ?? dirname(source.locate(path)?.file ?? "");
    return isAbsolute(folder) ? folder : join(options.folder, folder);
  };
  const settings = sorted(source, problems);
  const global = read(globalSettings, knownGlobalNames, settings.global, [], source, problems);
  const base = read(bankSettings, knownBankNames, settings.base, [], source, problems);
  const banks = new Map<string, BankOverlay>();
  for (const [name, keys] of settings.banks) {
    const at = ["policy_bank", name];
    const overlay = read(bankSettings, knownBankNames, bankKeys(keys, at, source, problems), at, source, problems);
    banks.set(
      name,
      absoluteFiles(overlay, (path) => folderOf([...at, ...path])),
    );
  }

  const wholeGlobal = withDefaults(absoluteFiles(global, folderOf), globalSettings);
  const config: Config = freeze({
    ...wholeGlobal,
    base: withDerived(absoluteFiles(base, folderOf), wholeGlobal, options.hostname),
    policy_bank: banks,
  });
  problems.push(...checkReferences(config, source));
  const isReadable = !hasErrors(problems);
  problems.push(...inertProblems(source));
  if (isReadable) problems.push(...lintConfig(config, source));
  return hasErrors(problems) ? { problems } : { config, problems };
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === "error");
}

interface Sorted {
  readonly global: Readonly<Record<string, unknown>>;
  readonly base: Readonly<Record<string, unknown>>;
  readonly banks: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** Sorts settings into those of the daemon, of the base bank and of banks; reports unknown names. */
function sorted(source: ConfigSource, problems: Problem[]): Sorted {
  const global: Record<string, unknown> = {};
  const base: Record<string, unknown> = {};
  const banks = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [name, value] of Object.entries(source.settings)) {
    const scope = scopeOf(name);
    if (scope === "global") global[name] = value;
    else if (scope === "bank") base[name] = value;
    else if (name === "policy_bank") sortBanks(value, banks, source, problems);
    else problems.push(problem(source, [name], unknownName(name, allNames), "name"));
  }
  return { global, base, banks };
}

function sortBanks(
  value: unknown,
  banks: Map<string, Readonly<Record<string, unknown>>>,
  source: ConfigSource,
  problems: Problem[],
): void {
  if (value === null) return;
  if (!isMapping(value)) {
    problems.push(problem(source, ["policy_bank"], `expected a mapping of bank names, found ${show(value)}`));
    return;
  }
  for (const [name, keys] of Object.entries(value)) {
    const path = ["policy_bank", name];
    if (name === "" || name.includes(",") || name.includes("/") || name.trim() !== name) {
      problems.push(
        problem(source, path, "no name for a bank: commas, slashes and outer blanks cannot stand in it", "name"),
      );
    } else if (keys !== null && !isMapping(keys)) {
      problems.push(problem(source, path, `expected a mapping of settings, found ${show(keys)}`));
      banks.set(name, {});
    } else {
      banks.set(name, keys ?? {});
    }
  }
}

/**
 * What can be read of a record by its rows. The rest is reported and left out, so that further faults are found in one go. Of known
 * names only the form is checked.
 */
function read<R extends SettingRows>(
  rows: R,
  known: KnownNames,
  given: Readonly<Record<string, unknown>>,
  at: SettingPath,
  source: ConfigSource,
  problems: Problem[],
): Partial<ValuesOf<R>> {
  const report = reporter((message, inside, place) => {
    problems.push(problem(source, [...at, ...inside], message, place));
  });
  return readRecord(given, rows, report, known);
}

/** The settings of a bank; what else stands there is reported. */
function bankKeys(
  keys: Readonly<Record<string, unknown>>,
  at: SettingPath,
  source: ConfigSource,
  problems: Problem[],
): Readonly<Record<string, unknown>> {
  const foreign = Object.keys(keys).filter((name) => scopeOf(name) !== "bank");
  for (const name of foreign) {
    const message =
      scopeOf(name) === undefined
        ? unknownName(name, bankSettingNames)
        : "this holds for the whole daemon and cannot stand in a policy bank";
    problems.push(problem(source, [...at, name], message, "name"));
  }
  return foreign.length === 0
    ? keys
    : Object.fromEntries(Object.entries(keys).filter(([name]) => scopeOf(name) === "bank"));
}

function problem(source: ConfigSource, path: SettingPath, message: string, at: "value" | "name" = "value"): Problem {
  const place = source.locate(path, at);
  return { severity: "error", message: `${pathText(path)}: ${message}`, path, ...(place !== undefined && { place }) };
}
