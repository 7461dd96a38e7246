// Every setting acts: it is named by the area that its row names, or by those that hand it there, so that none is read in vain.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { membersOf } from "../../../src/settings/group.ts";
import { knownBankNames, knownGlobalNames } from "../../../src/settings/known-names.ts";
import { madeMaps } from "../../../src/settings/map-sources.ts";
import { bankSettings } from "../../../src/settings/registry.ts";
import { globalSettings } from "../../../src/settings/rows/global.ts";
import type { ActingArea, SettingRows } from "../../../src/settings/setting.ts";

const root = resolve(import.meta.dirname, "../../../src");

/** Areas that cut a setting out of the configuration and hand it on, often by another name. */
const handingOn = ["daemon", "flow", "processes", "cli"];

/** Groups that are handed on whole, under other names: their members are asked of whatever they are called there. */
const handedOnWhole: ReadonlySet<string> = new Set(["history", "log"]);

const codeOf = new Map<string, string>();
for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
  // What translates settings by name proves nothing.
  if (!name.endsWith(".ts") || /^(?:amavis|settings|policy[/]map-values)/.test(name)) continue;
  const [area = ""] = name.split("/");
  codeOf.set(area, `${codeOf.get(area) ?? ""}\n${withoutComments(readFileSync(join(root, name), "utf8"))}`);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

function codeBehind(area: ActingArea): string {
  return [area, ...handingOn].map((name) => codeOf.get(name) ?? "").join("\n");
}

/** As a member (`bank.name`, `bank["name"]`), or taken out of a record (`{ name }`, `{ name: other }`). */
function isUsed(name: string, code: string): boolean {
  const taken = `[{,]\\s*${name}\\s*(?::\\s*\\w+\\s*)?(?==\\s*[^=>]|[,}])`;
  return new RegExp(`\\.${name}\\b|\\["${name}"\\]|${taken}`).test(code);
}

/** A member of a group has a common name: it must be asked of its group. */
function isMemberUsed(group: string, member: string, code: string): boolean {
  const taken = `\\{[^{}]*\\b${member}\\b[^{}]*\\}\\s*=\\s*(?:\\w+\\.)*${group}\\b`;
  const inParameter = `\\b${group}:\\s*\\{[^{}]*\\b${member}\\b`;
  return new RegExp(`\\b${group}\\.${member}\\b|${taken}|${inParameter}`).test(code);
}

const settings: readonly (readonly [string, SettingRows[string]])[] = Object.entries({
  ...globalSettings,
  ...bankSettings,
});

/** The settings that act by what is made of them. */
const sources: ReadonlySet<string> = new Set(madeMaps.map(([, setting]) => setting));

test("every setting is used by the area that its row names", () => {
  const unused = settings.flatMap(([name, { shape, actedOnBy }]) => {
    const members = membersOf(shape);
    if (members === undefined) return sources.has(name) || isUsed(name, codeBehind(actedOnBy)) ? [] : [name];
    return Object.entries(members).flatMap(([member, row]) => {
      const code = codeBehind(row.actedOnBy);
      const used = isMemberUsed(name, member, code) || (handedOnWhole.has(name) && isUsed(member, code));
      return used ? [] : [`${name}.${member}`];
    });
  });
  assert.deepEqual(unused, [], "make these act, correct their area, or move them to settings/known-names.ts");
});

test("what is used is not called idle: check-config would say that nothing acts on it", () => {
  const code = [...codeOf.values()].join("\n");
  // A word of other records.
  const used = [...Object.keys(knownBankNames), ...Object.keys(knownGlobalNames)].filter(
    (name) => name !== "decoders" && isUsed(name, code),
  );
  assert.deepEqual(used, [], "make these settings");
});

test("the areas that act are areas", () => {
  for (const [name, { actedOnBy }] of settings) assert.ok(codeOf.has(actedOnBy), `${name}: ${actedOnBy}`);
});
