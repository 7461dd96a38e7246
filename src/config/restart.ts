// Settings of things that are made once, at start: a reload cannot put them in force, and says so.
import type { Config } from "./config.ts";

const groups = ["pool", "spool", "quarantine"] as const;
const names = [
  "listeners",
  "daemon_user",
  "daemon_group",
  "pid_file",
  "QUARANTINEDIR",
  "listen_queue_size",
  "unix_socket_mode",
] as const;
/** Bank settings that the one log goes by, so those of the base bank alone. */
const ofTheLog = ["syslog_ident", "syslog_facility"] as const;
const members = { log: ["to", "format"], history: ["file", "retention"], control: ["socket"] } as const;

/** The settings that differ and take effect after a restart only, as they are written: "pool.threads". */
export function needsRestart(before: Config, after: Config): readonly string[] {
  return [
    ...groups.flatMap((group) => changedMembers(group, before[group], after[group])),
    ...Object.entries(members).flatMap(([group, listed]) => {
      const changed = isGroup(group) ? changedMembers(group, before[group], after[group]) : [];
      return changed.filter((name) => listed.some((member) => name === `${group}.${member}`));
    }),
    ...names.filter((name) => before[name] !== after[name]),
    ...ofTheLog.filter((name) => before.base[name] !== after.base[name]),
  ];
}

function isGroup(name: string): name is keyof typeof members {
  return Object.hasOwn(members, name);
}

function changedMembers(group: string, before: object, after: object): readonly string[] {
  const values = new Map(Object.entries(before));
  return Object.entries(after).flatMap(([name, value]) =>
    JSON.stringify(value) === JSON.stringify(values.get(name)) ? [] : `${group}.${name}`,
  );
}
