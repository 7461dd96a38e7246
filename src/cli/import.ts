// `signpost import FILE…`: an amavisd.conf as signpost.yaml, on standard output.
import { basename, isAbsolute, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readAmavisdConf } from "../amavis/read-conf.ts";
import { writeYaml } from "../amavis/write-yaml.ts";
import { inertProblems } from "../config/inert.ts";
import { importedScanners } from "../config/lint/scanners.ts";
import { disk } from "../config/load.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import { readDkimproxyConf } from "../opendkim/dkimproxy-conf.ts";
import { readOpendkimConf } from "../opendkim/opendkim-conf.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";

export const importConf: Command = {
  name: "import",
  summary: "turn an amavisd.conf, opendkim.conf or dkimproxy_out.conf into a signpost.yaml",
  usage: `import FILE...

Reads FILE as opendkim.conf or dkimproxy_out.conf where its name says so, else as amavisd.conf, and prints the signpost.yaml that means the same, with comments that name the lines the
settings come from. A folder such as /etc/amavis/conf.d is read in the order of its names; several files and folders
are read one after the other into one configuration. Nothing in the files is executed. What could not be taken is told
on standard error and at the head of the output; the exit code is 65 if any of it is an error.`,
  async run(args, io) {
    const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true });
    if (positionals.length === 0 || positionals.includes(""))
      throw new UsageError("File name of an amavisd.conf not provided");
    for (const file of positionals) {
      const unreadable = unreadableConfig(file, io, "or a folder");
      if (unreadable !== undefined) return unreadable;
    }
    const [only = ""] = positionals;
    const readOther = positionals.length === 1 ? otherReader(only) : undefined;
    const readText = (path: string) => disk.read(resolve(io.cwd, path));
    const source =
      readOther?.(only, readText) ??
      readAmavisdConf(positionals, {
        read: readText,
        glob: (pattern) =>
          disk.glob(resolve(io.cwd, pattern)).map((found) => (isAbsolute(pattern) ? found : relative(io.cwd, found))),
      });
    const problems = [...source.problems, ...inertProblems(source), ...importedScanners(source)];
    for (const problem of sortProblems(problems)) io.stderr(`${problemLine(problem)}\n`);
    const failed = problems.some(({ severity }) => severity === "error");
    io.stdout(writeYaml({ ...source, problems }, positionals));
    return failed ? exitCode.data : exitCode.ok;
  },
};

/** By the name of the file: opendkim.conf, opendkim-sign.conf, dkimproxy_out.conf. */
function otherReader(path: string): typeof readOpendkimConf | undefined {
  const name = basename(path).toLowerCase();
  if (name.includes("opendkim")) return readOpendkimConf;
  return name.includes("dkimproxy") ? readDkimproxyConf : undefined;
}
