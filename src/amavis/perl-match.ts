// Answers `=~` in a configuration, with the same linear-time engine that the rules get.
import { RE2JS } from "re2js";
import { type Translated, translatePattern } from "./perl-pattern.ts";
import { textOf, type Value } from "./values.ts";

const maxSubject = 100_000;

/** The captures of a match, no groups where it does not match, or why it cannot be told. */
export function matchPattern(
  pattern: Value,
  subject: string,
): { readonly groups: (string | undefined)[] | undefined } | { readonly fault: string } {
  const compiled = compileFor(pattern, subject);
  if ("fault" in compiled) return compiled;
  const matcher = compiled.program.matcher(subject);
  if (!matcher.find()) return { groups: undefined };
  const groups: (string | undefined)[] = [];
  for (let group = 1; group <= matcher.groupCount(); group++) groups.push(matcher.group(group) ?? undefined);
  return { groups };
}

/** A text with its first match, or all, replaced by what `replace` makes of the captures. */
export function replaceMatches(
  pattern: Value,
  text: string,
  all: boolean,
  replace: (groups: (string | undefined)[], whole: string) => string | undefined,
): string | { readonly fault: string } {
  const compiled = compileFor(pattern, text);
  if ("fault" in compiled) return compiled;
  const matcher = compiled.program.matcher(text);
  let result = "";
  let from = 0;
  while (matcher.find()) {
    const groups = Array.from({ length: matcher.groupCount() }, (_, group) => matcher.group(group + 1) ?? undefined);
    const part = replace(groups, text.slice(matcher.start(), matcher.end()));
    if (part === undefined) return { fault: "the replacement is not known" };
    result += text.slice(from, matcher.start()) + part;
    if (result.length > maxSubject) return { fault: "the text is too long" };
    from = matcher.end();
    if (!all) break;
  }
  return result + text.slice(from);
}

/**
 * The parts of a text between matches of a pattern, captures among them; a match of nothing parts characters.
 * @param most with a number above 0 as many parts at most, the last with all the rest
 */
export function splitText(pattern: Value, text: string, most = 0): string[] | { readonly fault: string } {
  if (text === "") return [];
  const compiled = compileFor(pattern, text);
  if ("fault" in compiled) return compiled;
  const matcher = compiled.program.matcher(text);
  const parts: string[] = [];
  let from = 0;
  for (let part = 1; part !== Math.trunc(most) && matcher.find(); ) {
    if (matcher.end() === 0 || (matcher.start() === matcher.end() && matcher.start() >= text.length)) continue;
    parts.push(text.slice(from, matcher.start()));
    for (let group = 1; group <= matcher.groupCount(); group++) parts.push(matcher.group(group) ?? "");
    from = matcher.end();
    part++;
  }
  parts.push(text.slice(from));
  return parts;
}

function compileFor(pattern: Value, subject: string): { readonly program: RE2JS } | { readonly fault: string } {
  const isPattern = typeof pattern === "object" && pattern.kind === "pattern";
  const source = isPattern ? pattern.source : textOf(pattern);
  if (typeof source !== "string") return { fault: "the pattern is not known" };
  if (subject.length > maxSubject) return { fault: "the text is too long" };
  const translated = translatePattern(source, isPattern ? pattern.flags : "");
  return "fault" in translated ? translated : compilePattern(translated.pattern);
}

export function compilePattern(pattern: string): { readonly program: RE2JS } | { readonly fault: string } {
  try {
    return { program: RE2JS.compile(pattern) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "not a pattern" };
  }
}

/** Checks and translates patterns; remembers them, and ends when all together get too costly to compile. */
export class PatternChecker {
  readonly #known = new Map<string, Translated>();
  #cost = 0;

  translate(source: string, flags: string): Translated {
    const key = `${flags}/${source}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#check(source, flags);
      this.#known.set(key, known);
    }
    return known;
  }

  #check(source: string, flags: string): Translated {
    // A counted repetition is compiled as so many copies.
    const copies = [...source.matchAll(/\{(\d{1,4}),?(\d{0,4})\}/g)].reduce(
      (sum, [, least, most]) => sum + Number(most || least),
      0,
    );
    this.#cost += source.length + 20 * copies;
    if (this.#cost > maxCost) return { fault: "all patterns together are too costly to compile" };
    const translated = translatePattern(source, flags);
    if ("fault" in translated) return translated;
    const compiled = compilePattern(translated.pattern);
    return "fault" in compiled ? compiled : translated;
  }
}

/** About what 10,000 ordinary patterns cost. */
const maxCost = 400_000;
