// `signpost print-unit`: the systemd unit with the paths of this installation.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { defaultConfigFile } from "../config/default-file.ts";
import { moduleUrl } from "../process/module-url.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";

/** What packaging/systemd/signpost.service runs. */
const packaged = "/usr/local/bin/signpost";
const unitName = "packaging/systemd/signpost.service";

export const printUnit: Command = {
  name: "print-unit",
  summary: "print the systemd unit with the paths of this installation",
  usage: `print-unit [--config FILE]

Prints a systemd unit that starts this program by its full path, with the Node that runs it now:
signpost print-unit > /etc/systemd/system/signpost.service

  --config FILE  the configuration that the service reads (/etc/signpost/signpost.yaml)`,
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: { config: { type: "string", short: "c" } } });
    const config = values.config === undefined ? defaultConfigFile : resolve(io.cwd, values.config);
    const program = programOf(io);
    const paths = [...program, config];
    const strange = paths.find((path) => /[\s"'%$\\]/.test(path));
    if (strange !== undefined) throw new UsageError(`systemd would read the path ${strange} as something else`);
    io.stdout(unitText(readUnit(), program.join(" "), config));
    const hidden = paths.find((path) => /^\/(?:home|root|run\/user|tmp|var\/tmp)\//.test(path));
    if (hidden !== undefined) {
      io.stderr(
        `signpost: the service will not find ${hidden}: the unit hides that folder (ProtectHome, PrivateTmp)\n`,
      );
    }
    return exitCode.ok;
  },
};

/** The script that a package or tarball starts us by, which a later version has as well; else Node and our entry. */
function programOf({ env, cwd }: Pick<Io, "env" | "cwd">): readonly string[] {
  const { SIGNPOST_PROGRAM: script } = env;
  if (script !== undefined && script !== "") return [resolve(cwd, script)];
  return [process.execPath, fileURLToPath(moduleUrl("./main", import.meta.url))];
}

/** The packaged unit with another program and configuration. */
function unitText(unit: string, program: string, config: string): string {
  return unit.replaceAll(packaged, program).replaceAll(defaultConfigFile, config);
}

/** From the root of the package: two folders up from the source, three from the compiled file. */
function readUnit(): string {
  for (const up of ["../..", "../../.."]) {
    try {
      return readFileSync(new URL(`${up}/${unitName}`, import.meta.url), "utf8");
    } catch {
      // The other one then.
    }
  }
  throw new Error(`${unitName} is not where it was installed`);
}
