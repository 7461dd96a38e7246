// `signpost postfix --print | --apply | --undo`: the lines that Postfix needs beside the filter, shown, made and taken back.
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { defaultConfigFile } from "../config/default-file.ts";
import { loadConfig } from "../config/load.ts";
import { problemLine } from "../config/report.ts";
import { errorText } from "../mail/error-text.ts";
import { fronts } from "../reading/fronts.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { unreadableConfig } from "./config-file.ts";
import { PostconfError, postconf } from "./postconf.ts";
import { type Change, postconfArguments, type Setup, SetupError, setupChanges, setups } from "./postfix-setup.ts";
import { appliedSetup, applyChanges, setParameters, undoChanges } from "./postfix-undo.ts";

export const postfix: Command = {
  name: "postfix",
  summary: "show, make and undo what Postfix's configuration needs beside signpost",
  usage: `postfix --print | --apply | --undo [--setup filter|milter|proxy] [--service NAME/TYPE]
        [--config FILE] [--postfix-config DIR]

--print shows the changes as commands for a shell, --apply makes them and has Postfix reload, --undo puts back what was
there before. What was there is kept in signpost-undo.json beside main.cf; where nobody else has changed main.cf and
master.cf since, they are the same again octet for octet. Ports are those of signpost.yaml.

  --setup filter         a content filter behind the queue (the default)
  --setup milter         a milter: needs milter_listen in signpost.yaml
  --setup proxy          before the queue, by smtpd_proxy_filter
  --service NAME/TYPE    the service of master.cf that takes mail from outside, for proxy (smtp/inet, or smtpd/pass
                         where postscreen is used)
  --config FILE          the configuration of signpost (/etc/signpost/signpost.yaml)
  --postfix-config DIR   Postfix's configuration folder (as postconf says)`,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        print: { type: "boolean" },
        apply: { type: "boolean" },
        undo: { type: "boolean" },
        setup: { type: "string" },
        service: { type: "string" },
        config: { type: "string", short: "c" },
        "postfix-config": { type: "string" },
      },
    });
    const actions = (["print", "apply", "undo"] as const).filter((name) => values[name] === true);
    const [action] = actions;
    if (action === undefined || actions.length > 1)
      throw new UsageError("one of --print, --apply and --undo is wanted");
    const setup = setups.find((name) => name === (values.setup ?? "filter"));
    if (setup === undefined) throw new UsageError(`--setup is one of ${setups.join(", ")}, not "${values.setup}"`);
    try {
      const folder = values["postfix-config"] ?? (await postconf(["-hx", "config_directory"])).trim();
      if (action === "undo") return await undo(folder, io);
      const changes = await wantedChanges(values.config, setup, folder, values.service, io);
      if (typeof changes === "number") return changes;
      const lines = changes.map((change) => commandLine(change, folder)).join("");
      if (action === "print") {
        io.stdout(`${lines}${reloadLine(folder)}`);
        return exitCode.ok;
      }
      return await apply(folder, setup, changes, lines, io);
    } catch (error) {
      if (!(error instanceof PostconfError)) throw error;
      io.stderr(`signpost: ${error.message}\n`);
      return exitCode.unavailable;
    }
  },
};

/** @returns the exit code when they cannot be had, after a message that says why */
async function wantedChanges(
  config: string | undefined,
  setup: Setup,
  folder: string,
  service: string | undefined,
  io: Io,
): Promise<readonly Change[] | number> {
  const file = config ?? defaultConfigFile;
  const unreadable = unreadableConfig(file, io);
  if (unreadable !== undefined) return unreadable;
  const loaded = await loadConfig(file, { cwd: io.cwd, fronts });
  if (loaded.config === undefined) {
    for (const problem of loaded.problems) if (problem.severity === "error") io.stderr(`${problemLine(problem)}\n`);
    return exitCode.config;
  }
  const entrance = service ?? (await entranceOf(folder));
  try {
    return setupChanges(setup, loaded.config, { parameters: await setParameters(folder), entrance });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    io.stderr(`signpost: ${file}: ${error.message}\n`);
    return exitCode.config;
  }
}

/** With postscreen, smtpd takes connections from it. */
async function entranceOf(folder: string): Promise<string> {
  const behind = "smtpd/pass";
  return (await postconf(["-M", behind], folder)).trim() === "" ? "smtp/inet" : behind;
}

async function apply(folder: string, setup: Setup, changes: readonly Change[], lines: string, io: Io): Promise<number> {
  const before = appliedSetup(folder);
  if (before !== undefined) {
    io.stderr(`signpost: the set-up ${before} is in force already; take it back first: signpost postfix --undo\n`);
    return exitCode.failure;
  }
  io.stdout(lines);
  try {
    await applyChanges(folder, setup, changes);
  } catch (error) {
    io.stderr(`signpost: nothing was changed: ${errorText(error)}\n`);
    return exitCode.cantCreate;
  }
  return reload(folder, io);
}

async function undo(folder: string, io: Io): Promise<number> {
  if (appliedSetup(folder) === undefined) {
    io.stderr(`signpost: nothing to undo in ${folder}\n`);
    return exitCode.failure;
  }
  for (const name of await undoChanges(folder)) io.stderr(`${name} was changed since: left as it is\n`);
  return reload(folder, io);
}

/** Has a Postfix that runs take what changed. */
async function reload(folder: string, io: Io): Promise<number> {
  const run = promisify(execFile);
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin`, MAIL_CONFIG: folder };
  try {
    await run("postfix", ["-c", folder, "status"], { env });
  } catch {
    io.stderr("Postfix does not run: the changes are in force when it starts\n");
    return exitCode.ok;
  }
  try {
    await run("postfix", ["-c", folder, "reload"], { env });
    io.stderr("Postfix has reloaded\n");
    return exitCode.ok;
  } catch (error) {
    io.stderr(`signpost: postfix reload failed: ${errorText(error)}\n`);
    return exitCode.failure;
  }
}

function commandLine(change: Change, folder: string): string {
  if (change.kind === "file")
    return `printf '%s\\n' ${quoted(change.text.trimEnd())} > ${quoted(`${folder}/${change.name}`)}\n`;
  return `postconf -c ${quoted(folder)} ${postconfArguments(change).map(quoted).join(" ")}\n`;
}

function reloadLine(folder: string): string {
  return `postfix -c ${quoted(folder)} reload\n`;
}

/** For a shell: in quotes where it needs them. */
function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
