// `signpost explain WORD`: what a word of the log, the metrics or a reply means and what to do next. Needs no daemon.
import { parseArgs } from "node:util";
import { allWords, wordsLike } from "../flow/words/all-words.ts";
import type { ExplainedWord } from "../flow/words/word.ts";
import { jsonText } from "../mail/json-text.ts";
import { installedPage } from "../process/version.ts";
import { nearest } from "../settings/nearest.ts";
import { type Command, exitCode } from "./command.ts";

export const explain: Command = {
  name: "explain",
  summary: "tell what a word of the log, the metrics or a reply means, and what to do next",
  usage: `[--json] [WORD]

WORD is a reason ("no-key-for-domain"), a category, rule, destiny, direction or result, or a reply of ours ("451 4.7.5",
"552"). Without it all words are listed. Exits 1 where the word is not known.

  --json  one object a word: word, kind, means, next, page`,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" } },
    });
    const text = positionals.join(" ");
    const words = text === "" ? allWords() : wordsLike(text);
    if (words.length === 0) {
      const near = nearest(text, [...new Set(allWords().map(({ word }) => word))]);
      io.stderr(
        `signpost explain: "${text}" is no word of ours${near === undefined ? "" : `, did you mean ${near}?`}\n`,
      );
      return exitCode.failure;
    }
    if (values.json === true) for (const word of words) io.stdout(`${jsonText(word)}\n`);
    else io.stdout(text === "" ? listText(words) : `${words.map(wordText).join("\n")}`);
    return exitCode.ok;
  },
};

function wordText({ word, kind, means, next, page }: ExplainedWord): string {
  return `${word} (${kind})\n  ${means}\n  Next: ${next === "" ? "nothing is to be done." : next}\n  More: ${installedPage(page)}\n`;
}

/** Words by their kind, one a line with its meaning. */
function listText(words: readonly ExplainedWord[]): string {
  const kinds = [...new Set(words.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const own = words.filter((word) => word.kind === kind);
      const width = Math.max(...own.map(({ word }) => word.length));
      return `${kind}:\n${own.map(({ word, means }) => `  ${word.padEnd(width)}  ${means}\n`).join("")}`;
    })
    .join("\n");
}
