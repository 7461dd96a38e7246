// Settings of things that are made once, at start: a reload cannot put them in force, and says so.
import type { Config } from "./config.ts";

const groups = ["pool", "dns", "relay", "spool"] as const;
const members = ["log.to", "log.format", "history.file", "control.socket"] as const;

/** The settings that differ and take effect after a restart only, as they are written: "pool.threads". */
export function needsRestart(before: Config, after: Config): readonly string[] {
  const changed = [...groups.flatMap((group) => changedMembers(group, before[group], after[group]))];
  for (const name of members) {
    if (member(before, name) !== member(after, name)) changed.push(name);
  }
  return changed;
}

function changedMembers(group: string, before: object, after: object): readonly string[] {
  const values = new Map(Object.entries(before));
  return Object.entries(after).flatMap(([name, value]) =>
    JSON.stringify(value) === JSON.stringify(values.get(name)) ? [] : `${group}.${name}`,
  );
}

function member(config: Config, name: (typeof members)[number]): unknown {
  switch (name) {
    case "log.to":
      return config.log.to;
    case "log.format":
      return config.log.format;
    case "history.file":
      return config.history.file;
    case "control.socket":
      return config.control.socket;
  }
}
