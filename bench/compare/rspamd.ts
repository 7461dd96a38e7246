// rspamd as a milter: its proxy worker scans by itself, with nothing loaded but what signs, or verifies and says so.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion } from "./debian.ts";
import { type Peer, type PeerNeeds, type PeerWork, startProgram } from "./peer.ts";

const plugins = "/usr/share/rspamd/plugins";

export const rspamd: Peer = {
  name: "rspamd (milter)",
  works: ["sign-rsa", "verify"],
  pace: { connections: 16, messages: 1000, warmUp: 200, large: 6, perSecond: 400 },
  version: () => packageVersion("rspamd"),
  async start(work, needs) {
    const folder = join(needs.folder, `rspamd-${work}`);
    mkdirSync(folder);
    // Its own list of public suffixes takes a quarter of a minute to load, and matters to neither work.
    writeFileSync(join(folder, "suffixes"), "com\nnet\norg\n");
    const place = join(folder, "milter.sock");
    const config = join(folder, "rspamd.conf");
    writeFileSync(config, configuration(work, needs, folder, place));
    return startProgram({ command: "rspamd", args: ["-f", "-i", "-c", config], place, speaks: "milter" });
  },
};

function configuration(work: PeerWork, { keyFiles, dnsPort }: PeerNeeds, folder: string, place: string): string {
  const [module, settings] =
    work === "verify"
      ? ["milter_headers", `milter_headers { use = ["authentication-results"]; }`]
      : [
          "dkim_signing",
          `dkim_signing {
  sign_local = true;
  use_esld = false;
  domain { "example.com" { selectors = [ { selector = "rsa"; path = "${keyFiles.rsa}"; } ]; } }
}`,
        ];
  return `options {
  filters = "dkim";
  pidfile = "${folder}/pid";
  tempdir = "${folder}";
  url_tld = "${folder}/suffixes";
  control_socket = "${folder}/control mode=0600";
  dns { nameserver = ["127.0.0.1:${dnsPort}"]; }
}
logging { type = "file"; filename = "${folder}/log"; level = "error"; }
actions { reject = 1000; }
modules { path = "${plugins}/${module}.lua"; }
${settings}
worker "rspamd_proxy" {
  bind_socket = "${place} mode=0666";
  milter = yes;
  count = 1;
  upstream "local" { default = yes; self_scan = yes; }
}
`;
}
