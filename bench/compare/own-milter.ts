// signpost as a milter, beside the other milters: the same protocol, the same source of load.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../src/process/version.ts";
import { ownAsMilter } from "./asked.ts";
import { type Peer, startProgram } from "./peer.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

export const ownMilter: Peer = {
  name: ownAsMilter,
  works: ["sign-rsa", "sign-ed25519", "verify"],
  pace: { connections: 16, messages: 3000, warmUp: 8000, large: 12, perSecond: 400 },
  version: () => version,
  async start(work, { folder, keyFiles, dnsPort }) {
    const place = join(folder, `own-milter-${work}.sock`);
    const key =
      work === "sign-ed25519" ? { selector: "ed", file: keyFiles.ed25519 } : { selector: "rsa", file: keyFiles.rsa };
    const file = join(folder, `own-milter-${work}.yaml`);
    writeFileSync(
      file,
      `myhostname: filter.example.net
local_domains_maps: [true]
mynetworks: [127.0.0.0/8]
enable_dkim_verification: ${work === "verify"}
enable_dkim_signing: ${work !== "verify"}
dkim_keys: [{ domain: example.com, selector: ${key.selector}, file: ${key.file} }]
dkim_signature_options_bysender_maps: [{ ".": { c: relaxed/relaxed } }]
inet_socket_port: []
milter_listen: [{ address: ${place} }]
dns: { servers: ["127.0.0.1:${dnsPort}"] }
log: { to: ${join(folder, "own-milter.log")} }
`,
    );
    const args = [main, "start", "--config", file, "--user", "root"];
    const env = { RUNTIME_DIRECTORY: folder };
    return startProgram({ command: process.execPath, args, place, speaks: "milter", env });
  },
};
