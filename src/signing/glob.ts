// Patterns in which "*" stands for any string, the empty one too: wildcard signing domains, g= of a key record,
// OpenDKIM's refile tables, dkim-filter's keys files. Case is the caller's business.

/** Whether the whole text matches. At worst length of pattern times length of text, never exponential. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p;
      resume = t;
      p += 1;
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      // The last star takes one character more; earlier ones need not be tried again.
      p = star + 1;
      resume += 1;
      t = resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
