// A real Postfix in a private instance: own configuration folder, queue and ports; ended by its master's pid.
// main.cf and master.cf have the blocks of docs/postfix.md, so that the document cannot drift from what works, unless a test
// wants a Postfix that knows nothing of the filter.
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { documentBlocks as documentBlocksOf } from "./document-blocks.ts";

const run = promisify(execFile);

export interface PostfixPorts {
  /** Where mail from outside and inside comes in. */
  readonly smtpd: number;
  /** The filter's ports. */
  readonly incoming: number;
  readonly originating: number;
  /** Where the filter hands mail back. */
  readonly backIncoming: number;
  readonly backOriginating: number;
  /** The last hop of all mail. */
  readonly sink: number;
}

export interface Postfix {
  readonly folder: string;
  /** Where main.cf and master.cf are. */
  readonly config: string;
  log(): Promise<string>;
  /** Mails in the queue, as `postqueue -j` lists them. */
  queued(): Promise<number>;
  /** Resolves once the queue is empty. Postfix tells nobody: it is asked again and again. */
  drained(): Promise<void>;
  flush(): Promise<void>;
  /** Queue ids of mails in the hold queue. */
  held(): Promise<readonly string[]>;
  /** Lets a mail that is held go on. */
  unhold(id: string): Promise<void>;
  stop(): Promise<void>;
}

/** Why these tests cannot run here, or undefined when they can. */
export async function postfixMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "Postfix needs root to start";
  try {
    await run("/usr/sbin/postconf", ["mail_version"]);
    return undefined;
  } catch {
    return "Postfix is not installed (apt-get install postfix)";
  }
}

/**
 * @param ours networks whose mail is ours (mynetworks of the first smtpd)
 * @param protocols inet_protocols: "ipv4", "all"
 * @param more parameters for main.cf, "name = value", instead of what it has
 * @param lines what it has of the filter: all of docs/postfix.md, or nothing
 */
export async function startPostfix(
  ports: PostfixPorts,
  ours: string,
  protocols = "ipv4",
  more: readonly string[] = [],
  lines: "documented" | "none" = "documented",
): Promise<Postfix> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-postfix-"));
  await chmod(folder, 0o755);
  const config = join(folder, "etc");
  for (const name of ["etc", "queue", "data"]) await mkdir(join(folder, name));
  await run("chown", ["postfix", join(folder, "data")]);
  const blocks = lines === "none" ? () => "" : await documentBlocks(ports);
  for (const map of lines === "none" ? [] : ["tag_as_originating.re", "tag_as_foreign.re"])
    await writeFile(join(config, map), blocks(map));
  await writeFile(
    join(config, "main.cf"),
    [
      "compatibility_level = 3.6",
      `queue_directory = ${join(folder, "queue")}`,
      `data_directory = ${join(folder, "data")}`,
      "command_directory = /usr/sbin",
      "daemon_directory = /usr/lib/postfix/sbin",
      `maillog_file_prefixes = ${folder}`,
      `maillog_file = ${join(folder, "mail.log")}`,
      "myhostname = mx.example.com",
      "mydestination =",
      "alias_maps =",
      "alias_database =",
      `mynetworks = ${ours}`,
      "inet_interfaces = 127.0.0.1",
      `inet_protocols = ${protocols}`,
      "relay_domains = example.com example.org",
      "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination",
      `relayhost = [127.0.0.1]:${ports.sink}`,
      `relay_transport = smtp:[127.0.0.1]:${ports.sink}`,
      "smtp_dns_support_level = disabled",
      "smtputf8_enable = yes",
      "message_size_limit = 70000000",
      "mailbox_size_limit = 0",
      "minimal_backoff_time = 2s",
      "maximal_backoff_time = 4s",
      "queue_run_delay = 2s",
      "smtp_connection_cache_on_demand = yes",
      blocks("main.cf"),
    ].join("\n"),
  );
  await writeFile(
    join(config, "master.cf"),
    [
      `127.0.0.1:${ports.smtpd} inet n - n - - smtpd`,
      "pickup unix n - n 60 1 pickup",
      "cleanup unix n - n - 0 cleanup",
      "qmgr unix n - n 300 1 qmgr",
      "tlsmgr unix - - n 1000? 1 tlsmgr",
      "rewrite unix - - n - - trivial-rewrite",
      "bounce unix - - n - 0 bounce",
      "defer unix - - n - 0 bounce",
      "trace unix - - n - 0 bounce",
      "verify unix - - n - 1 verify",
      "flush unix n - n 1000? 0 flush",
      "proxymap unix - - n - - proxymap",
      "smtp unix - - n - - smtp",
      "relay unix - - n - - smtp",
      "showq unix n - n - - showq",
      "error unix - - n - - error",
      "retry unix - - n - - error",
      "discard unix - - n - - discard",
      "anvil unix - - n - 1 anvil",
      "scache unix - - n - 1 scache",
      "postlog unix-dgram n - n - 1 postlogd",
      blocks("master.cf"),
    ].join("\n"),
  );
  // By replacing: of a parameter set twice every process complains as it starts, more than postlogd can take at once.
  if (more.length > 0) await run("/usr/sbin/postconf", ["-c", config, "-e", ...more]);
  // `postfix start` returns once the master has its ports; it says on standard error why it has not.
  await run("/usr/sbin/postfix", ["-c", config, "start"], { env: { ...process.env, MAIL_CONFIG: config } });

  async function queued(): Promise<number> {
    const { stdout } = await run("/usr/sbin/postqueue", ["-c", config, "-j"]);
    return stdout.split("\n").filter((line) => line.startsWith("{")).length;
  }

  return {
    folder,
    config,
    log: () => readFile(join(folder, "mail.log"), "utf8").catch(() => ""),
    queued,
    async drained() {
      while ((await queued()) > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    },
    async flush() {
      await run("/usr/sbin/postqueue", ["-c", config, "-f"]);
    },
    async held() {
      const { stdout } = await run("/usr/sbin/postqueue", ["-c", config, "-j"]);
      const mails = stdout.split("\n").filter((line) => line.startsWith("{"));
      return mails
        .map((line) => JSON.parse(line))
        .flatMap((mail) => (mail.queue_name === "hold" ? [mail.queue_id] : []));
    },
    async unhold(id) {
      await run("/usr/sbin/postsuper", ["-c", config, "-H", id]);
      await run("/usr/sbin/postqueue", ["-c", config, "-f"]);
    },
    async stop() {
      await run("/usr/sbin/postfix", ["-c", config, "stop"]).catch(() => {});
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** The fenced blocks of docs/postfix.md by name, their ports replaced by those of the test. */
async function documentBlocks(ports: PostfixPorts): Promise<(name: string) => string> {
  const original = await documentBlocksOf("postfix.md");
  const replaced: readonly (readonly [string, number])[] = [
    ["127.0.0.1]:10024", ports.incoming],
    ["127.0.0.1]:10026", ports.originating],
    ["127.0.0.1:10025", ports.backIncoming],
    ["127.0.0.1:10027", ports.backOriginating],
  ];
  return (name) => {
    let block = original(name);
    for (const [from, port] of replaced) block = block.replaceAll(from, from.replace(/\d+$/, String(port)));
    return `${block}\n`;
  };
}
