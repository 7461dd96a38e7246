// Destinies of mail that nothing finds, and lists that change a score which no mail has: no scanner, rule or map is configured that
// could. Names are looked at as they were written, so that an import sees them as a start does.

import { isMapping } from "../../lookup/value.ts";
import { settingNamed } from "../../settings/registry.ts";
import { reporter } from "../../settings/shape.ts";
import type { ConfigSource } from "../source.ts";
import type { Say } from "./advice.ts";

type Settings = ConfigSource["settings"];

interface Finder {
  /** One of these, set anywhere, finds such mail. */
  readonly by: readonly string[];
  /** What does not happen, though an operator who set the destiny expects it. */
  readonly missed: string;
  /** Set in the base to "always", it says that the check is off: the destiny promises nothing then. */
  readonly bypass?: string;
  /** These find some of it. */
  readonly partly?: { readonly by: readonly string[]; readonly missed: string };
}

const virusScanners = ["av_scanners", "av_scanners_backup"];
/** What gives a score without a spam scanner. */
const scores = [
  "blacklist_sender_maps",
  "per_recip_blacklist_sender_lookup_tables",
  "virus_name_to_spam_score_maps",
  "bounce_killer_score",
];
const bannedRules = ["banned_filename_re", "banned_filename_maps", "banned_rules", "banned_namepath_re"];

const finders: Readonly<Record<string, Finder>> = {
  final_virus_destiny: {
    by: virusScanners,
    missed: "no virus scanner is asked (av_scanners), so no mail is found infected",
    bypass: "bypass_virus_checks_maps",
  },
  final_spam_destiny: {
    by: ["spam_scanners"],
    missed: "no spam scanner is asked (spam_scanners), so no mail is found to be spam",
    bypass: "bypass_spam_checks_maps",
    partly: {
      by: scores,
      missed:
        "no spam scanner is asked (spam_scanners): only mail of a black list, bounces and some viruses have a score",
    },
  },
  final_banned_destiny: {
    by: bannedRules,
    missed: "there is no rule (banned_filename_re, banned_rules, banned_namepath_re), so no mail is found banned",
    bypass: "bypass_banned_checks_maps",
  },
  final_unchecked_destiny: {
    by: [...virusScanners, ...bannedRules],
    missed: "no virus scanner and no banned rule looks into mail, so none is found unchecked",
  },
  final_oversized_destiny: {
    by: ["message_size_limit_maps"],
    missed: "message_size_limit_maps is empty, so no mail is found oversized",
  },
  final_must_sign_destiny: {
    by: ["author_must_sign_maps"],
    missed: "author_must_sign_maps is empty, so no author has to sign",
  },
  final_dmarc_destiny: {
    by: ["enable_dmarc_verification"],
    missed: "enable_dmarc_verification is off, so no mail is found to fail",
  },
};

/** Lists that change a score and give none. */
const scoreLists = [
  "score_sender_maps",
  "signer_reputation_maps",
  "whitelist_sender_maps",
  "per_recip_whitelist_sender_lookup_tables",
];

export function lintDestinies({ settings, isAmavisd }: Pick<ConfigSource, "settings" | "isAmavisd">, say: Say): void {
  const banks = Object.entries(mappingOf(settings["policy_bank"])).map(
    ([bank, keys]) => [["policy_bank", bank], mappingOf(keys)] as const,
  );
  const all = [[[], settings] as const, ...banks];
  const isAnywhere = (names: readonly string[]) =>
    all.some(([, keys]) => names.some((name) => Object.hasOwn(keys, name) && holds(keys[name])));
  const severity = settings["unsupported"] === "warn" ? "warning" : "error";
  const hint = severity === "error" ? "; take it out, or make this a warning by unsupported: warn" : "";
  for (const [path, keys] of all) {
    for (const [name, { by, missed, bypass, partly }] of Object.entries(finders)) {
      if (!Object.hasOwn(keys, name) || promisesNothing(name, keys[name], isAmavisd) || isAnywhere(by)) continue;
      if (bypass !== undefined && isAlways(settings[bypass])) continue;
      if (partly !== undefined && isAnywhere(partly.by)) say("warning", [...path, name], partly.missed);
      else say(severity, [...path, name], `${missed}${hint}`);
    }
    if (isAnywhere(["spam_scanners", ...scores])) continue;
    for (const name of scoreLists) {
      if (Object.hasOwn(keys, name) && holds(keys[name]))
        say(
          severity,
          [...path, name],
          `no spam scanner is asked (spam_scanners), so no mail has a score to change${hint}`,
        );
    }
  }
}

/**
 * True for D_PASS, and for a value with a fault: that is reported where it is read. Also for our own default in a
 * signpost.yaml, since `check-config --print` writes every default.
 */
function promisesNothing(name: string, given: unknown, isAmavisd: true | undefined): boolean {
  const setting = settingNamed(name);
  let hasFault = false;
  const report = reporter(() => {
    hasFault = true;
  });
  const value = setting?.shape.read(given, report);
  return hasFault || value === "D_PASS" || (isAmavisd === undefined && value === setting?.fallback);
}

/** Not null, off, 0 or empty. */
function holds(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== "" && value !== "0";
}

/** A map that says yes to every recipient. */
function isAlways(map: unknown): boolean {
  const [first, ...others] = Array.isArray(map) ? map : [map];
  return others.length === 0 && (first === true || first === 1 || first === "1");
}

function mappingOf(value: unknown): Settings {
  return isMapping(value) ? value : {};
}
