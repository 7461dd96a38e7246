// A word that a log line, metric, reply or header of ours may hold: what it means and what to do about it.

/** One or two sentences each; `next` is the step that helps, "" where there is nothing to do. */
export type Meaning = readonly [means: string, next: string];

export interface ExplainedWord extends Kind {
  readonly word: string;
  readonly means: string;
  readonly next: string;
}

/** Where words are met and told. */
export interface Kind {
  /** "why a signature does not pass". */
  readonly kind: string;
  /** "docs/dkim.md#reasons-and-what-to-do". */
  readonly page: string;
}
