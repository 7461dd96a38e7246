// Which keys `showkeys` and `testkeys` speak of: "dom" is that domain, ".dom" with those below, "." all.
import { toAscii } from "../mail/domain.ts";
import type { SigningKey } from "./signing-key.ts";

/**
 * Keys that the arguments select: all in order of declaration where there are none, else sorted by domain from the
 * top level down. A wildcard key is selected by its own pattern, and by whatever its pattern matches as it was written (amavisd).
 */
export function selectKeys(keys: readonly SigningKey[], selection: readonly string[]): readonly SigningKey[] {
  if (selection.length === 0) return keys;
  const wanted = selection.map((each) => {
    const below = each.startsWith(".");
    const domain = below ? each.slice(1) : each;
    return { below, domain: toAscii(domain) ?? domain.toLowerCase(), text: each.toLowerCase() };
  });
  const chosen = keys.filter((key) =>
    wanted.some(({ below, domain, text }) => {
      if (key.pattern !== undefined) return key.domain === text || key.pattern.matches(below ? text : domain);
      return below && domain === "" ? true : key.domain === domain || (below && key.domain.endsWith(`.${domain}`));
    }),
  );
  const reversed = (key: SigningKey): string => key.domain.split(".").reverse().join(".");
  return chosen.toSorted((a, b) => compare(reversed(a), reversed(b)) || a.number - b.number);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
