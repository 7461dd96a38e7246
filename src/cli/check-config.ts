// signpost check-config: all errors and warnings of a configuration, or the configuration as it takes effect.
import { parseArgs } from "node:util";
import { defaultConfigFile } from "../config/default-file.ts";
import { printConfig } from "../config/print.ts";
import { problemLine, sortProblems } from "../config/report.ts";
import { withoutSecrets } from "../config/secrets.ts";
import { type Problem, pathText } from "../config/source.ts";
import { jsonText } from "../mail/json-text.ts";
import { loadSettings } from "../reading/load-settings.ts";
import { permissionProblems } from "../reading/permissions.ts";
import { type Command, exitCode, UsageError } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";

export const checkConfig: Command = {
  name: "check-config",
  summary: "check a configuration and name every fault with file, line and column",
  usage: `check-config [--config FILE] [--strict] [--print | --json]

  --config FILE  signpost.yaml or an amavisd.conf; default ${defaultConfigFile}
  --strict       exit 78 on warnings, too
  --print        print the effective configuration as YAML, every default filled in; passwords and keys are left out
  --json         print one JSON object: file, usable, and problems with severity, message, setting, file, line, column

Errors, warnings and notes go to standard error, but with --json. The exit code is 0 when the configuration can be used,
78 when it has errors, 66 or 77 when it cannot be read.`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        config: { type: "string", short: "c" },
        strict: { type: "boolean" },
        print: { type: "boolean" },
        json: { type: "boolean" },
      },
      allowPositionals: true,
    });
    if (positionals.length > 1) throw new UsageError("one file at a time");
    if (values.print === true && values.json === true) throw new UsageError("--print or --json, not both");
    const file = values.config ?? positionals[0] ?? defaultConfigFile;
    const unreadable = unreadableConfig(file, io);
    if (unreadable !== undefined) return unreadable;
    const { settings, problems, files } = await loadSettings(file, io.cwd, "daemon", "error");
    const { config } = files.loaded;
    const all = sortProblems([...problems, ...permissionProblems(files.loaded, io.cwd)]);
    const usable = settings !== undefined && !all.some(({ severity }) => severity === "error");
    if (values.json === true) {
      io.stdout(`${jsonText({ file, usable, problems: all.map(asJson) })}\n`);
    } else {
      for (const problem of all) io.stderr(`${problemLine(problem)}\n`);
      if (values.print !== true) io.stdout(`${file}: ${summary(all)}\n`);
      else if (config !== undefined) io.stdout(printConfig(withoutSecrets(config)));
    }
    const isStrictlyUsable = values.strict !== true || !all.some(({ severity }) => severity === "warning");
    return usable && isStrictlyUsable ? exitCode.ok : exitCode.config;
  },
};

function asJson({ severity, message, path, place }: Problem) {
  return { severity, message, ...(path !== undefined && path.length > 0 && { setting: pathText(path) }), ...place };
}

function summary(problems: readonly Problem[]): string {
  const count = (severity: Problem["severity"], word: string) => {
    const found = problems.filter((problem) => problem.severity === severity).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? "" : "s"}`];
  };
  const counts = [...count("error", "error"), ...count("warning", "warning"), ...count("note", "note")];
  return counts.length === 0 ? "ok" : counts.join(", ");
}
