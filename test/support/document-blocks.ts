// The blocks that the pages show, so that what is tested is what administrators copy.
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bankSettings } from "../../src/settings/registry.ts";
import { globalSettings } from "../../src/settings/rows/global.ts";

const root = join(import.meta.dirname, "../..");

/** The fenced blocks of a page in docs/ by the name after their backticks. */
export async function documentBlocks(page: string): Promise<(name: string) => string> {
  const text = await readFile(join(root, "docs", page), "utf8");
  return (name) => {
    const start = text.indexOf(`\`\`\`${name}\n`);
    if (start === -1) throw new Error(`docs/${page} has no block ${name}`);
    return text.slice(start + name.length + 4, text.indexOf("\n```", start + 4));
  };
}

export interface PageBlock {
  readonly page: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** The name behind the backticks of a fenced block; "" for an indented one. */
  readonly name: string;
  /** Without what all its lines are indented by. */
  readonly text: string;
}

/** Every page, by its path in the checkout. */
export function allPages(): readonly string[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs.map((name) => `docs/${name}`)];
}

/** All blocks of a page, fenced and indented, in their order. */
export function pageBlocks(page: string): readonly PageBlock[] {
  const text = readFileSync(join(root, page), "utf8");
  const lineAt = (index: number) => text.slice(0, index).split("\n").length;
  const fenced = [...text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: name = "", 2: block = "" }) => ({
    page,
    line: lineAt(index) + 1,
    name,
    text: block,
  }));
  const rest = text.replaceAll(/^```[\s\S]*?^```$/gm, (block) => block.replaceAll(/[^\n]/g, "`"));
  const indented = [...rest.matchAll(/^(?:(?: {4}|\t).*\n)(?:(?: {4}|\t).*\n|\n(?= {4}))*/gm)]
    // Lines of a list item that go on are text; a block has an empty line above.
    .filter(({ index }) => rest.slice(0, index).endsWith("\n\n"))
    .map(({ index, 0: block }) => ({ page, line: lineAt(index), name: "", text: unindented(block) }));
  return [...fenced, ...indented].sort((a, b) => a.line - b.line);
}

/** The text of the one block of a page that begins so. */
export function shownBlock(page: string, begins: string): string {
  const [block, more] = pageBlocks(page).filter(({ text }) => text.startsWith(begins));
  if (block === undefined || more !== undefined) throw new Error(`${page} has no single block that begins: ${begins}`);
  return block.text.replace(/\n$/, "");
}

function unindented(block: string): string {
  const lines = block.split("\n");
  const depth = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(depth)).join("\n");
}

const known = new Set([...Object.keys(globalSettings), ...Object.keys(bankSettings), "policy_bank", "include"]);

/** A piece of signpost.yaml: a block that is named so, or that begins with a setting. */
export function isConfiguration({ name, text }: PageBlock): boolean {
  if (name !== "") return name === "signpost.yaml" || name === "yaml";
  return known.has(/^\s*(?:#.*\n\s*)*(\w+):(?:\s|$)/.exec(text)?.[1] ?? "");
}
