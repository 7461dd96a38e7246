// signpost.yaml(5), and what both manual pages need to be written in man(7).
import { idleSettings, manualChapters } from "./manual.ts";
import { idleSection, introduction } from "./manual-text.ts";

/** Text as roff takes it: no line is a request, backslashes and hyphens are themselves. */
export function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("“", "\\(lq")
    .replaceAll("”", "\\(rq")
    .replaceAll("`", "")
    .replace(/^([.'])/gm, "\\&$1");
}

/** A paragraph, or a block of text to be kept as it is. */
export function roffParagraph(text: string): string[] {
  if (!text.startsWith("    ")) return [".PP", roff(text)];
  return [".PP", ".RS 4", ".nf", roff(text.replace(/^ {4}/gm, "")), ".fi", ".RE"];
}

export function configurationPage(): string {
  const lines = [
    '.\\" Made from the table of settings in src/settings.',
    '.TH SIGNPOST.YAML 5 "" signpost "File formats"',
    ".SH NAME",
    "signpost.yaml \\- configuration of the mail content filter signpost",
    ".SH DESCRIPTION",
  ];
  for (const { title, paragraphs } of introduction) {
    lines.push(`.SS ${roff(title)}`, ...paragraphs.flatMap(roffParagraph));
  }
  for (const { title, entries } of manualChapters()) {
    lines.push(`.SH ${roff(title.toUpperCase())}`);
    for (const { name, scope, takes, fallback, summary, restart } of entries) {
      const facts = [
        `Takes ${takes}.`,
        ...(fallback === "" ? [] : [`Default: ${fallback}.`]),
        ...(scope === "bank" ? ["Also in a bank."] : []),
        ...(restart ? ["Takes effect at a restart."] : []),
      ];
      lines.push(".TP", `.B ${roff(name)}`, roff(summary), ".br", roff(facts.join(" ")));
    }
  }
  lines.push(`.SH ${roff(idleSection.title.toUpperCase())}`, ...idleSection.paragraphs.flatMap(roffParagraph));
  for (const { name, summary } of idleSettings()) lines.push(".TP", `.B ${roff(name)}`, roff(summary));
  lines.push(".SH SEE ALSO", "signpost(8)");
  return `${lines.join("\n")}\n`;
}
