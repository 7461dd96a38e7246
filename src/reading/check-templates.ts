// Looks at every template of notices that a configuration has, before anything is written by it.
import type { Config } from "../config/config.ts";
import type { Problem, SettingPath } from "../config/source.ts";
import { isMapping } from "../lookup/value.ts";
import { templateSettings } from "../notices/default-templates.ts";
import { type ReadFile, templateProblems } from "../notices/templates.ts";
import type { TemplateSource } from "../settings/values.ts";

export function checkTemplates({ base, policy_bank }: Config, readFile: ReadFile): readonly Problem[] {
  const banks: readonly (readonly [SettingPath, Partial<Config["base"]>])[] = [
    [[], base],
    ...Array.from(policy_bank, ([name, bank]) => [["policy_bank", name], bank] as const),
  ];
  return banks.flatMap(([path, bank]) => [
    ...templateSettings.flatMap((name) => problemsOf([...path, name], bank[name] ?? null, readFile)),
    ...templatesByCategory.flatMap((name) =>
      Object.entries(bank[name] ?? {}).flatMap(([category, source]) =>
        isTemplate(source) ? problemsOf([...path, name, category], source, readFile) : [],
      ),
    ),
  ]);
}

const templatesByCategory = [
  "notify_admin_templ_by_ccat",
  "notify_recips_templ_by_ccat",
  "notify_sender_templ_by_ccat",
] as const;

/** A value that is no template is reported where the setting is compiled. */
function isTemplate(value: unknown): value is Exclude<TemplateSource, null> {
  return (
    typeof value === "string" ||
    (isMapping(value) && typeof value["file"] === "string" && Object.keys(value).length === 1)
  );
}

/** Faults of a file have their place in it; those of a text that stands in the configuration, its own. */
function problemsOf(path: SettingPath, source: TemplateSource, readFile: ReadFile): readonly Problem[] {
  return templateProblems(source, readFile).map(({ severity, message, file, line, column }): Problem => {
    if (line === undefined || column === undefined) return { severity, path, message };
    if (file === undefined) return { severity, path, message: `line ${line} of the template: ${message}` };
    return { severity, path, message, place: { file, line, column } };
  });
}
