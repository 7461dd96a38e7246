// What one SPF evaluation asks of the DNS, counted as RFC 7208 section 4.6.4 says. mailauth's evaluation takes such
// functions; a limit that is passed ends it by an error that carries the result.
import { isValidTargetName } from "mailauth/lib/spf/syntax.js";
import { errorCode } from "../src/mail/error-text.ts";

export type Ask = (name: string, type: string) => Promise<unknown[]>;

export interface SpfLimits {
  /** Terms that ask; the names of one "mx" or "ptr" count for themselves, with the same limit. */
  readonly lookups: number;
  /** Questions to which there is no answer. */
  readonly emptyAnswers: number;
}

export interface SpfCounts {
  readonly asked: number;
  readonly empty: number;
}

export interface SpfLookups {
  readonly ask: Ask;
  /** For the names of one "mx" or "ptr", whose empty answers do not count. */
  createSub(): Ask;
  counts(): SpfCounts;
}

export function createSpfLookups(resolver: Ask, { lookups, emptyAnswers }: SpfLimits): SpfLookups {
  const once = askingOnce(resolver);
  // The record of the domain itself is none of its terms.
  const main = counting(once, { asked: -1, lookups, emptyAnswers });
  return {
    ask: main.ask,
    createSub: () => counting(once, { asked: 0, lookups, emptyAnswers: Number.POSITIVE_INFINITY }).ask,
    counts: main.counts,
  };
}

function counting(ask: Ask, { asked, lookups, emptyAnswers }: SpfLimits & { asked: number }) {
  let empty = 0;
  return {
    counts: (): SpfCounts => ({ asked, empty }),
    async ask(name: string, type: string): Promise<unknown[]> {
      asked += 1;
      if (asked > lookups || !isValidTargetName(name)) throw spfError("permerror");
      try {
        return await ask(name, type);
      } catch (error) {
        const code = errorCode(error);
        if (code !== "ENOTFOUND" && code !== "ENODATA")
          throw spfResultOf(error) === undefined ? spfError("temperror") : error;
        empty += 1;
        if (empty > emptyAnswers) throw spfError("permerror");
        return [];
      }
    },
  };
}

/** Every question goes out once; each caller gets a list of its own, for lists are sorted in place. */
function askingOnce(resolver: Ask): Ask {
  const answers = new Map<string, Promise<unknown[]>>();
  return async (name, type) => {
    const question = `${type} ${name.toLowerCase()}`;
    let answer = answers.get(question);
    if (answer === undefined) {
      answer = resolver(name, type);
      answers.set(question, answer);
    }
    return [...(await answer)];
  };
}

function spfError(error: "permerror" | "temperror"): Error {
  return Object.assign(new Error(`SPF ${error}`), { spfResult: { error } });
}

/** The result that an error carries. */
export function spfResultOf(error: unknown): { readonly error: string } | undefined {
  if (typeof error !== "object" || error === null || !("spfResult" in error)) return undefined;
  const { spfResult } = error;
  if (typeof spfResult !== "object" || spfResult === null || !("error" in spfResult)) return undefined;
  return typeof spfResult.error === "string" ? { error: spfResult.error } : undefined;
}
