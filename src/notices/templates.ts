// Which template a notice is written by: the administrator's where there is one, as text or in a file, else ours. What is
// wrong with one is reported when the configuration is read; it is never used.
import type { TemplateSource } from "../settings/values.ts";
import { defaultTemplates, type TemplateSetting } from "./default-templates.ts";
import { isAmavisdTemplate, type NoticeTemplate, readNoticeTemplate } from "./notice-template.ts";
import type { TemplateFault } from "./template.ts";

/** The text of a file; throws when it cannot be read. */
export type ReadFile = (name: string) => string;

export type Templates = (setting: TemplateSetting, source: TemplateSource) => NoticeTemplate;

/** Templates are read when they are first asked for, and kept: there are as many as settings have different values. */
export function createTemplates(readFile: ReadFile): Templates {
  const known = new Map<string, NoticeTemplate>();
  return (setting, source) => {
    const key = source === null ? setting : typeof source === "string" ? `\0${source}` : `\x01${source.file}`;
    let template = known.get(key);
    if (template === undefined) {
      template = usable(source, readFile) ?? readNoticeTemplate(defaultTemplates[setting]).template;
      known.set(key, template);
    }
    return template;
  };
}

function usable(source: TemplateSource, readFile: ReadFile): NoticeTemplate | undefined {
  if (source === null) return undefined;
  try {
    const { template, faults } = readNoticeTemplate(textOf(source, readFile));
    return faults.length === 0 ? template : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with a template; of one in a file, with its name. */
export interface TemplateProblem extends Partial<Omit<TemplateFault, "message">> {
  readonly severity: "error" | "warning";
  readonly file?: string;
  readonly message: string;
}

export function templateProblems(source: TemplateSource, readFile: ReadFile): readonly TemplateProblem[] {
  if (source === null) return [];
  let text: string;
  try {
    text = textOf(source, readFile);
  } catch (error) {
    return [
      { severity: "error", message: `cannot read the template: ${error instanceof Error ? error.message : error}` },
    ];
  }
  if (isAmavisdTemplate(text)) {
    const message =
      "this is a template in amavisd's macros, which are not read: ours is used (docs/notices.md#templates)";
    return [{ severity: "warning", message }];
  }
  const where = typeof source === "string" ? {} : { file: source.file };
  return readNoticeTemplate(text).faults.map((fault) => ({ severity: "error", ...where, ...fault }));
}

function textOf(source: Exclude<TemplateSource, null>, readFile: ReadFile): string {
  return typeof source === "string" ? source : readFile(source.file);
}
