// `signpost gened25519 FILE`: a new Ed25519 key in a new file that only its owner reads.
import { parseArgs } from "node:util";
import { generateEd25519Key } from "../signing/generate.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./command.ts";
import { writeKeyFile } from "./key-file.ts";

export const gened25519: Command = {
  name: "gened25519",
  summary: "make an Ed25519 signing key",
  usage: `gened25519 [--config FILE] FILE

Writes a new Ed25519 private key (PKCS#8, PEM; RFC 8463) to FILE. The file must not be there yet and is readable by its
owner alone; where root makes it, by the group of the user that the daemon becomes, too. Many receivers know RSA only:
sign with both.

  --config FILE  the configuration, for whom the daemon becomes (/etc/signpost/signpost.yaml)`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { config: { type: "string", short: "c" } },
      allowPositionals: true,
    });
    const [file, ...more] = positionals;
    if (file === undefined || file === "") throw new UsageError("File name for a key not provided");
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);
    const made = `Private Ed25519 key successfully written to file "${file}" (PEM format) `;
    const key = { command: "gened25519", file, config: values.config, made, generate: generateEd25519Key };
    return writeKeyFile(key, io);
  },
};
