// Every setting is named by the code that acts on it, so that none is read in vain.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { membersOf } from "../../../src/settings/group.ts";
import { knownBankNames, knownGlobalNames } from "../../../src/settings/known-names.ts";
import { bankSettings } from "../../../src/settings/registry.ts";
import { globalSettings } from "../../../src/settings/rows/global.ts";
import type { SettingRows } from "../../../src/settings/setting.ts";

const root = resolve(import.meta.dirname, "../../../src");

/** Where a name proves nothing: what defines, translates or lists settings by name. */
const namesOnly = ["config/", "amavis/", "settings/", "policy/map-values.ts"];

/** Named nowhere else, and why that is right. */
const exceptions: Readonly<Record<string, string>> = {
  unsupported: "acts where a configuration is checked, in config/inert",
  mynetworks: "the default of mynetworks_maps, which is what banks look at",
  sa_spam_subject_tag: "the default of spam_subject_tag2_maps",
  sa_tag_level_deflt: "the default of spam_tag_level_maps",
  sa_tag2_level_deflt: "the default of spam_tag2_level_maps",
  sa_tag3_level_deflt: "the default of spam_tag3_level_maps",
  virus_admin: "the default of virus_admin_maps",
  newvirus_admin: "the default of newvirus_admin_maps",
  banned_admin: "the default of banned_admin_maps",
  spam_admin: "the default of spam_admin_maps",
  bad_header_admin: "the default of bad_header_admin_maps",
  sa_crediblefrom_dsn_cutoff_level: "the default of spam_crediblefrom_dsn_cutoff_level_maps",
  sa_kill_level_deflt: "the default of spam_kill_level_maps",
  sa_dsn_cutoff_level: "the default of spam_dsn_cutoff_level_maps",
  sa_quarantine_cutoff_level: "the default of spam_quarantine_cutoff_level_maps",
};

/** Groups that are handed on whole, under other names: their members are asked of whatever they are called there. */
const handedOn: ReadonlySet<string> = new Set(["history", "log"]);

const code = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !namesOnly.some((start) => name.startsWith(start)))
  .map((name) => withoutComments(readFileSync(join(root, name), "utf8")))
  .join("\n");

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** As a member (`bank.name`), or taken out of a record (`{ name }`, `{ name: other }`). */
function isUsed(name: string): boolean {
  return new RegExp(`\\.${name}\\b|[{,]\\s*${name}\\s*(?::\\s*\\w+\\s*)?(?==\\s*[^=>]|[,}])`).test(code);
}

/** A member of a group has a common name: it must be asked of its group. */
function isMemberUsed(group: string, member: string): boolean {
  const taken = `\\{[^{}]*\\b${member}\\b[^{}]*\\}\\s*=\\s*(?:\\w+\\.)*${group}\\b`;
  const inParameter = `\\b${group}:\\s*\\{[^{}]*\\b${member}\\b`;
  return new RegExp(`\\b${group}\\.${member}\\b|${taken}|${inParameter}`).test(code);
}

const settings: readonly (readonly [string, SettingRows[string]])[] = Object.entries({
  ...globalSettings,
  ...bankSettings,
});

test("every setting is used by something", () => {
  const unused = settings.flatMap(([name, setting]) => {
    if (Object.hasOwn(exceptions, name)) return [];
    const members = membersOf(setting.shape);
    if (members === undefined) return isUsed(name) ? [] : [name];
    return Object.entries(members).flatMap(([member]) =>
      isMemberUsed(name, member) || (handedOn.has(name) && isUsed(member)) ? [] : [`${name}.${member}`],
    );
  });
  assert.deepEqual(unused, [], "make these act, or move them to settings/known-names.ts");
});

test("what is used is not called idle: check-config would say that nothing acts on it", () => {
  // A word of other records.
  const used = [...Object.keys(knownBankNames), ...Object.keys(knownGlobalNames)].filter(
    (name) => name !== "decoders" && isUsed(name),
  );
  assert.deepEqual(used, [], "make these settings");
});

test("the exceptions are settings, and needed", () => {
  for (const name of Object.keys(exceptions)) {
    assert.ok(
      settings.some(([known]) => known === name),
      name,
    );
    assert.equal(isUsed(name), false, `${name} is used: it needs no exception`);
  }
});
