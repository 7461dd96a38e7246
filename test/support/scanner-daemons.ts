// Real clamd, spamd and rspamd: private instances with folders and ports of their own, and without the network; ended by pid.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./free-port.ts";

export interface ScannerDaemon {
  /** "127.0.0.1:port". */
  readonly address: string;
  /** Path of its unix socket, where it has one. */
  readonly socket?: string;
  /** Stops it in its tracks, as if it hung; `wake` lets it go on. */
  freeze(): void;
  wake(): void;
  close(): Promise<void>;
}

/** EICAR's test file, put together here so that no scanner finds it in this one. */
export const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
/** What spam filters take for spam. */
export const gtube = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"].join("");
/** The limit of StreamMaxLength below. */
export const clamdStreamBytes = 1024 * 1024;

const isRoot = process.getuid?.() === 0;

/** clamd with a database of two signatures: Own.Eicar and Own.Word ("signpost-own-test-virus"). */
export async function startClamd(): Promise<ScannerDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-clamd-"));
  const [port, socket] = [await freePort(), join(folder, "clamd.sock")];
  await mkdir(join(folder, "db"));
  const digest = createHash("md5").update(eicar).digest("hex");
  await writeFile(join(folder, "db/own.hdb"), `${digest}:${eicar.length}:Own.Eicar\n`);
  await writeFile(
    join(folder, "db/own.ndb"),
    `Own.Word:0:*:${Buffer.from("signpost-own-test-virus").toString("hex")}\n`,
  );
  const config = join(folder, "clamd.conf");
  await writeFile(
    config,
    `DatabaseDirectory ${folder}/db
LocalSocket ${socket}
TCPSocket ${port}
TCPAddr 127.0.0.1
Foreground yes
MaxThreads 4
StreamMaxLength ${clamdStreamBytes}
AlertExceedsMax yes
`,
  );
  const child = spawn("clamd", [`--config-file=${config}`], { stdio: ["ignore", "pipe", "pipe"] });
  await line(child, "Self checking every");
  return { address: `127.0.0.1:${port}`, socket, ...control(child, folder) };
}

/** spamd that asks no DNS, tells scores of tests, and believes the Authentication-Results of filter.example.net (test OWN_DKIM). */
export async function startSpamd(): Promise<ScannerDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-spamd-"));
  // Started by root, it reads its rules as another user.
  await chmod(folder, 0o755);
  const [port, rules] = [await freePort(), join(folder, "rules")];
  await mkdir(rules);
  const site = "/etc/spamassassin";
  for (const name of await readdir(site))
    if (name.endsWith(".pre")) await copyFile(join(site, name), join(rules, name));
  await writeFile(
    join(rules, "local.cf"),
    `use_bayes 0
dns_available no
skip_rbl_checks 1
loadplugin Mail::SpamAssassin::Plugin::AuthRes
authres_networks all
authres_trusted_authserv filter.example.net
header OWN_DKIM eval:check_authres_result('dkim', 'pass')
score OWN_DKIM -1.5
add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTSSCORES(,)_ autolearn=_AUTOLEARN_ version=_VERSION_"
`,
  );
  const socket = join(folder, "spamd.sock");
  const args = ["-L", "-x", "-i", "127.0.0.1", "-p", String(port), `--socketpath=${socket}`, "-m", "2", "-s", "stderr"];
  const child = spawn("spamd", [...args, `--siteconfigpath=${rules}`, "-r", join(folder, "pid"), "-H", folder], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  await line(child, "server started on");
  return { address: `127.0.0.1:${port}`, socket, ...control(child, folder) };
}

/** rspamd whose resolver is not there, with the module http_headers. */
export async function startRspamd(): Promise<ScannerDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-rspamd-"));
  const [port, noResolver] = [await freePort(), await freePort()];
  const local = join(folder, "local.d");
  await mkdir(local);
  await mkdir(join(folder, "plugins.d"));
  await writeFile(join(folder, "tld.dat"), "com\nnet\n");
  await writeFile(
    join(local, "options.inc"),
    `dns { nameserver = ["127.0.0.1:${noResolver}"]; timeout = 0.1s; retransmits = 1; }
url_tld = "${folder}/tld.dat";
disable_hyperscan = true;
`,
  );
  await writeFile(join(local, "http_headers.conf"), "enabled = true;\n");
  const away =
    "rbl surbl fuzzy_check asn mx_check phishing url_redirector rspamd_update neural greylist ratelimit replies";
  for (const module of away.split(" ")) await writeFile(join(local, `${module}.conf`), "enabled = false;\n");
  const config = join(folder, "rspamd.conf");
  await writeFile(
    config,
    `.include "$CONFDIR/common.conf"
options {
  pidfile = "${folder}/pid";
  .include "$CONFDIR/options.inc"
  .include(try=true; priority=1,duplicate=merge) "$LOCAL_CONFDIR/local.d/options.inc"
}
logging { type = "console"; level = "error"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; enabled = true; }
`,
  );
  const places = ["LOCAL_CONFDIR", "RUNDIR", "LOGDIR", "DBDIR"].map((name) => `--var=${name}=${folder}`);
  const child = spawn(
    "rspamd",
    [...(isRoot ? ["-i", "-u", "root", "-g", "root"] : []), "-f", "-c", config, ...places],
    {
      stdio: "ignore",
    },
  );
  const address = `127.0.0.1:${port}`;
  for (let isUp = false; !isUp; ) {
    if (child.exitCode !== null) throw new Error(`rspamd ended with ${child.exitCode}`);
    isUp = await fetch(`http://${address}/ping`).then(
      ({ ok }) => ok,
      () => pause(50, false),
    );
  }
  return { address, ...control(child, folder) };
}

/** Waits until a line of its output holds the words. */
async function line(child: ChildProcess, words: string): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (text) => {
        if (lines.length < 200) lines.push(text);
        if (text.includes(words)) resolve();
      });
    }
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`${child.spawnfile} ended:\n${lines.join("\n")}`)));
  });
}

function control(child: ChildProcess, folder: string): Pick<ScannerDaemon, "freeze" | "wake" | "close"> {
  return {
    freeze: () => void child.kill("SIGSTOP"),
    wake: () => void child.kill("SIGCONT"),
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGCONT");
        child.kill("SIGTERM");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
