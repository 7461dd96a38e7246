// Text of a file-based table: one "key value" per line, as amavisd's read_hash takes them.

export interface HashFileEntry {
  readonly key: string;
  /** The rest of the line; "1" where there is none. */
  readonly value: string;
  readonly line: number;
}

/** A key with a quoted local part, or a key without white space; then the value, then perhaps a comment. */
const lineForm = /^((?:"(?:\\.|[^"\\])*"|[^\s"])+)(?:\s+(.*))?$/;

/** Reads the entries of such a text. Empty lines and comments (from a "#" outside of quotes) are left out. */
export function parseHashFile(text: string): {
  readonly entries: readonly HashFileEntry[];
  readonly bad: readonly number[];
} {
  const entries: HashFileEntry[] = [];
  const bad: number[] = [];
  let line = 0;
  for (const raw of text.split("\n")) {
    line += 1;
    const content = withoutComment(raw).trim();
    if (content === "") continue;
    const match = lineForm.exec(content);
    if (match === null) {
      bad.push(line);
      continue;
    }
    const [, key = "", value = ""] = match;
    entries.push({ key: unquoteKey(key), value: value === "" ? "1" : value, line });
  }
  return { entries, bad };
}

function withoutComment(line: string): string {
  let quoted = false;
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i];
    if (char === "\\" && quoted) i += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === "#" && !quoted) return line.slice(0, i);
  }
  return line;
}

/** Lookups know local parts without their quotes. */
function unquoteKey(key: string): string {
  return key.includes('"') ? key.replace(/\\(.)|"/g, "$1") : key;
}
