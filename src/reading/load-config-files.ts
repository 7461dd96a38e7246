// The files of a configuration, read from disk: the file itself with what it includes, and tables in files. Whatever is
// wrong comes back as problems with file, line and column. Keys are listed by list-keys.ts.
import { dirname, resolve } from "node:path";
import { disk, type Loaded, loadConfig } from "../config/load.ts";
import type { Problem } from "../config/source.ts";
import type { Files } from "../config/yaml-source.ts";
import type { TableContext } from "../lookup/table.ts";
import { createRouter } from "../policy/router.ts";
import { checkTemplates } from "./check-templates.ts";
import { fronts } from "./fronts.ts";
import type { ReadConfig } from "./settings.ts";
import { createTelling } from "./telling.ts";

export interface LoadedFiles {
  /** Absent when an error among the problems keeps the configuration from being used. */
  readonly read?: ReadConfig;
  readonly problems: readonly Problem[];
  /** The configuration alone, for commands that print or explain it. */
  readonly loaded: Loaded;
  /** The texts of tables in files, by the name that the settings give. */
  readonly tables: ReadonlyMap<string, string>;
}

/**
 * @param cwd relative names on the command line start here
 * @param files where files are read from; names are absolute
 */
export async function loadConfigFiles(path: string, cwd: string, files: Files = disk): Promise<LoadedFiles> {
  const loaded = await loadConfig(path, { cwd, fronts, files });
  const { config } = loaded;
  const texts = new Map<string, string>();
  if (config === undefined) return { problems: loaded.problems, loaded, tables: texts };
  const { problems, tell } = createTelling(loaded.problems, (at) => loaded.source.locate(at));
  const folder = resolve(cwd, dirname(path));
  const tables: TableContext = {
    // A table is read once, and compiled for each way of taking keys.
    readFile(name) {
      const text = texts.get(name) ?? files.read(resolve(folder, name));
      texts.set(name, text);
      return text;
    },
    origin: (at) => loaded.origin(at),
    problem: tell,
  };
  // Compiles every map once, for what is wrong with them; the daemon then has nothing to say.
  createRouter(config, tables);
  for (const problem of checkTemplates(config, tables.readFile)) tell(problem);
  if (problems.some(({ severity }) => severity === "error")) return { problems, loaded, tables: texts };
  return { read: { config, tables: { ...tables, problem: () => {} } }, problems, loaded, tables: texts };
}
