// Haraka with its own plugins for DKIM and for handing mail on. It is no dependency of this project: the variable HARAKA
// names a folder into which it was installed (npm install Haraka haraka-plugin-dkim); without it, it is left out.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Peer, type PeerWork, startProgram } from "./peer.ts";

const packages = resolve(process.env.HARAKA ?? "/nonexistent", "node_modules");

export const haraka: Peer = {
  name: "Haraka",
  works: ["sign-rsa", "verify"],
  // Most of the time it waits: several small writes meet delayed acknowledgements.
  pace: { connections: 24, messages: 300, warmUp: 1000, large: 4, perSecond: 100 },
  version() {
    try {
      const of = (name: string): string =>
        JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")).version;
      return `${of("Haraka")} + dkim ${of("haraka-plugin-dkim")}`;
    } catch {
      return undefined;
    }
  },
  async start(work, { folder, keyFiles, nextHopPort, dnsPort, freePort }) {
    const port = await freePort();
    const home = join(folder, `haraka-${work}`);
    const files = {
      "config/me": "filter.example.net\n",
      "config/smtp.ini": `listen=127.0.0.1:${port}\n`,
      "config/log.ini": "level=error\n",
      "config/plugins": "all-comers\ndkim\nqueue/smtp_forward\n",
      "config/smtp_forward.ini": `host=127.0.0.1\nport=${nextHopPort}\nenable_outbound=true\n`,
      "config/dkim.ini": dkimIni(work),
      "config/dkim/example.com/private": readFileSync(keyFiles.rsa, "utf8"),
      "config/dkim/example.com/selector": "rsa\n",
      "plugins/all-comers.js": `
require("node:dns").setServers(["127.0.0.1:${dnsPort}"]);
exports.hook_connect = (next, connection) => { connection.relaying = ${work !== "verify"}; next(); };
exports.hook_rcpt = (next) => next(OK);
`,
    };
    // Its defaults are in files that an installation begins with.
    cpSync(join(packages, "Haraka", "config"), join(home, "config"), { recursive: true });
    for (const each of ["config/dkim/example.com", "plugins"]) mkdirSync(join(home, each), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(home, name), content);
    symlinkSync(packages, join(home, "node_modules"));
    return startProgram({
      command: process.execPath,
      args: [join(packages, "Haraka", "haraka.js")],
      place: port,
      speaks: "smtp",
      env: { HARAKA: home },
    });
  },
};

/** The fields to sign are those of the plugin's own example. */
function dkimIni(work: PeerWork): string {
  return `[sign]
enabled = ${work !== "verify"}
headers = From, Sender, Reply-To, Subject, Date, Message-ID, To, Cc, MIME-Version, Content-Type, Content-Transfer-Encoding
[canon]
body = relaxed
[verify]
enabled = ${work === "verify"}
`;
}
