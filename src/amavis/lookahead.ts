// Negative lookahead written out for an engine that has none: as an alternation of what may follow instead.

/**
 * The rest of the line, in which a text does not occur: the automaton that searches for it (Knuth, Morris, Pratt),
 * read as a regular expression by taking its states out one by one.
 */
export function without(text: string, foldsCase: boolean): string {
  const letters = [...(foldsCase ? text.toLowerCase() : text)];
  const count = letters.length;
  const alphabet = [...new Set(letters)];
  const after = (state: number, letter: string) => {
    const seen = [...letters.slice(0, state), letter];
    let border = Math.min(seen.length, count);
    while (border > 0 && seen.slice(seen.length - border).join("") !== letters.slice(0, border).join("")) border--;
    return border;
  };
  // edges[from][to]; state `count` is the text found, which has no way on.
  const edges: (string | undefined)[][] = Array.from({ length: count }, () => Array.from({ length: count }));
  const ends: string[] = Array.from({ length: count }, () => "(?:\\n|\\z)");
  const add = (from: number, to: number, pattern: string) => {
    const row = edges[from];
    if (row === undefined) return;
    row[to] = row[to] === undefined ? pattern : `${row[to]}|${pattern}`;
  };
  for (let state = 0; state < count; state++) {
    const onward = alphabet.filter((letter) => after(state, letter) > 0);
    add(state, 0, `[^${onward.map(inClass).join("")}\\n]`);
    for (const letter of onward) {
      const to = after(state, letter);
      if (to < count) add(state, to, alone(letter));
    }
  }
  for (let gone = count - 1; gone > 0; gone--) {
    const loop = edges[gone]?.[gone];
    const through = loop === undefined ? "" : `(?:${loop})*`;
    for (let from = 0; from < gone; from++) {
      const into = edges[from]?.[gone];
      if (into === undefined) continue;
      const entry = `${grouped(into)}${through}`;
      for (let to = 0; to < gone; to++) {
        const out = edges[gone]?.[to];
        if (out !== undefined) add(from, to, `${entry}${grouped(out)}`);
      }
      ends[from] = `${ends[from] ?? ""}|${entry}${grouped(ends[gone] ?? "")}`;
    }
    for (const row of edges) row.length = gone;
  }
  return `(?:${edges[0]?.[0] ?? ""})*(?:${ends[0] ?? ""})`;
}

/** In a group unless it is one character or one class. */
function grouped(pattern: string): string {
  return /^(?:\\?.|\[[^\]]*\])$/.test(pattern) ? pattern : `(?:${pattern})`;
}

function inClass(letter: string): string {
  return /[\\\]^[-]/.test(letter) ? `\\${letter}` : letter;
}

function alone(letter: string): string {
  return /[\w ]/.test(letter) || letter.charCodeAt(0) > 126 ? letter : `\\${letter}`;
}

/** What departs from all the texts: `end` where it stops early, anything where a letter differs. */
export function departs(texts: readonly string[], end: string): string {
  const byLetter = new Map<string, string[]>();
  for (const text of texts) byLetter.set(text.charAt(0), [...(byLetter.get(text.charAt(0)) ?? []), text.slice(1)]);
  const letters = [...byLetter.keys()].map(inClass).join("");
  // Without an end, ".*" follows: the newline it would not pass is not passed here either.
  const other = end === "" ? `[^${letters}\\n].*` : `[^${letters}]`;
  const branches = [other];
  for (const [letter, rests] of byLetter) {
    if (rests.includes("")) continue;
    branches.push(`${alone(letter)}${departs(rests, end)}`);
  }
  return `(?:${end === "" ? "" : `${end}|`}${branches.join("|")}${end === "" ? "|" : ""})`;
}

/** True if the pattern asks for nothing more once this alternative has come so far. */
export function nothingFollows(rest: string): boolean {
  let depth = 0;
  let skipping = false;
  for (let at = 0; at < rest.length; at++) {
    const character = rest.charAt(at);
    if (character === "\\") {
      if (!skipping) return false;
      at++;
    } else if (character === "[" && skipping) {
      at = rest.indexOf("]", at + 2);
      if (at < 0) return false;
    } else if (character === "(" && skipping) depth++;
    else if (character === ")") {
      if (depth > 0) depth--;
      else {
        skipping = false;
        if (/^[*+?{]/.test(rest.slice(at + 1))) return false;
      }
    } else if (character === "|" && depth === 0) skipping = true;
    else if (!skipping) return false;
  }
  return true;
}
