// A template of a whole notice: its Subject, an empty line, its text. All other header fields are ours to write.
import { type NoticeFacts, noticeNames, noticeValues } from "./notice-values.ts";
import { fillTemplate, readTemplate, type Template, type TemplateFault } from "./template.ts";

export interface NoticeTemplate {
  readonly subject: Template;
  readonly text: Template;
}

/** What a notice says; Unicode. */
export interface NoticeText {
  /** One line. */
  readonly subject: string;
  /** Lines that end in "\n". */
  readonly text: string;
}

const maxSubjectChars = 250;

/** A template in amavisd's own macro language, which is not read: "%n", "[? %q |...]", "[:wrap|...]". */
export function isAmavisdTemplate(source: string): boolean {
  return !source.includes("{{") && /%[A-Za-z#]|\[[?:~=]/.test(source);
}

/** Reads a template; all faults are reported with line and column. */
export function readNoticeTemplate(source: string): { template: NoticeTemplate; faults: readonly TemplateFault[] } {
  const end = /\r?\n/.exec(source);
  const firstLine = end === null ? source : source.slice(0, end.index);
  const rest = end === null ? "" : source.slice(end.index + end[0].length);
  const [, head = "", subject = ""] = /^(subject:[ \t]*)(.*)$/is.exec(firstLine) ?? [];
  const faults: TemplateFault[] = [];
  if (head === "") faults.push({ line: 1, column: 1, message: 'expected "Subject: …" in the first line' });
  const blank = /^[ \t]*(?:\r?\n|$)/.exec(rest);
  if (blank === null) {
    const message =
      "expected an empty line: of the header only Subject is the template's, the rest is written by signpost";
    faults.push({ line: 2, column: 1, message });
  }
  const ofSubject = readTemplate(subject, noticeNames);
  const ofText = readTemplate(rest.slice(blank?.[0].length ?? 0), noticeNames);
  faults.push(
    ...ofSubject.faults.map(({ line, column, message }) => ({ line, column: column + head.length, message })),
    ...ofText.faults.map(({ line, column, message }) => ({ line: line + 2, column, message })),
  );
  return { template: { subject: ofSubject.template, text: ofText.template }, faults };
}

/** What the template says of a mail. */
export function fillNotice({ subject, text }: NoticeTemplate, facts: NoticeFacts): NoticeText {
  const values = noticeValues(facts);
  const told = fillTemplate(subject, values).replace(/\s+/g, " ").trim();
  return {
    subject: told.length <= maxSubjectChars ? told : `${told.slice(0, maxSubjectChars)}...`,
    text: fillTemplate(text, values),
  };
}
