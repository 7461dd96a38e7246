// Places of copies that cannot be, and those that are not what amavisd made of them.

import { isHoldMethod, type PlaceSettings, resolvePlace } from "../../quarantine/place.ts";
import type { BankOverlay, BankSettings } from "../../settings/bank-settings.ts";
import { parseMethod } from "../../smtp/next-hop.ts";
import type { Config } from "../config.ts";
import { everyBank } from "../references.ts";
import type { SettingPath } from "../source.ts";
import type { Say } from "./advice.ts";
import { listenersOf } from "./listeners.ts";

const methods = [
  "virus_quarantine_method",
  "banned_files_quarantine_method",
  "unchecked_quarantine_method",
  "spam_quarantine_method",
  "bad_header_quarantine_method",
  "clean_quarantine_method",
  "archive_quarantine_method",
] as const satisfies readonly (keyof BankSettings)[];

/** @param isSet whether somebody wrote the setting: defaults are nobody's fault */
export function lintQuarantine(config: Config, isSet: (path: SettingPath) => boolean, say: Say): void {
  for (const { path, settings } of everyBank(config)) {
    const byCategory = Object.entries(settings.quarantine_method_by_ccat ?? {});
    for (const [at, method] of [
      ...methods.map((name) => [[...path, name], settings[name]] as const),
      ...byCategory.map(([name, method]) => [[...path, "quarantine_method_by_ccat", name], method] as const),
    ]) {
      if (!isSet(at) || typeof method !== "string" || method === "") continue;
      if (isHoldMethod(method)) lintHold(config, at, settings, say);
      else lintMethod(config, at, method, say);
    }
    for (const [name, alias] of Object.entries(settings.local_delivery_aliases ?? {})) {
      const place = resolvePlace("local:%m", name, { ...anywhere, local_delivery_aliases: { [name]: alias } });
      if ("problem" in place) say("error", [...path, "local_delivery_aliases", name], place.problem);
    }
  }
  lintRelease(config, say);
}

const anywhere: PlaceSettings = { QUARANTINEDIR: "/", quarantine_subdir_levels: 1, local_delivery_aliases: {} };

function lintMethod({ QUARANTINEDIR }: Config, at: SettingPath, method: string, say: Say): void {
  const place = resolvePlace(method, "any", anywhere);
  if ("problem" in place) say("error", at, place.problem);
  else if (/^sql:/i.test(method)) say("warning", at, "sql: is taken as local:%m, files with an index of their own");
  else if (place.place?.kind === "folder" && QUARANTINEDIR === null) {
    say("warning", at, "nothing is kept: QUARANTINEDIR is not set");
  }
}

/** Whose destiny says whether there is something to hold, by the setting that names the method. */
const destinies: Readonly<Record<string, keyof BankSettings>> = {
  virus_quarantine_method: "final_virus_destiny",
  banned_files_quarantine_method: "final_banned_destiny",
  unchecked_quarantine_method: "final_unchecked_destiny",
  spam_quarantine_method: "final_spam_destiny",
  bad_header_quarantine_method: "final_bad_header_destiny",
};

/** What an MTA is asked to hold is mail by milter that would be thrown away. */
function lintHold(config: Config, at: SettingPath, settings: BankOverlay, say: Say): void {
  const name = String(at.at(-1));
  if (name === "archive_quarantine_method") {
    say("error", at, "hold: keeps no copy, so it makes no archive");
  } else if (config.milter_listen.length === 0) {
    say("error", at, "hold: is done by an MTA that asks as a milter: milter_listen names no place for it");
  } else if (listenersOf(config).length > 0) {
    say("warning", at, "hold: is for mail by milter: what comes by SMTP and would have to be held is put off");
  }
  const destiny = destinies[name];
  if (destiny === undefined) return;
  const value = settings[destiny] ?? config.base[destiny];
  if (value === "D_PASS" || value === "D_REJECT") {
    say("warning", at, `hold: holds what would be discarded, and ${destiny} is ${value}`);
  }
}

/** A release comes over no connection. */
function lintRelease({ base, QUARANTINEDIR }: Config, say: Say): void {
  if (QUARANTINEDIR === null) return;
  const name = base.release_method === null ? "notify_method" : "release_method";
  const setting = base[name];
  const listed = setting === null ? [] : typeof setting === "string" ? [setting] : setting;
  const isFixed = listed.some((text) => {
    const method = parseMethod(text);
    return "template" in method && ("path" in method.template || !isOpen(method.template));
  });
  if (!isFixed) {
    const why = listed.length === 0 ? "names no next hop" : "means the connection that a mail came in by";
    say("warning", [name], `mail cannot be released from quarantine: this ${why}; set release_method`);
  }
}

function isOpen({ host, port }: { readonly host: string; readonly port: number | "*" }): boolean {
  return host === "*" || port === "*";
}
