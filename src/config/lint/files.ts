// Configuration files whose permissions let the wrong people read a secret, or change what the daemon does. Keys that sign are
// looked at where they are listed (signing/look-at-keys).
import { dirname } from "node:path";
import type { FileFacts } from "../../signing/key-settings.ts";
import type { Config } from "../config.ts";
import { secretPaths } from "../secrets.ts";
import type { ConfigSource } from "../source.ts";
import type { Say } from "./advice.ts";

/** What a lint of files knows of the machine. */
export interface Machine {
  /** Is asked for files by the names that the places of a configuration have, and by absolute ones. */
  stat(path: string): FileFacts | undefined;
  /** The user that the daemon becomes. */
  readonly daemonUid?: number;
}

export function lintFiles(config: Config, source: ConfigSource, { stat, daemonUid }: Machine, say: Say): void {
  for (const path of secretPaths(config, source)) {
    const file = source.locate(path)?.file;
    const facts = file === undefined ? undefined : stat(file);
    if (facts !== undefined && (facts.mode & 0o004) !== 0) {
      say("warning", path, `${file} holds this secret and can be read by everybody on this machine; chmod 0640`);
    }
  }
  const tlsKey = config.smtpd_tls_key_file ?? config.smtpd_tls_cert_file;
  const tlsFacts = tlsKey === null ? undefined : stat(tlsKey);
  if (tlsFacts !== undefined && (tlsFacts.mode & 0o007) !== 0) {
    const setting = config.smtpd_tls_key_file === null ? "smtpd_tls_cert_file" : "smtpd_tls_key_file";
    say("warning", [setting], `everybody on this machine can use the key in ${tlsKey}; chmod 0600 (or 0640)`);
  }
  for (const file of filesOf(config, source)) {
    for (const path of [file, dirname(file)]) {
      const facts = stat(path);
      if (facts === undefined) continue;
      // A sticky folder (/tmp) lets nobody replace another one's files.
      if ((facts.mode & 0o022) !== 0 && (facts.mode & 0o1000) === 0) {
        say(
          (facts.mode & 0o002) === 0 ? "warning" : "error",
          [],
          `${path} can be changed by other users than its owner, who could then change what the daemon does`,
        );
      }
      if (facts.uid === daemonUid && (facts.mode & 0o200) !== 0) {
        say(
          "warning",
          ["daemon_user"],
          `${path} can be changed by the daemon itself, so that an intruder in the daemon could stay; give it to root`,
        );
      }
    }
  }
}

/** The files that settings stand in. */
function filesOf(config: Config, source: ConfigSource): ReadonlySet<string> {
  const names = [
    ...Object.keys(source.settings).map((name) => [name]),
    ...[...config.policy_bank.keys()].map((name) => ["policy_bank", name]),
  ];
  return new Set(names.flatMap((path) => source.locate(path)?.file ?? []));
}
