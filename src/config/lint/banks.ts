// Banks that nothing loads, keys that come too late in a bank, banning rules that do not exist.
import type { BankSettings } from "../../settings/bank-settings.ts";
import { nearest } from "../../settings/nearest.ts";
import { splitNames } from "../../settings/network-shape.ts";
import type { Config } from "../config.ts";
import { everyBank, wellKnownBanks, yields } from "../references.ts";
import type { Say } from "./advice.ts";

export function lintBanks(config: Config, say: Say): void {
  const byMilter = config.milter_listen.flatMap(({ bank }) => bank ?? []);
  const atListener = new Set([...Object.values(config.interface_policy).flat(), ...byMilter]);
  // The MTA's daemon may have any bank's name (milter_macro_daemon_name).
  const mayBeNamed = config.milter_listen.length > 0;
  const atClient = new Set(
    everyBank(config).flatMap(({ settings }) => (settings.client_ipaddr_policy ?? []).flatMap(({ banks }) => banks)),
  );
  const later = new Set(everyBank(config).flatMap(({ settings }) => banksOfMaps(settings)));
  for (const [name, overlay] of config.policy_bank) {
    const path = ["policy_bank", name];
    const known = wellKnownBanks.includes(name);
    if (!atListener.has(name) && !atClient.has(name) && !later.has(name) && !known) {
      if (mayBeNamed) continue;
      say(
        "warning",
        path,
        "nothing loads this bank (interface_policy, client_ipaddr_policy, author_to_policy_bank_maps)",
        "name",
      );
      continue;
    }
    if (atListener.has(name)) continue;
    const client = atClient.has(name) || name === "MYNETS";
    const tooLate = client ? whenClientKnown : name === "MYUSERS" ? whenClientKnown : whenMailRead;
    for (const key of tooLate) {
      if (overlay[key] === undefined) continue;
      say(
        "warning",
        [...path, key],
        `no effect here: this bank is loaded ${client ? "by client" : "by sender or author"}, when the session has begun`,
        "name",
      );
    }
  }
  lintBanningRules(config, say);
}

function banksOfMaps(settings: Partial<BankSettings>): string[] {
  return [...(settings.author_to_policy_bank_maps ?? []), ...(settings.virus_name_to_policy_bank_maps ?? [])]
    .flatMap((table) => yields(table))
    .flatMap(({ value }) => (typeof value === "string" ? splitNames(value) : []));
}

/** Read when a connection comes in: only a bank of interface_policy can change them. */
const whenClientKnown: readonly (keyof BankSettings)[] = [
  "protocol",
  "haproxy_target_enabled",
  "inet_acl",
  "smtpd_timeout",
  "smtpd_greeting_banner",
  "smtpd_discard_ehlo_keywords",
  "smtpd_message_size_limit",
  "bare_newline",
  "tls_security_level_in",
  "smtpd_tls_wrappermode",
  "auth_mech_avail",
  "auth_required_inp",
  "client_ipaddr_policy",
  "mynetworks_maps",
];
/** Besides: a bank by author is loaded when signatures are verified already. */
const whenMailRead: readonly (keyof BankSettings)[] = [
  ...whenClientKnown,
  "enable_dkim_verification",
  "enable_domainkeys_verification",
  "enable_spf_verification",
  "enable_arc_verification",
  "dkim_minimum_key_bits",
  "dkim_rsa_sha1",
  "dk_counts",
  "dkim_clock_drift",
  "dkim_max_signatures",
  "dkim_max_keys",
  "author_to_policy_bank_maps",
];

/** amavisd says nothing of a rule that does not exist, and bans nothing. */
function lintBanningRules(config: Config, say: Say): void {
  const rules = Object.keys(config.banned_rules);
  for (const { path, settings } of everyBank(config)) {
    for (const [index, table] of (settings.banned_filename_maps ?? []).entries()) {
      for (const { value, step } of yields(table)) {
        for (const name of namesOf(value)) {
          if (name === "DEFAULT" || rules.includes(name)) continue;
          const meant = nearest(name, rules);
          const hint = meant === undefined ? "" : `, did you mean "${meant}"?`;
          say(
            "warning",
            [...path, "banned_filename_maps", index, ...step],
            `banned_rules has no "${name}": nothing is banned by it${hint}`,
          );
        }
      }
    }
  }
}

function namesOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((name) => typeof name === "string") : [];
}
