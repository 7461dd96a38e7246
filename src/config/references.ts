// Checks between settings: banks that are named must exist, listeners must have an address. Errors only; advice is given by lint.ts.

import { isMapping } from "../lookup/value.ts";
import { nearest } from "../settings/nearest.ts";
import { readHostPort, splitNames } from "../settings/network-shape.ts";
import type { Config } from "./config.ts";
import { type ConfigSource, type Problem, pathText, type SettingPath } from "./source.ts";

/** Loaded by amavisd's own rules wherever they are defined; naming them without a definition is no mistake. */
export const wellKnownBanks: readonly string[] = ["MYNETS", "MYUSERS", "AUTHOR_APPROVED", "VIRUS"];

export function checkReferences(config: Config, source: ConfigSource): Problem[] {
  const problems: Problem[] = [];
  const say = (path: SettingPath, message: string, at: "value" | "name" = "value") => {
    const place = source.locate(path, at);
    problems.push({
      severity: "error",
      message: `${pathText(path)}: ${message}`,
      path,
      ...(place !== undefined && { place }),
    });
  };
  const expectBank = (path: SettingPath, name: string) => {
    if (config.policy_bank.has(name) || wellKnownBanks.includes(name)) return;
    const meant = nearest(name, config.policy_bank.keys());
    say(path, `no policy bank "${name}"${meant === undefined ? "" : `, did you mean "${meant}"?`}`);
  };

  for (const [listener, banks] of Object.entries(config.interface_policy)) {
    const fault = listenerFault(listener);
    if (fault !== undefined) say(["interface_policy", listener], fault, "name");
    for (const [at, bank] of banks.entries()) expectBank(["interface_policy", listener, at], bank);
  }
  for (const { path, settings } of everyBank(config)) {
    for (const [index, { banks }] of (settings.client_ipaddr_policy ?? []).entries()) {
      for (const [at, bank] of banks.entries()) expectBank([...path, "client_ipaddr_policy", index, "banks", at], bank);
    }
    for (const name of ["author_to_policy_bank_maps", "virus_name_to_policy_bank_maps"] as const) {
      for (const [index, table] of (settings[name] ?? []).entries()) {
        for (const { value, step } of yields(table)) {
          if (typeof value !== "string" || value === "1") continue;
          for (const bank of splitNames(value)) expectBank([...path, name, index, ...step], bank);
        }
      }
    }
  }
  for (const [index, listener] of config.listen_sockets.entries()) {
    if (!listener.startsWith("/") && readHostPort(listener, "*") === undefined) {
      say(["listen_sockets", index], `expected "host:port", ":port" or "/path", found "${listener}"`);
    }
  }
  for (const [index, { bank }] of config.milter_listen.entries()) {
    if (bank !== null) expectBank(["milter_listen", index, "bank"], bank);
  }
  checkKeys(config, say);
  return problems;
}

interface BankAt {
  readonly path: SettingPath;
  readonly settings: Partial<Config["base"]>;
}

/** The base bank and all others, with where their settings stand. */
export function everyBank(config: Config): BankAt[] {
  return [
    { path: [], settings: config.base },
    ...[...config.policy_bank].map(([name, settings]) => ({ path: ["policy_bank", name], settings })),
  ];
}

function listenerFault(listener: string): string | undefined {
  if (listener === "SOCK" || listener.startsWith("/")) return undefined;
  const found = readHostPort(listener, "*");
  return found === undefined || found.port === 0
    ? "expected a port, address:port, SOCK or the path of a socket"
    : undefined;
}

/** What a table yields, and where each value stands in it. */
export function yields(table: unknown): { readonly value: unknown; readonly step: SettingPath }[] {
  if (!isMapping(table)) return Array.isArray(table) ? [] : [{ value: table, step: [] }];
  const rules = table["regexp"];
  if (Array.isArray(rules)) {
    return rules.flatMap((rule: unknown, index) =>
      Array.isArray(rule) ? [{ value: rule[1], step: ["regexp", index, 1] }] : [],
    );
  }
  return Object.entries(table).map(([key, value]) => ({ value, step: [key] }));
}

/** amavisd: the same domain and selector twice is fatal. */
function checkKeys(config: Config, say: (path: SettingPath, message: string) => void): void {
  const seen = new Map<string, number>();
  for (const [index, { domain, selector }] of config.dkim_keys.entries()) {
    const name = `${selector}._domainkey.${typeof domain === "string" ? domain : `/${domain.regexp}/`}`;
    const before = seen.get(name);
    if (before !== undefined) {
      say(["dkim_keys", index], `selector "${selector}" of this domain is declared twice (also dkim_keys[${before}])`);
    }
    seen.set(name, before ?? index);
  }
}
