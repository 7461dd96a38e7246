// The chapters of the manual for what holds for the whole daemon.
import type { SettingRows } from "../setting.ts";
import { globalSettings } from "./global.ts";

interface GlobalChapter {
  readonly title: string;
  readonly settings: SettingRows;
}

function chapter(title: string, ...names: readonly (keyof typeof globalSettings)[]): GlobalChapter {
  return { title, settings: Object.fromEntries(names.map((name) => [name, globalSettings[name]])) };
}

const entrances = chapter(
  "Where mail comes in",
  "inet_socket_port",
  "inet_socket_bind",
  "listen_sockets",
  "unix_socketname",
  "milter_listen",
  "unix_socket_mode",
  "listen_queue_size",
  "listeners",
  "interface_policy",
  "smtpd_recipient_limit",
  "enforce_smtpd_message_size_limit_64kb_min",
);
const identity = chapter("Who we are", "mydomain", "mynetworks");
const keys = chapter(
  "Signing keys",
  "dkim_keys",
  "dkim_key_dir",
  "dkim_keytable",
  "dkim_signingtable",
  "dkim_multiple_signatures",
);
const daemon = chapter(
  "The daemon",
  "unsupported",
  "daemon_user",
  "daemon_group",
  "pid_file",
  "drain_timeout",
  "dns",
  "pool",
  "spool",
  "limits",
  "relay",
  "metrics",
  "control",
  "log",
  "history",
  "quarantine",
  "sent_mail",
  "redis",
  "smtp_connection_cache_enable",
  "smtp_discard_ehlo_keywords",
);
const named: ReadonlySet<string> = new Set(
  [entrances, identity, keys, daemon].flatMap(({ settings }) => Object.keys(settings)),
);
const checks: GlobalChapter = {
  title: "Content checks of the whole daemon",
  settings: Object.fromEntries(Object.entries(globalSettings).filter(([name]) => !named.has(name))),
};

/** Every global setting stands in one of them: what is not named above is in the last. */
export const globalChapters: readonly GlobalChapter[] = [identity, entrances, keys, daemon, checks];
