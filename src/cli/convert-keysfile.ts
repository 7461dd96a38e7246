// `signpost convert_keysfile FILE`: dkim-filter's keys file as lines for signpost.yaml, or for amavisd.conf.

import { accessSync, constants, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { KeysfileError, parseKeysfile } from "../amavis/keysfile.ts";
import { keysfileToAmavisd, keysfileToYaml } from "../amavis/keysfile-text.ts";
import { errorCode, systemError } from "../mail/error-text.ts";
import type { Command } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";

export const convertKeysfile: Command = {
  name: "convert_keysfile",
  summary: "turn a keys file of dkim-filter into configuration",
  usage: `convert_keysfile [--amavisd] FILE

Reads a keys file of dkim-filter (its options -K -k: lines "sender-pattern:signing-domain:key-path") and prints lines for
signpost.yaml that choose the same key for each sender.

  --amavisd   print lines for amavisd.conf instead`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { amavisd: { type: "boolean" } },
      allowPositionals: true,
    });
    const [file, ...more] = positionals;
    if (file === undefined || file === "") throw new UsageError("the name of a keys file is needed");
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);

    let text: string;
    try {
      text = readFileSync(resolve(io.cwd, file), "utf8");
    } catch (error) {
      io.stderr(`dkim_key_file: Can't open file ${file} for reading: ${systemError(error)}\n`);
      return errorCode(error) === "EACCES" ? exitCode.permission : exitCode.noInput;
    }
    try {
      const keysfile = parseKeysfile(text, file, (path) => isThere(resolve(io.cwd, path)));
      for (const warning of keysfile.warnings) io.stderr(`${warning}\n`);
      io.stdout(values.amavisd === true ? keysfileToAmavisd(keysfile) : keysfileToYaml(keysfile));
      return exitCode.ok;
    } catch (error) {
      if (!(error instanceof KeysfileError)) throw error;
      io.stderr(`${error.message}\n`);
      return exitCode.data;
    }
  },
};

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.F_OK);
    return true;
  } catch {
    return false;
  }
}
