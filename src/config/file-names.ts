// Makes the file names among the settings absolute: each starts at the folder of the file that names it.
import { isAbsolute, join } from "node:path";
import { isFileTable } from "../lookup/map.ts";
import { isMapping } from "../settings/shape.ts";
import type { SettingPath } from "./source.ts";

/** Settings that are file names, or contain them in these members. */
const fileSettings: ReadonlySet<string> = new Set([
  "unix_socketname.*",
  "pid_file",
  "smtpd_tls_cert_file",
  "smtpd_tls_key_file",
  "smtp_tls_CAfile",
  "dkim_key_dir",
  "QUARANTINEDIR",
  "dkim_keys.*.file",
  "control.socket",
  "spool.dir",
  "history.file",
  "quarantine.index",
]);
/** "refile:name", as OpenDKIM writes them. */
const dataSets: ReadonlySet<string> = new Set(["dkim_keytable", "dkim_signingtable"]);

/** A record like `settings` in which every file name is absolute. `folderOf` tells where a setting's names start. */
export function absoluteFiles<T extends object>(settings: T, folderOf: (path: SettingPath) => string): T {
  return rebuild(settings, []);

  function rebuild<V>(value: V, path: SettingPath): V {
    const changed = change(value, path);
    // `change` gives the kind of value it was given: text for text, a list for a list.
    return isLike(changed, value) ? changed : value;
  }

  function change(value: unknown, path: SettingPath): unknown {
    if (typeof value === "string") return absolute(value, path);
    if (Array.isArray(value)) return value.map((item: unknown, index) => change(item, [...path, index]));
    if (!isMapping(value)) return value;
    if (isFileTable(value)) return { file: fromFolder(value.file, path) };
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member, [...path, name])]));
  }

  function absolute(value: string, path: SettingPath): string {
    const name = path.map((step) => (typeof step === "number" ? "*" : step)).join(".");
    if (dataSets.has(name)) {
      const [, kind = "", file = ""] = /^((?:re)?file:)?(.*)$/s.exec(value) ?? [];
      return `${kind}${fromFolder(file, path)}`;
    }
    if (fileSettings.has(name) || (name === "log.to" && value.includes("/"))) return fromFolder(value, path);
    return value;
  }

  function fromFolder(file: string, path: SettingPath): string {
    return isAbsolute(file) ? file : join(folderOf(path), file);
  }
}

function isLike<V>(changed: unknown, value: V): changed is V {
  return typeof changed === typeof value && Array.isArray(changed) === Array.isArray(value);
}
