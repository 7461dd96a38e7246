// Everything a configuration names, read from disk: the file itself with what it includes, keys, tables. Whatever is
// wrong comes back as problems with file, line and column; what could not be had of one domain concerns it alone.
import { readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { disk, type Loaded, loadConfig } from "../config/load.ts";
import type { Problem } from "../config/source.ts";
import type { Files } from "../config/yaml-source.ts";
import type { TableContext } from "../lookup/table.ts";
import { createRouter } from "../policy/router.ts";
import { readWhole } from "../process/read-whole.ts";
import type { FileFacts, KeyFile, KeyFiles } from "../signing/key-settings.ts";
import type { PackedKeyring } from "../signing/keyring.ts";
import { loadKeyring } from "../signing/load-keyring.ts";
import { fronts } from "./fronts.ts";
import { lintSealing } from "./lint-sealing.ts";
import { type ReadAhead, readAhead, worthIt } from "./read-ahead.ts";
import type { Settings } from "./settings.ts";

export interface LoadedSettings {
  /** Absent when an error among the problems keeps the configuration from being used. */
  readonly settings?: Settings;
  readonly problems: readonly Problem[];
  /** The configuration by itself, for whoever prints or explains it. */
  readonly loaded: Loaded;
  /** Owner and mode of a file that was read, where they are known from that; its name is absolute. */
  readonly factsOf?: FactsOf;
  /** Of the settings what is not plain data, as such. */
  readonly plain?: PlainParts;
}

export interface PlainParts {
  readonly keyring: PackedKeyring;
  /** The files that keys were read from. */
  readonly keyFiles: readonly KeyFile[];
  /** The texts of tables in files, by the name that the settings give. */
  readonly tables: ReadonlyMap<string, string>;
}

/** Whatever a configuration may be made of; names are absolute. */
export interface SettingsFiles extends Files, KeyFiles {
  readonly factsOf?: FactsOf;
}

type FactsOf = (name: string) => FileFacts | undefined;

export function filesOnDisk(): SettingsFiles {
  const facts = new Map<string, FileFacts>();
  /** A hundred thousand keys have few different owners and modes. */
  let latest: FileFacts = { mode: 0, uid: 0 };
  let keys: ReadAhead | undefined;
  let folders: ReadAhead | undefined;
  const shared = ({ mode, uid }: FileFacts) => {
    if (latest.mode !== mode || latest.uid !== uid) latest = { mode, uid };
    return latest;
  };
  return {
    ...disk,
    expectKeys(names) {
      keys?.close();
      keys = names.length < worthIt ? undefined : readAhead("key", names);
    },
    expectFolders(names) {
      folders?.close();
      folders = names.length < worthIt ? undefined : readAhead("folder", names);
    },
    readKey(name) {
      if (keys?.has(name) !== true) return undefined;
      const { read, ...found } = keys.key(name);
      return { read, facts: shared(found) };
    },
    readFile(name) {
      const { octets, ...found } = readWhole(name);
      facts.set(name, shared(found));
      return octets;
    },
    listFolder: (name) => (folders?.has(name) === true ? folders.folder(name) : readdirSync(name)),
    factsOf: (name) => facts.get(name),
  };
}

/**
 * @param cwd relative names on the command line start here
 * @param from where files are read from
 */
export async function loadSettings(
  path: string,
  cwd: string,
  from: SettingsFiles = filesOnDisk(),
): Promise<LoadedSettings> {
  const loaded = await loadConfig(path, { cwd, fronts, files: from });
  const { config } = loaded;
  if (config === undefined) return { problems: loaded.problems, loaded };
  const problems: Problem[] = [...loaded.problems];
  const factsOf = from.factsOf === undefined ? {} : { factsOf: from.factsOf };
  const absolute = (name: string) => (name.startsWith("/") ? name : resolve(cwd, name));
  const files = {
    readFile: (name: string) => from.readFile(absolute(name)),
    listFolder: (name: string) => from.listFolder(absolute(name)),
    readKey: (name: string) => from.readKey?.(absolute(name)),
    expectKeys: (names: readonly string[]) => from.expectKeys?.(names.map(absolute)),
    expectFolders: (names: readonly string[]) => from.expectFolders?.(names.map(absolute)),
  };
  const { keyring, packed, keyFiles, problems: keyProblems } = loadKeyring(config, files);
  const told = new Set(problems.flatMap((problem) => placeOf(problem) ?? []));
  const tell = (problem: Problem) => {
    const place = placeOf(problem);
    if (place !== undefined) {
      // What the compiler said of the same place, it said better: it knows the names that were meant.
      if (told.has(place) || told.has(`${place}\0${problem.message}`)) return;
      told.add(`${place}\0${problem.message}`);
    }
    problems.push(placed(problem, loaded));
  };
  for (const problem of keyProblems) tell(problem);
  for (const problem of lintSealing(config, keyring)) tell(problem);
  const texts = new Map<string, string>();
  const tables = tableContext(loaded, resolve(cwd, dirname(path)), from, texts, tell);
  const plain = { keyring: packed, keyFiles, tables: texts };
  // Compiles every map once, for what is wrong with them; the daemon's own generation then has nothing to say.
  createRouter(config, tables);
  if (problems.some(({ severity }) => severity === "error")) return { problems, loaded, ...factsOf };
  return {
    settings: { config, keyring, tables: { ...tables, problem: () => {} } },
    problems,
    loaded,
    plain,
    ...factsOf,
  };
}

/** Every setting at its default: for commands that need no configuration. */
export async function defaultSettings(): Promise<Settings> {
  const name = "defaults.yaml";
  const files = { read: () => "{}", glob: (pattern: string) => [pattern] };
  const { config, problems } = await loadConfig(name, { files });
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  const { keyring } = loadKeyring({}, { readFile: () => new Uint8Array(), listFolder: () => [] });
  return { config, keyring, tables: { readFile: () => "", problem: () => {} } };
}

/** @param texts gets what is read: a table is read once, and compiled for each way of taking keys */
function tableContext(
  loaded: Loaded,
  folder: string,
  files: Files,
  texts: Map<string, string>,
  tell: (problem: Problem) => void,
): TableContext {
  return {
    readFile(name) {
      const text = texts.get(name) ?? files.read(resolve(folder, name));
      texts.set(name, text);
      return text;
    },
    origin: (path) => loaded.origin(path),
    problem: tell,
  };
}

function placed(problem: Problem, { source }: Loaded): Problem {
  if (problem.place !== undefined || problem.path === undefined) return problem;
  const place = source.locate(problem.path);
  return place === undefined ? problem : { ...problem, place };
}

function placeOf({ severity, path }: Problem): string | undefined {
  return path === undefined ? undefined : [severity, ...path].join("\0");
}
