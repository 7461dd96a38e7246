// `signpost genrsa FILE [BITS]`: a new RSA key in a new file that only its owner reads.
import { parseArgs } from "node:util";
import { generateRsaKey } from "../signing/generate.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./command.ts";
import { writeKeyFile } from "./key-file.ts";

const defaultBits = 2048;
/** RFC 8301 section 3.2: not below 1024, and verifiers need not take more than 4096. */
const fewestBits = 1024;
const mostBits = 4096;

export const genrsa: Command = {
  name: "genrsa",
  summary: "make an RSA signing key",
  usage: `genrsa [--config FILE] FILE [BITS]

Writes a new RSA private key (PKCS#8, PEM) of BITS bits, ${defaultBits} where none are given, to FILE. The file must not
be there yet and is readable by its owner alone; where root makes it, by the group of the user that the daemon becomes,
too. FILE is then declared in dkim_keys; "showkeys" prints what to publish.

  --config FILE  the configuration, for whom the daemon becomes (/etc/signpost/signpost.yaml)`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { config: { type: "string", short: "c" } },
      allowPositionals: true,
    });
    const [file, bitsText = String(defaultBits), ...more] = positionals;
    if (file === undefined || file === "") throw new UsageError("File name for a key not provided");
    if (more.length > 0) throw new UsageError(`unexpected argument "${more[0]}"`);
    if (!/^\d{1,9}$/.test(bitsText)) throw new UsageError("Number of bits in a key must be numeric");
    const bits = Number(bitsText);
    const suggested = "(suggested 2048..4096)";
    if (bits < fewestBits) throw new UsageError(`Number of bits is below ${fewestBits} ${suggested}`);
    if (bits > mostBits) throw new UsageError(`Number of bits too large ${suggested}`);
    if (bits < defaultBits) {
      io.stderr("INFO: RFC 8301 states: Signers SHOULD use RSA keys of at least 2048 bits.\n");
    }
    const made = `Private RSA key successfully written to file "${file}" (${bits} bits, PEM format) `;
    const generate = () => generateRsaKey(bits);
    return writeKeyFile({ command: "genrsa", file, config: values.config, made, generate }, io);
  },
};
