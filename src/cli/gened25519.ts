// `signpost gened25519 FILE`: a new Ed25519 key in a new file that only its owner reads.
import { parseArgs } from "node:util";
import { generateEd25519Key } from "../signing/generate.ts";
import type { Command } from "./command.ts";
import { exitCode, UsageError } from "./command.ts";
import { writeKeyFile } from "./key-file.ts";

export const gened25519: Command = {
  name: "gened25519",
  summary: "make an Ed25519 signing key",
  usage: `gened25519 FILE

Writes a new Ed25519 private key (PKCS#8, PEM; RFC 8463) to FILE. The file must not be there yet and is readable by
its owner alone. Many receivers know RSA only: sign with both.`,
  async run(args, io) {
    const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true });
    const [file, ...more] = positionals;
    if (file === undefined || file === "") throw new UsageError("File name for a key not provided");
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);
    const failure = await writeKeyFile("gened25519", file, generateEd25519Key, io);
    if (failure !== undefined) return failure;
    io.stderr(`Private Ed25519 key successfully written to file "${file}" (PEM format) \n`);
    return exitCode.ok;
  },
};
