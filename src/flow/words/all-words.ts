// Every word that a log line, metric, reply or header of ours can hold, with what it means and what to do next.
import type { Reply } from "../../smtp/reply.ts";
import { arcWords, dmarcWords, doubtWords, resultWords, spfResultWords, spfWords } from "./check-words.ts";
import {
  actionWords,
  categoryWords,
  destinyWords,
  directionWords,
  noticeWords,
  ruleWords,
  uncheckedWords,
} from "./decision-words.ts";
import { failureWords, standingWords } from "./dkim-words.ts";
import { keyWords } from "./key-words.ts";
import { refusalWords } from "./refusal-words.ts";
import { replyWords } from "./reply-words.ts";
import { scannerWords } from "./scanner-words.ts";
import { keptWords, scoreWords } from "./score-words.ts";
import { sealSkipWords, skipWords } from "./signing-words.ts";
import type { ExplainedWord, Kind, Meaning } from "./word.ts";

interface Table extends Kind {
  readonly words: Readonly<Record<string, Meaning>>;
}

const tables = {
  failure: { kind: "why a signature does not pass", page: "docs/dkim.md#reasons-and-what-to-do", words: failureWords },
  standing: { kind: "why a signature counts for nothing", page: "docs/policy-banks.md", words: standingWords },
  skip: { kind: "why a mail is not signed", page: "docs/keys.md#why-a-mail-is-not-signed", words: skipWords },
  sealSkip: { kind: "why no ARC set is added", page: "docs/checks.md#sealing", words: sealSkipWords },
  result: { kind: "result of a check", page: "docs/checks.md", words: resultWords },
  spfResult: { kind: "result of SPF", page: "docs/checks.md#spf", words: spfResultWords },
  spf: { kind: "reason of an SPF result", page: "docs/checks.md#spf", words: spfWords },
  dmarc: { kind: "reason of a DMARC result", page: "docs/checks.md#dmarc", words: dmarcWords },
  arc: { kind: "reason of an ARC result", page: "docs/checks.md#arc", words: arcWords },
  doubt: { kind: "why the author is not believed", page: "docs/checks.md#authors", words: doubtWords },
  category: { kind: "category in the log line", page: "docs/logging.md#the-line-per-mail", words: categoryWords },
  rule: { kind: "rule that kept a mail back", page: "docs/logging.md#rules", words: ruleWords },
  destiny: { kind: "destiny of a mail", page: "docs/destinies.md", words: destinyWords },
  direction: { kind: "direction of a mail", page: "docs/policy-banks.md", words: directionWords },
  action: { kind: "word of the log line", page: "docs/logging.md#the-line-per-mail", words: actionWords },
  notice: { kind: "why a notice is not sent", page: "docs/notices.md#suppressed", words: noticeWords },
  unchecked: { kind: "why a mail is unchecked", page: "docs/content.md#unchecked", words: uncheckedWords },
  scanner: {
    kind: "why a scanner did not answer",
    page: "docs/scanners.md#why-a-scanner-did-not-answer",
    words: scannerWords,
  },
  key: { kind: "finding of testkeys", page: "docs/keys.md#testkeys", words: keyWords },
  refusal: { kind: "why a client or message was refused", page: "docs/logging.md#refusals", words: refusalWords },
  score: { kind: "test of the score", page: "docs/policy-banks.md", words: scoreWords },
  kept: { kind: "what became of copies", page: "docs/quarantine.md", words: keptWords },
  reply: { kind: "reply to the client", page: "docs/architecture.md#the-reply-each-failure-gives", words: replyWords },
} as const satisfies Readonly<Record<string, Table>>;

export type WordKind = keyof typeof tables;

/** All of them, in the order of the tables. */
export function allWords(): readonly ExplainedWord[] {
  return Object.values(tables).flatMap(({ kind, page, words }) =>
    Object.entries<Meaning>(words).map(([word, [means, next]]) => ({ kind, page, word, means, next })),
  );
}

/** One word of one kind; undefined where that kind has no such word. */
export function wordOf(kind: WordKind, word: string): ExplainedWord | undefined {
  const { kind: name, page, words }: Table = tables[kind];
  const meaning = Object.hasOwn(words, word) ? words[word] : undefined;
  return meaning === undefined ? undefined : { kind: name, page, word, means: meaning[0], next: meaning[1] };
}

/** A reply of ours by its code and enhanced code. */
export function replyWord({ code, enhanced }: Pick<Reply, "code" | "enhanced">): ExplainedWord | undefined {
  return wordOf("reply", `${code} ${enhanced}`);
}

/** The words that somebody may mean: the same whatever its case, "451" and "4.7.5" as parts of a reply. */
export function wordsLike(text: string): readonly ExplainedWord[] {
  const wanted = text.trim().toLowerCase();
  const exact = allWords().filter(({ word }) => word.toLowerCase() === wanted);
  if (exact.length > 0) return exact;
  const parts = wanted.split(/\s+/);
  return allWords().filter(({ word }) => {
    const own = word.toLowerCase().split(" ");
    return own.length > 1 && parts.length <= own.length && parts.every((part) => own.includes(part));
  });
}

/** A meaning and the next step, one line each, indented by two. */
export function meaningLines(word: Pick<ExplainedWord, "means" | "next"> | undefined): readonly string[] {
  if (word === undefined) return [];
  return [`  ${word.means}`, ...(word.next === "" ? [] : [`  Next: ${word.next}`])];
}
