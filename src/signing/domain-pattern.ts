// Keys for more than one domain: they are declared with a pattern, and sign for the address's own domain.
import { compileRegexp } from "../lookup/regexp.ts";
import { matchesGlob } from "./glob.ts";

export type PatternKind = "glob" | "regexp";

export interface DomainPattern {
  readonly kind: PatternKind;
  /** As declared, for messages; a glob in lower case. */
  readonly text: string;
  matches(domain: string): boolean;
}

/** Throws a RegexpError for a regular expression that cannot be taken. */
export function domainPattern(kind: PatternKind, text: string): DomainPattern {
  if (kind === "glob") return { kind, text, matches: (domain) => matchesGlob(text, domain) };
  const regexp = compileRegexp(text);
  return { kind, text, matches: (domain) => regexp.test(domain) };
}
