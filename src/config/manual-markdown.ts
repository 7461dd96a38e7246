// docs/configuration.md.
import { idleSettings, type ManualEntry, manualChapters } from "./manual.ts";
import { idleSection, introduction } from "./manual-text.ts";

export function configurationMarkdown(): string {
  const chapters = manualChapters();
  const lines = [
    "# Configuration",
    "",
    "<!-- Made from the table of settings in src/settings: change it there, then run the tests with UPDATE_EXPECTED=1. -->",
    "",
  ];
  for (const { title, paragraphs } of introduction) {
    lines.push(`## ${title}`, "");
    for (const paragraph of paragraphs) lines.push(codeNames(paragraph), "");
  }
  for (const { title, entries } of chapters) {
    lines.push(`## ${title}`, "", ...entries.flatMap(entryLines));
  }
  lines.push(`## ${idleSection.title}`, "", ...idleSection.paragraphs.flatMap((text) => [codeNames(text), ""]));
  lines.push("| setting | what it says |", "|---|---|");
  for (const { name, summary } of idleSettings()) {
    lines.push(`| \`${name}\` | ${codeNames(summary).replaceAll("|", "\\|")} |`);
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function entryLines({ name, scope, takes, fallback, summary, restart }: ManualEntry): string[] {
  const facts = [
    `Takes ${takes.replaceAll("*", "\\*")}.`,
    fallback === "" ? "" : `Default: ${/[[\]{}"<>*_]/.test(fallback) ? `\`${fallback}\`` : fallback}.`,
    scope === "bank" ? "Also in a bank." : "",
    restart ? "Takes effect at a restart." : "",
  ];
  return [`### \`${name}\``, "", codeNames(summary), "", `*${facts.filter((fact) => fact !== "").join(" ")}*`, ""];
}

/** Names of settings as code, so that Markdown leaves their underscores alone; indented text and code stay. */
function codeNames(paragraph: string): string {
  if (paragraph.startsWith("    ") || paragraph.includes("`")) return paragraph;
  const plain = paragraph.replace(/\*(?!_)/g, "\\*");
  return plain.replace(/(^|[\s(“])(\*?[A-Za-z]\w*(?:_\w+)+(?:\.\w+)?\*?|\*_by_ccat)/g, "$1`$2`");
}
