// Every word is explained, in whole sentences, and the page that says more has it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { allWords, meaningLines, replyWord, wordOf, wordsLike } from "../../../../src/flow/words/all-words.ts";
import { scannerTroubles } from "../../../../src/scanners/trouble.ts";

const root = join(import.meta.dirname, "../../../..");

/** As GitHub makes an anchor of a heading. */
function anchors(page: string): ReadonlySet<string> {
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...[...page.matchAll(/<a id="([^"]+)"/g)].map(([, id = ""]) => id)]);
}

test("meanings and next steps are sentences", () => {
  for (const { word, means, next } of allWords()) {
    assert.match(means, /^\S.*\.$/s, word);
    if (next !== "") assert.match(next, /^\S.*[.)?]$/s, word);
    assert.doesNotMatch(`${means} ${next}`, /docs\/(?!milter)/, `${word}: a path exists in a checkout only`);
  }
});

test("each page is there, with the place that is named", () => {
  for (const page of new Set(allWords().map((word) => word.page))) {
    const [file = "", anchor] = page.split("#");
    const text = readFileSync(join(root, file), "utf8");
    if (anchor !== undefined) assert.ok(anchors(text).has(anchor), page);
  }
});

test("no kind has a word twice, and what is known by several kinds is told of all", () => {
  const names = allWords().map(({ kind, word }) => `${kind} ${word}`);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    wordsLike("no-field-name").map(({ kind }) => kind),
    [
      "why a signature does not pass",
      "why a mail is not signed",
      "reason of a DMARC result",
      "reason of an ARC result",
      "why the author is not believed",
    ],
  );
});

test("words are found whatever their case, replies by their codes", () => {
  assert.deepEqual(
    wordsLike("No-Key").map(({ word }) => word),
    ["no-key"],
  );
  assert.deepEqual(
    wordsLike("451 4.7.5").map(({ word }) => word),
    ["451 4.7.5"],
  );
  assert.deepEqual(
    wordsLike("4.7.5").map(({ word }) => word),
    ["451 4.7.5"],
  );
  assert.ok(wordsLike("451").length > 3);
  assert.deepEqual(wordsLike("nothing-like-it"), []);
  assert.deepEqual(wordsLike("constructor"), []);
});

test("a meaning has its next step on a line of its own, where there is one", () => {
  assert.equal(meaningLines(wordOf("failure", "no-key")).length, 2);
  assert.equal(meaningLines(wordOf("category", "CLEAN")).length, 1);
  assert.deepEqual(meaningLines(wordOf("failure", "toString")), []);
  assert.match(replyWord({ code: 450, enhanced: "4.4.1" })?.means ?? "", /cannot be connected to/);
});

test("every word for a scanner that did not answer is explained", () => {
  assert.deepEqual(
    scannerTroubles.filter((word) => wordOf("scanner", word) === undefined),
    [],
  );
});
