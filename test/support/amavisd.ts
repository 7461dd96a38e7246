// Debian's amavisd: a private instance with a folder and port of its own, ended by pid.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface Amavisd {
  /** Its log so far. */
  log(): Promise<string>;
  close(): Promise<void>;
}

/** Starts it and waits until it listens on `port`. `config` is the text of amavisd.conf beside its places. */
export async function startAmavisd(config: string, port: number): Promise<Amavisd> {
  // The folder of its configuration has to be somebody else's.
  const folder = await mkdtemp(join(tmpdir(), "signpost-amavisd-"));
  await chmod(folder, 0o755);
  const home = join(folder, "home");
  for (const name of ["", "tmp", "db", "quarantine"]) await mkdir(join(home, name));
  const places = `use strict;
$MYHOME = '${home}'; $TEMPBASE = "$MYHOME/tmp"; $db_home = "$MYHOME/db"; $QUARANTINEDIR = "$MYHOME/quarantine";
$pid_file = "$MYHOME/pid"; $lock_file = "$MYHOME/lock"; $daemon_user = 'amavis'; $daemon_group = 'amavis';
$path = '/usr/sbin:/usr/bin:/sbin:/bin'; $file = 'file';
$max_servers = 2; $max_requests = 1000; $enable_db = 0; $enable_zmq = 0; $do_syslog = 0; $log_level = 0;
$logfile = "$MYHOME/log"; $unix_socketname = undef; $inet_socket_port = ${port};
`;
  const configFile = join(folder, "amavisd.conf");
  await writeFile(configFile, `${places}${config}1;\n`, { mode: 0o644 });
  execFileSync("chown", ["-R", "amavis:amavis", home]);
  const child = spawn("/usr/sbin/amavisd", ["-c", configFile, "foreground"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString("latin1");
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`amavisd ended with ${child.exitCode}:\n${said}`);
    await pause(100);
  }
  return {
    log: () => readFile(join(home, "log"), "latin1"),
    async close() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
