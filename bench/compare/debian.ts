// Rivals from Debian's packages, each with the least configuration that does the work.
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Peer, type PeerNeeds, type PeerWork, startProgram } from "./peer.ts";

/** Of an installed Debian package. */
export function packageVersion(name: string): string | undefined {
  try {
    const said = execFileSync("dpkg-query", ["-W", "-f", `\${Status} \${Version}`, name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return said.startsWith("install ok installed ") ? said.slice("install ok installed ".length) : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(work: PeerWork, { keyFiles }: PeerNeeds): { readonly selector: string; readonly file: string } {
  return work === "sign-ed25519" ? { selector: "ed", file: keyFiles.ed25519 } : { selector: "rsa", file: keyFiles.rsa };
}

function configuration(folder: string, name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  chmodSync(file, 0o644);
  return file;
}

export const opendkim: Peer = {
  name: "opendkim (milter)",
  works: ["sign-rsa", "verify"],
  pace: { connections: 16, messages: 1000, warmUp: 200, large: 12, perSecond: 400 },
  version: () => packageVersion("opendkim"),
  async start(work, needs) {
    const place = join(needs.folder, `opendkim-${work}.sock`);
    const { selector, file } = keyOf(work, needs);
    const zone = configuration(
      needs.folder,
      "opendkim.zone",
      needs.records.map(([name, record]) => `${name} ${record}`),
    );
    const config = configuration(needs.folder, `opendkim-${work}.conf`, [
      "Syslog no",
      `Mode ${work === "verify" ? "v" : "s"}`,
      ...(work === "verify"
        ? [`TestDNSData ${zone}`, "AlwaysAddARHeader yes"]
        : [`Domain example.com`, `Selector ${selector}`, `KeyFile ${file}`]),
      "RequireSafeKeys no",
      "Canonicalization relaxed/relaxed",
      `Socket local:${place}`,
    ]);
    return startProgram({ command: "opendkim", args: ["-f", "-x", config], place, speaks: "milter" });
  },
};

export const dkimpyMilter: Peer = {
  name: "dkimpy-milter",
  works: ["sign-rsa", "sign-ed25519"],
  pace: { connections: 8, messages: 150, warmUp: 100, large: 2, perSecond: 100 },
  version: () => packageVersion("dkimpy-milter"),
  async start(work, needs) {
    const port = await needs.freePort();
    const { selector, file } = keyOf(work, needs);
    // Its own form of Ed25519 keys: the seed in base64.
    const config = configuration(needs.folder, `dkimpy-${work}.conf`, [
      "Syslog no",
      "Mode s",
      "Domain example.com",
      ...(work === "sign-ed25519"
        ? [`KeyFileEd25519 ${file}.seed`, `SelectorEd25519 ${selector}`]
        : [`KeyFile ${file}`, `Selector ${selector}`]),
      "Canonicalization relaxed/relaxed",
      "InternalHosts 127.0.0.1",
      "UserID root",
      `PidFile ${join(needs.folder, `dkimpy-${work}.pid`)}`,
      `Socket inet:${port}@127.0.0.1`,
    ]);
    return startProgram({ command: "dkimpy-milter", args: [config], place: port, speaks: "milter" });
  },
};

export const amavisd: Peer = {
  name: "amavisd",
  works: ["sign-rsa", "verify"],
  // A child of its serves one connection; those that find none free would wait for as long as the others stay.
  pace: { connections: 2, messages: 60, warmUp: 60, large: 6, perSecond: 20 },
  version: () => packageVersion("amavisd-new"),
  async start(work, needs) {
    const port = await needs.freePort();
    const home = join(needs.folder, `amavisd-${work}`);
    execFileSync("mkdir", ["-p", join(home, "tmp"), join(home, "db")]);
    execFileSync("chown", ["-R", "amavis:amavis", home]);
    const config = configuration(needs.folder, `amavisd-${work}.conf`, [
      "use strict;",
      `$MYHOME = '${home}'; $TEMPBASE = "$MYHOME/tmp"; $db_home = "$MYHOME/db";`,
      `$pid_file = "$MYHOME/pid"; $lock_file = "$MYHOME/lock"; $daemon_user = 'amavis'; $daemon_group = 'amavis';`,
      "$max_servers = 2; $max_requests = 100000; $enable_db = 0; $enable_zmq = 0; $do_syslog = 0; $log_level = 0;",
      `$logfile = "$MYHOME/log"; $myhostname = 'filter.example.net'; $mydomain = 'example.net';`,
      `@local_domains_maps = (['.example.net']); $inet_socket_port = ${port}; $unix_socketname = undef;`,
      `$forward_method = 'smtp:[127.0.0.1]:${needs.nextHopPort}'; $notify_method = $forward_method;`,
      "@bypass_virus_checks_maps = (1); @bypass_spam_checks_maps = (1);",
      "@bypass_banned_checks_maps = (1); @bypass_header_checks_maps = (1);",
      `$enable_dkim_verification = ${work === "verify" ? 1 : 0}; $enable_dkim_signing = ${work === "verify" ? 0 : 1};`,
      ...(work === "verify"
        ? [
            // Else it makes itself a resolver from /etc/resolv.conf, whatever the environment says.
            "@mynetworks = (); use Net::DNS; use Mail::DKIM::DNS;",
            `$Amavis::dns_resolver = Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => ${needs.dnsPort});`,
            "$Amavis::dns_resolver->udppacketsize(1220); Mail::DKIM::DNS::resolver($Amavis::dns_resolver);",
          ]
        : [
            `dkim_key('example.com', 'rsa', '${needs.keyFiles.rsa}');`,
            "@dkim_signature_options_bysender_maps = ({ '.' => { ttl => 21*24*3600, c => 'relaxed/relaxed' } });",
            "$originating = 1;",
          ]),
      "1;",
    ]);
    return startProgram({
      command: "/usr/sbin/amavisd",
      args: ["-c", config, "foreground"],
      place: port,
      speaks: "smtp",
    });
  },
};
