// The configurations that the documentation shows, so that what is tested is what administrators copy.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The fenced blocks of a page in docs/ by the name after their backticks. */
export async function documentBlocks(page: string): Promise<(name: string) => string> {
  const text = await readFile(join(import.meta.dirname, "../../docs", page), "utf8");
  return (name) => {
    const start = text.indexOf(`\`\`\`${name}\n`);
    if (start === -1) throw new Error(`docs/${page} has no block ${name}`);
    return text.slice(start + name.length + 4, text.indexOf("\n```", start + 4));
  };
}
