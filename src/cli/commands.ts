// All commands, in the order in which they are listed. Each is loaded when it is wanted: the daemon is to hold no more than
// what it needs itself.
import type { Command } from "./command.ts";

const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import("./init.ts")).init,
  postfix: async () => (await import("./postfix.ts")).postfix,
  "print-unit": async () => (await import("./print-unit.ts")).printUnit,
  start: async () => (await import("./start.ts")).start,
  reload: async () => (await import("./reload.ts")).reload,
  upgrade: async () => (await import("./upgrade.ts")).upgrade,
  reopen: async () => (await import("./reopen.ts")).reopen,
  status: async () => (await import("./status.ts")).status,
  why: async () => (await import("./why.ts")).why,
  log: async () => (await import("./log.ts")).log,
  explain: async () => (await import("./explain.ts")).explain,
  quarantine: async () => (await import("./quarantine.ts")).quarantine,
  "check-config": async () => (await import("./check-config.ts")).checkConfig,
  genrsa: async () => (await import("./genrsa.ts")).genrsa,
  gened25519: async () => (await import("./gened25519.ts")).gened25519,
  showkeys: async () => (await import("./showkeys.ts")).showkeys,
  testkeys: async () => (await import("./testkeys.ts")).testkeys,
  convert_keysfile: async () => (await import("./convert-keysfile.ts")).convertKeysfile,
  import: async () => (await import("./import.ts")).importConf,
  check: async () => (await import("./check.ts")).check,
  sign: async () => (await import("./sign.ts")).sign,
  completion: async () => (await import("./completion.ts")).createCompletion(loadCommands),
  demo: async () => (await import("./demo.ts")).demo,
};

export const commandNames: readonly string[] = Object.keys(loaders);

/** Undefined where no command has this name. */
export function loadCommand(name: string): Promise<Command> | undefined {
  return Object.hasOwn(loaders, name) ? loaders[name]?.() : undefined;
}

export function loadCommands(): Promise<readonly Command[]> {
  return Promise.all(Object.values(loaders).map((load) => load()));
}
