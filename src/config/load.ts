// Reads a configuration from disk: the YAML files themselves. What they name (keys, tables) is read by reading/, an
// amavisd.conf by amavis/.
import { globSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isAbsolute, relative, resolve } from "node:path";
import { systemError } from "../mail/error-text.ts";
import { madeOf } from "../settings/map-sources.ts";
import { compileConfig } from "./compile.ts";
import type { Config } from "./config.ts";
import type { ConfigSource, Problem, SettingPath } from "./source.ts";
import { type Files, readYamlSource } from "./yaml-source.ts";

/** A front: a file and what it includes, as settings with places. */
export type Front = (path: string, files: Files) => ConfigSource;

export interface LoadOptions {
  /** Fronts by extension (".conf"); everything else is YAML. */
  readonly fronts?: Readonly<Record<string, Front>>;
  readonly files?: Files;
  readonly hostname?: string;
  /** Relative names start here. */
  readonly cwd?: string;
}

export interface Loaded {
  /** Absent when there is an error among the problems. */
  readonly config?: Config;
  readonly problems: readonly Problem[];
  /**
   * "file:line:column" of a setting as written, for explanations. A map that is made of another setting (mynetworks_maps
   * of mynetworks) stands where that one does; a default stands nowhere.
   */
  origin(path: SettingPath): string | undefined;
  readonly source: ConfigSource;
}

/** Files as they are on disk. */
export const disk: Files = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      throw new Error(systemError(cause), { cause });
    }
  },
  glob(pattern) {
    if (!/[*?[{]/.test(pattern)) return [pattern];
    // In one order on every machine, as conf.d folders expect; editors' leftovers stay out.
    return globSync(pattern)
      .filter((file) => !/(^|\/)(\.[^/]*|[^/]*~|[^/]*\.(bak|orig|rej|dpkg-\w+|rpm\w+|sw.))$/.test(file))
      .sort();
  },
};

/** Reads, checks and compiles; never throws for what is in the files. */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<Loaded> {
  const cwd = options.cwd ?? process.cwd();
  const files = fromFolder(options.files ?? disk, cwd);
  const extension = /\.[^./]*$/.exec(path)?.[0] ?? "";
  const front = options.fronts?.[extension] ?? readYamlSource;
  const source = front(path, files);
  const compiled = compileConfig(source, { hostname: options.hostname ?? hostname(), folder: cwd });
  return {
    ...compiled,
    source,
    origin(setting) {
      const written = writtenAs(setting, source);
      const place = written === undefined ? undefined : source.locate(written);
      return place === undefined ? undefined : `${place.file}:${place.line}:${place.column}`;
    },
  };
}

/** The path in the file that a setting of the base bank or of a bank comes from. */
function writtenAs(setting: SettingPath, { settings }: ConfigSource): SettingPath | undefined {
  const [name = "", , ...inside] = setting;
  if (Object.hasOwn(settings, name)) return setting;
  const block = madeOf(String(name));
  // The map's one table is the setting itself.
  return block !== undefined && Object.hasOwn(settings, block) ? [block, ...inside] : undefined;
}

/** Relative names start at `cwd`, and messages keep the spelling the operator used. */
function fromFolder(files: Files, cwd: string): Files {
  return {
    read: (path) => files.read(resolve(cwd, path)),
    glob: (pattern) =>
      files.glob(resolve(cwd, pattern)).map((found) => (isAbsolute(pattern) ? found : relative(cwd, found))),
  };
}
