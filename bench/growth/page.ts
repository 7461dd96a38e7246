// docs/scaling.md with the figures of a run: each text goes between the comments that name its place.

/** Throws where the page lacks a place. */
export function pageWith(page: string, texts: Readonly<Record<string, string>>): string {
  let result = page;
  for (const [name, text] of Object.entries(texts)) {
    const begin = `<!-- bench:growth ${name} -->\n`;
    const from = result.indexOf(begin);
    const to = result.indexOf("<!-- /bench:growth -->", from);
    if (from === -1 || to === -1) throw new Error(`the page has no place for "${name}"`);
    result = `${result.slice(0, from + begin.length)}\n${text}\n\n${result.slice(to)}`;
  }
  return result;
}
